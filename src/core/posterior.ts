import { RandomStream } from "./random";
import { softmaxRows } from "./softmax";
import { largest, oneHot, optionCount, picked, type Row, rowOffsets, type SearchSpace } from "./space";

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
 * Inverse of `normalCdf` for 0 < p < 1, as exact as that is (1e-15 in p): a start to 5e-4 (Abramowitz and Stegun 26.2.23), then
 * Halley's steps.
 */
export function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const start =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
  let z = p < 0.5 ? -start : start;
  for (let i = 0; i < 3; i++) {
    const newton = (normalCdf(z) - p) / normalDensity(z);
    z -= newton / (1 + 0.5 * z * newton);
  }
  return z;
}

/**
 * P(operation wins): for every row the probability that each candidate is among the largest architecture parameters under q, as many as
 * the row picks. Accurate to about 1e-9; each row sums to its picks.
 * With `scale` null (a point estimate) the largest have all the probability.
 */
export function winProbabilities(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
): Float64Array {
  if (scale) return candidateProbabilities(rows, optionProbabilities(rows, mean, scale));
  return oneHot(rows, largest(rows, mean)).map(Math.ceil);
}

/** For every row the probability that a choice holds each candidate, row by row. @param options `optionProbabilities` */
export function candidateProbabilities(rows: readonly Row[], options: readonly Float64Array[]): Float64Array {
  const offsets = rowOffsets(rows);
  const result = new Float64Array(offsets[rows.length]);
  for (const [r, row] of rows.entries()) {
    for (const [option, p] of options[r].entries()) {
      for (const candidate of picked(row, option)) result[offsets[r] + candidate] += p;
    }
  }
  return result;
}

/**
 * For every row the probability of each of its choices, when preferences are drawn as `samplePreferences` does and the largest are
 * taken, as many as the row picks; each row sums to 1. Under q it is the integral of one Gaussian's density times the distribution
 * functions of those below and the complements of those above it. Of a point estimate it is what drawing one candidate after the other
 * by the mixing weights gives (Plackett and Luce; Kool, van Hoof and Welling, ICML 2019).
 */
export function optionProbabilities(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
): Float64Array[] {
  const offsets = rowOffsets(rows);
  const mixing = scale ? null : softmaxRows(rows, mean);
  return rows.map((row, r) => {
    const own = (values: ArrayLike<number>) => Array.from(row.choices, (_, i) => values[offsets[r] + i]);
    const sets = Array.from({ length: optionCount(row) }, (_, option) => picked(row, option));
    if (!scale) {
      const weights = own(mixing ?? mean);
      return Float64Array.from(sets, (set) => drawProbability(weights, set));
    }
    const result = new Float64Array(sets.length);
    const [means, scales] = [own(mean), own(scale)];
    const narrowest = Math.min(...scales);
    for (const last of row.choices.keys()) addIntegrals(result, sets, means, scales, last, narrowest);
    // The trapezoids cover all but 1e-16 of the mass; what is left is their own error.
    const total = result.reduce((sum, p) => sum + p);
    return result.map((p) => p / total);
  });
}

/** How probable it is to draw a set without replacement, in any order. @param left the weight of what was not drawn yet */
function drawProbability(weights: readonly number[], set: readonly number[], left = 1): number {
  if (set.length === 0 || left <= 0) return set.length === 0 ? 1 : 0;
  return set.reduce((sum, candidate, i) => {
    const rest = set.toSpliced(i, 1);
    return sum + (weights[candidate] / left) * drawProbability(weights, rest, left - weights[candidate]);
  }, 0);
}

/** Draws behind `choiceProbabilities` where edges compete: an error of 0.022 at most, one standard deviation. */
const COMPETING_DRAWS = 500;
/** Standard normal draws for a size, the same every time, so that a picture of them moves only when q does. */
const COMPETING_NORMALS = new Map<number, Float64Array>();

/**
 * How often an architecture drawn from q has each choice of each row; each row sums to 1. Where rows decide on their own it is
 * `winProbabilities`, exact. Where a space drops edges, whether an edge is kept hangs on the others into its node: then it is the share
 * in 500 draws, and the first choice, `none`, stands for the edge being dropped.
 */
export function choiceProbabilities(
  space: SearchSpace,
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
): Float64Array {
  const { rows, size, keptEdges } = space;
  if (keptEdges === null) return winProbabilities(rows, mean, scale);
  if (scale === null) return oneHot(rows, space.discretise(mean));
  let normals = COMPETING_NORMALS.get(size);
  if (!normals) {
    normals = new RandomStream(1, "competing edges").normals(COMPETING_DRAWS * size);
    COMPETING_NORMALS.set(size, normals);
  }
  const offsets = rowOffsets(rows);
  const result = new Float64Array(size);
  const alpha = new Float64Array(size);
  for (let draw = 0; draw < COMPETING_DRAWS; draw++) {
    for (let i = 0; i < size; i++) alpha[i] = mean[i] + scale[i] * normals[draw * size + i];
    const choices = space.discretise(alpha);
    for (let row = 0; row < choices.length; row++) result[offsets[row] + choices[row]] += 1 / COMPETING_DRAWS;
  }
  return result;
}

/**
 * Adds to every set of candidates the probability that it holds the largest, and `last` is the least of them. The trapezoidal rule
 * converges exponentially once its step is below the narrowest Gaussian's width.
 */
function addIntegrals(
  result: Float64Array,
  sets: readonly (readonly number[])[],
  mean: readonly number[],
  scale: readonly number[],
  last: number,
  narrowest: number,
): void {
  const reach = 8.5;
  const nodes = Math.min(4000, Math.ceil((4 * reach * scale[last]) / narrowest));
  const step = (2 * reach) / nodes;
  const below = new Float64Array(mean.length);
  for (let node = 0; node <= nodes; node++) {
    const z = -reach + node * step;
    const density = step * normalDensity(z);
    const x = mean[last] + scale[last] * z;
    below.fill(Number.NaN);
    for (const [option, set] of sets.entries()) {
      if (!set.includes(last)) continue;
      let value = density;
      for (let j = 0; j < mean.length && value > 1e-18; j++) {
        if (j === last) continue;
        if (Number.isNaN(below[j])) below[j] = normalCdf((x - mean[j]) / scale[j]);
        value *= set.includes(j) ? 1 - below[j] : below[j];
      }
      result[option] += value;
    }
  }
}

/** Entropy of every row of probabilities, nats: 0 when decided, ln(choices) when open. */
export function rowEntropies(rows: readonly Row[], probabilities: ArrayLike<number>): Float64Array {
  const offsets = rowOffsets(rows);
  const all = Array.from(probabilities);
  return Float64Array.from(rows, (_, row) => entropyOf(all.slice(offsets[row], offsets[row + 1])));
}

/** Entropy of probabilities that sum to 1, nats. */
export function entropyOf(probabilities: Iterable<number>): number {
  let entropy = 0;
  for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
  return entropy;
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

/**
 * Signal to noise of every row: how far the largest mean is ahead of the runner-up's, in standard deviations of their difference,
 * (mu_1 - mu_2) / sqrt(sigma_1^2 + sigma_2^2). Its normal distribution function is the probability that the leader beats the runner-up.
 * Where a row picks several, the least of those picked against the first that is not. Rows of a single choice give infinity.
 */
export function signalToNoise(rows: readonly Row[], mean: ArrayLike<number>, scale: ArrayLike<number>): Float64Array {
  const offsets = rowOffsets(rows);
  return Float64Array.from(rows, ({ choices, picks = 1 }, row) => {
    const order = choices.map((_, i) => offsets[row] + i).sort((a, b) => mean[b] - mean[a]);
    const [first, second] = order.slice(picks - 1);
    if (second === undefined) return Number.POSITIVE_INFINITY;
    return (mean[first] - mean[second]) / Math.hypot(scale[first], scale[second]);
  });
}

/**
 * Draws of the mixing weights softmax(alpha), alpha ~ q, a logistic-normal in every row: `draws` vectors one after the other. The
 * draws are quasi-random and the same every time, so that a picture of them moves only when q does. Rows share their points: what
 * is read off is a row's own, not how rows go together.
 */
export function mixingDraws(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number>,
  draws: number,
): Float64Array {
  const size = mean.length;
  const offsets = rowOffsets(rows);
  const result = new Float64Array(draws * size);
  for (let row = 0; row < rows.length; row++) {
    const [begin, end] = [offsets[row], offsets[row + 1]];
    const points = normalPoints(end - begin, draws);
    for (let draw = 0; draw < draws; draw++) {
      const [at, from] = [draw * size, draw * (end - begin) - begin];
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = begin; i < end; i++) {
        const alpha = mean[i] + scale[i] * points[from + i];
        result[at + i] = alpha;
        if (alpha > largest) largest = alpha;
      }
      let total = 0;
      for (let i = begin; i < end; i++) total += result[at + i] = Math.exp(result[at + i] - largest);
      for (let i = begin; i < end; i++) result[at + i] /= total;
    }
  }
  return result;
}

/** Mean and standard deviation of the mixing weights softmax(alpha), alpha ~ q, by `draws` of `mixingDraws`. */
export function mixingMoments(
  rows: readonly Row[],
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
  draws = 400,
): { mean: Float64Array; deviation: Float64Array } {
  const size = mean.length;
  if (scale === null) return { mean: softmaxRows(rows, mean), deviation: new Float64Array(size) };
  const mixing = mixingDraws(rows, mean, scale, draws);
  const sum = new Float64Array(size);
  const squares = new Float64Array(size);
  for (let at = 0; at < mixing.length; at += size) {
    for (let i = 0; i < size; i++) {
      const p = mixing[at + i];
      sum[i] += p;
      squares[i] += p * p;
    }
  }
  const average = sum.map((total) => total / draws);
  return {
    mean: average,
    deviation: squares.map((total, i) => Math.sqrt(Math.max(0, total / draws - average[i] ** 2))),
  };
}

/**
 * Preferences drawn for an architecture, which the space's `discretise` decides: alpha ~ q. A point estimate (`scale` null) has no
 * distribution over alpha: its mixing weights softmax(alpha) are taken for the probabilities of the choices, row by row, as in the
 * stochastic relaxation of Xie et al. (SNAS, ICLR 2019); the largest of alpha + Gumbel noise comes up just as often as they say.
 * @param mean the Gaussians' means, or alpha itself; `size` scalars, row by row
 * @param into where they are written; many draws one after the other need no array each
 */
export function samplePreferences(
  mean: ArrayLike<number>,
  scale: ArrayLike<number> | null,
  random: Pick<RandomStream, "normal" | "gumbel">,
  into = new Float64Array(mean.length),
): Float64Array {
  for (let i = 0; i < mean.length; i++) into[i] = mean[i] + (scale ? scale[i] * random.normal() : random.gumbel());
  return into;
}

const POINTS = new Map<string, Float64Array>();

/**
 * `count` quasi-random points of a standard normal in `dimensions` dimensions, one after the other: the additive recurrence by powers
 * of the generalised golden ratio (Roberts 2018, "The unreasonable effectiveness of quasirandom sequences"), through the quantile
 * function, and every dimension shifted and scaled to mean 0 and variance 1.
 */
function normalPoints(dimensions: number, count: number): Float64Array {
  const key = `${dimensions}x${count}`;
  const known = POINTS.get(key);
  if (known) return known;
  // The root of x^(d+1) = x + 1.
  let root = 2;
  for (let i = 0; i < 40; i++) root = (1 + root) ** (1 / (dimensions + 1));
  const points = new Float64Array(dimensions * count);
  for (let d = 0; d < dimensions; d++) {
    const step = root ** -(d + 1);
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < count; k++) {
      const z = normalQuantile((0.5 + (k + 1) * step) % 1 || 0.5);
      points[k * dimensions + d] = z;
      sum += z;
      squares += z * z;
    }
    const centre = sum / count;
    const spread = Math.sqrt(squares / count - centre ** 2) || 1;
    for (let k = d; k < points.length; k += dimensions) points[k] = (points[k] - centre) / spread;
  }
  POINTS.set(key, points);
  return points;
}
