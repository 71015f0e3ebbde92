import { RandomStream } from "./random";
import { softmaxRows } from "./softmax";
import { argmaxRows, type Choices, type Row, rowOffsets } from "./space";

/** What can be said of a diagonal Gaussian over architecture parameters, q = product of N(mean_i, scale_i^2). */

/** Density of the standard normal. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** Distribution function of the standard normal, to 1e-15 absolute (the series of Marsaglia, J. Stat. Software 11(4), 2004). */
export function normalCdf(x: number): number {
  if (x < -8.5) return 0;
  if (x > 8.5) return 1;
  let term = x;
  let sum = x;
  for (let odd = 3, before = Number.NaN; sum !== before; odd += 2) {
    before = sum;
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + sum * normalDensity(x);
}

/**
 * P(operation wins): for every row the probability that each choice has the largest architecture parameter under q,
 * the integral of its density times the others' distribution functions. Accurate to about 1e-9; each row sums to 1.
 * With `scale` null (a point estimate) the largest has all the probability.
 */
export function winProbabilities(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
): Float64Array {
  const offsets = rowOffsets(rows);
  const result = new Float64Array(mean.length);
  if (scale === null) {
    for (const [row, best] of argmaxRows(rows, mean).entries()) result[offsets[row] + best] = 1;
    return result;
  }
  for (let row = 0; row < rows.length; row++) {
    const [begin, end] = [offsets[row], offsets[row + 1]];
    let narrowest = Number.POSITIVE_INFINITY;
    for (let i = begin; i < end; i++) narrowest = Math.min(narrowest, scale[i]);
    let total = 0;
    for (let i = begin; i < end; i++) total += result[i] = winIntegral(mean, scale, begin, end, i, narrowest);
    // The trapezoids cover all but 1e-16 of the mass; what is left is their own error.
    for (let i = begin; i < end; i++) result[i] /= total;
  }
  return result;
}

/** The trapezoidal rule converges exponentially once its step is below the narrowest Gaussian's width. */
function winIntegral(
  mean: ArrayLike<number>,
  scale: ArrayLike<number>,
  begin: number,
  end: number,
  i: number,
  narrowest: number,
): number {
  const reach = 8.5;
  const nodes = Math.min(4000, Math.ceil((4 * reach * scale[i]) / narrowest));
  const step = (2 * reach) / nodes;
  let sum = 0;
  for (let node = 0; node <= nodes; node++) {
    const z = -reach + node * step;
    let value = normalDensity(z);
    const x = mean[i] + scale[i] * z;
    for (let j = begin; j < end && value > 1e-18; j++) if (j !== i) value *= normalCdf((x - mean[j]) / scale[j]);
    sum += value;
  }
  return sum * step;
}

/** Entropy of every row of probabilities, nats: 0 when decided, ln(choices) when open. */
export function rowEntropies(rows: readonly Row[], probabilities: ArrayLike<number>): Float64Array {
  const offsets = rowOffsets(rows);
  return Float64Array.from(rows, (_, row) => {
    let entropy = 0;
    for (let i = offsets[row]; i < offsets[row + 1]; i++) {
      const p = probabilities[i];
      if (p > 0) entropy -= p * Math.log(p);
    }
    return entropy;
  });
}

/** KL(q || N(0, 1/priorPrecision)) in nats, summed over all parameters. */
export function klToPrior(mean: ArrayLike<number>, scale: ArrayLike<number>, priorPrecision: number): number {
  let kl = 0;
  for (let i = 0; i < mean.length; i++) {
    const variance = priorPrecision * scale[i] ** 2;
    kl += 0.5 * (variance + priorPrecision * mean[i] ** 2 - 1 - Math.log(variance));
  }
  return kl;
}

/** Mean and standard deviation of the mixing weights softmax(alpha), alpha ~ q: a logistic-normal, so by `draws` samples. */
export function mixingMoments(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
  draws = 400,
): { mean: Float64Array; deviation: Float64Array } {
  const size = mean.length;
  if (scale === null) return { mean: softmaxRows(rows, mean), deviation: new Float64Array(size) };
  // The same draws every time, so that the picture moves only when q does.
  const random = new RandomStream(0, "mixing moments");
  const sum = new Float64Array(size);
  const squares = new Float64Array(size);
  const alpha = new Float64Array(size);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < size; i++) alpha[i] = mean[i] + scale[i] * random.normal();
    const mixing = softmaxRows(rows, alpha);
    for (let i = 0; i < size; i++) {
      sum[i] += mixing[i];
      squares[i] += mixing[i] ** 2;
    }
  }
  const average = sum.map((total) => total / draws);
  return {
    mean: average,
    deviation: squares.map((total, i) => Math.sqrt(Math.max(0, total / draws - average[i] ** 2))),
  };
}

/**
 * An architecture drawn from q: alpha ~ q, then the largest of every row, so that a choice comes up as often as `winProbabilities`
 * says. A point estimate (`scale` null) has no distribution over alpha: its mixing weights softmax(alpha) are taken for the
 * probabilities of the choices, row by row, as in the stochastic relaxation of Xie et al. (SNAS, ICLR 2019).
 * @param mean the Gaussians' means, or alpha itself; `size` scalars, row by row
 */
export function sampleChoices(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
  random: RandomStream,
): Choices {
  if (scale) {
    return argmaxRows(
      rows,
      Float64Array.from(mean, (m, i) => m + scale[i] * random.normal()),
    );
  }
  const offsets = rowOffsets(rows);
  const mixing = softmaxRows(rows, mean);
  return rows.map(({ choices }, row) => {
    let rest = random.uniform();
    for (let choice = 0; choice < choices.length - 1; choice++) {
      rest -= mixing[offsets[row] + choice];
      if (rest < 0) return choice;
    }
    return choices.length - 1;
  });
}
