import { symmetricEigenvalues } from "./eigen";

/**
 * Numbers by which to rank architectures without training them: training-free proxies, which a network with fresh weights gives away, and
 * what the trained supernet says of them. Weights are those of convolutions and the classifier, without biases and batch norm, unless a
 * proxy says otherwise.
 */

export interface ProxyInfo {
  readonly title: string;
  /** Whether more is better. */
  readonly higherIsBetter: boolean;
  readonly help: string;
  readonly source: string;
}

export const PROXIES = {
  naswot: {
    title: "NASWOT",
    higherIsBetter: true,
    help: "How differently the rectifiers react to different images: log-determinant of the kernel of their on-off patterns.",
    source: "Mellor et al., Neural Architecture Search without Training, ICML 2021",
  },
  synflow: {
    title: "SynFlow",
    higherIsBetter: true,
    help: "Logarithm of the sum of weight times gradient of the logits, all weights made positive, no batch norm, no data.",
    source: "Tanaka et al., NeurIPS 2020; Abdelfattah et al., ICLR 2021",
  },
  snip: {
    title: "SNIP",
    higherIsBetter: true,
    help: "Sum of |weight times gradient of the loss|.",
    source: "Lee et al., ICLR 2019; Abdelfattah et al., ICLR 2021",
  },
  grasp: {
    title: "GraSP",
    higherIsBetter: true,
    help: "Minus the sum of weight times the Hessian's product with the gradient of the loss.",
    source: "Wang et al., ICLR 2020; Abdelfattah et al., ICLR 2021",
  },
  fisher: {
    title: "Fisher",
    higherIsBetter: true,
    help: "Squares of output times gradient of every channel, as often as the channel has weights.",
    source: "Theis et al. 2018; Turner et al., ICLR 2020; Abdelfattah et al., ICLR 2021",
  },
  grad_norm: {
    title: "Gradient norm",
    higherIsBetter: true,
    help: "Sum over the layers of the norm of the gradient of the loss.",
    source: "Abdelfattah et al., ICLR 2021",
  },
  jacob_cov: {
    title: "Jacobian covariance",
    higherIsBetter: true,
    help: "How little the gradients by different images are correlated.",
    source: "Mellor et al. 2020 (arXiv 2006.04647v1); Abdelfattah et al., ICLR 2021",
  },
  ntk: {
    title: "NTK condition number",
    higherIsBetter: false,
    help: "Largest over smallest eigenvalue of the neural tangent kernel: how unevenly the network would learn its images.",
    source: "Chen et al., TE-NAS, ICLR 2021",
  },
  regions: {
    title: "Linear regions",
    higherIsBetter: true,
    help: "Distinct patterns of the rectifiers over many tiny images, in a network of one channel.",
    source: "Chen et al., TE-NAS, ICLR 2021",
  },
  params: {
    title: "Parameters",
    higherIsBetter: true,
    help: "Trainable scalars at the benchmark's sizes.",
    source: "counted as the benchmark does",
  },
  flops: {
    title: "FLOPs",
    higherIsBetter: true,
    help: "Multiply-accumulates of an image at the benchmark's sizes.",
    source: "counted as the benchmark does",
  },
  one_shot: {
    title: "One-shot accuracy",
    higherIsBetter: true,
    help: "Accuracy on validation images in the supernet that the search trained, every other operation left out.",
    source: "Bender et al., Understanding and Simplifying One-Shot Architecture Search, ICML 2018",
  },
} as const satisfies Readonly<Record<string, ProxyInfo>>;

export type ProxyName = keyof typeof PROXIES;
export const PROXY_NAMES = Object.keys(PROXIES) as ProxyName[];
/** Those that need no trained supernet. */
export const TRAINING_FREE = PROXY_NAMES.filter((name) => name !== "one_shot");

/** Scores by proxy; not finite where a proxy makes no sense of a network. */
export type Scores = Readonly<Partial<Record<ProxyName, number>>>;

/** A score as a number of which more is better; what is not finite is the worst. */
export function merit(name: ProxyName, scores: Scores): number {
  const value = scores[name] ?? Number.NaN;
  if (!Number.isFinite(value)) return -Number.MAX_VALUE;
  return PROXIES[name].higherIsBetter ? value : -value;
}

/** Rows of bits, `words` of 32 each. */
interface Patterns {
  readonly units: number;
  readonly bits: Uint32Array;
  readonly words: number;
}

/**
 * NASWOT: log |det K|, K[i][j] the number of rectifiers that do the same with images i and j. Minus infinity where two images share all
 * patterns.
 */
export function patternKernelScore({ units, bits, words }: Patterns): number {
  const count = bits.length / words;
  const kernel = Array.from({ length: count }, () => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    kernel[i][i] = units;
    for (let j = 0; j < i; j++) {
      let different = 0;
      for (let w = 0; w < words; w++) different += ones(bits[i * words + w] ^ bits[j * words + w]);
      kernel[i][j] = kernel[j][i] = units - different;
    }
  }
  return logDeterminant(kernel);
}

/** Bits of a word that are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Pivots below this share of the diagonal are rounding. */
const SINGULAR = 1e-12;

/** Logarithm of the determinant of a positive semidefinite matrix, by Cholesky's factors; minus infinity where it is singular. */
export function logDeterminant(matrix: readonly ArrayLike<number>[]): number {
  const factor: Float64Array[] = [];
  let sum = 0;
  for (const [i, row] of matrix.entries()) {
    const l = new Float64Array(i + 1);
    for (let j = 0; j <= i; j++) {
      let value = row[j];
      for (let k = 0; k < j; k++) value -= l[k] * (j === i ? l[k] : factor[j][k]);
      l[j] = j === i ? value : value / factor[j][j];
    }
    if (!(l[i] > SINGULAR * row[i])) return Number.NEGATIVE_INFINITY;
    sum += Math.log(l[i]);
    l[i] = Math.sqrt(l[i]);
    factor.push(l);
  }
  return sum;
}

/** Rows of bits that differ, each as a text. */
export function distinctPatterns({ bits, words }: Patterns): Set<string> {
  const halves = new Uint16Array(bits.buffer, bits.byteOffset, 2 * bits.length);
  const seen = new Set<string>();
  for (let at = 0; at < halves.length; at += 2 * words) {
    seen.add(String.fromCharCode(...halves.subarray(at, at + 2 * words)));
  }
  return seen;
}

/** Added to the eigenvalues, as in the authors' code. */
const JACOBIAN_EPSILON = 1e-5;

/**
 * Jacobian covariance: -sum of log(v + k) + 1 / (v + k) over the eigenvalues v of the correlation of the rows; not a number where a row
 * is constant.
 * @param jacobians of every image the gradient of the sum of the logits by its pixels
 */
export function jacobianScore(jacobians: readonly Float64Array[]): number {
  const unit = jacobians.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const centred = row.map((value) => value - mean);
    const norm = Math.sqrt(dot(centred, centred));
    return centred.map((value) => value / norm);
  });
  const eigenvalues = symmetricEigenvalues(gram(unit));
  return -eigenvalues.reduce((sum, v) => sum + Math.log(v + JACOBIAN_EPSILON) + 1 / (v + JACOBIAN_EPSILON), 0);
}

/** Where the smallest eigenvalue is rounding, as in the authors' code for a failure. */
const WORST_CONDITION = 1e5;

/** TE-NAS: condition number of the kernel of rows, the gradients of every image's logits by the weights. */
export function conditionNumber(rows: readonly Float64Array[]): number {
  const eigenvalues = symmetricEigenvalues(gram(rows));
  const [largest, smallest] = [Math.max(...eigenvalues), Math.min(...eigenvalues)];
  return smallest > largest / WORST_CONDITION ** 2 ? largest / smallest : WORST_CONDITION;
}

function gram(rows: readonly Float64Array[]): Float64Array[] {
  const products = rows.map(() => new Float64Array(rows.length));
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j <= i; j++) products[i][j] = products[j][i] = dot(rows[i], rows[j]);
  }
  return products;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
