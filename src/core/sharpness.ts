import {
  type Eigen,
  extremes,
  hessianProduct,
  ITERATIONS,
  randomBasis,
  symmetricEigen,
  WHOLE,
  wholeMatrix,
} from "./eigen";
import type { Method, Trial } from "./method";
import type { RandomStream } from "./random";
import { softmaxBackward, softmaxRows } from "./softmax";
import { type Row, rowOffsets } from "./space";
import { deviation, mean } from "./statistics";

/**
 * How far the parameters are moved to either side for a difference of gradients, root mean square. Where its ReLUs switch, a network's
 * gradient jumps: over 0.01 such a jump is most of the difference, and the eigenvalue grows as the step falls; over 0.1 many jumps average
 * out, and the trace agrees with the loss that Gaussian noise adds (docs/sharpness.md).
 */
const SPREAD = 0.1;
/** Vectors whose mean stands for the trace where the Hessian is not measured whole. */
const PROBES = 16;
/** Points along a side of a slice, from its first drawing to its last; each has the points of the one before. */
const SIDES = [5, 9, 17] as const;
/** How far a slice reaches: so many standard deviations of the widest direction in it, or, without any, so many logits. */
const REACH = { deviations: 2.5, logits: 2 } as const;

/** The loss as a function of the architecture parameters, around where they stand. */
export interface Landscape {
  readonly at: Float64Array;
  /** Standard deviations of the Gaussian around it; null for a point estimate. */
  readonly scale: Float64Array | null;
  /** Nats. */
  loss(alpha: Float64Array): Promise<number>;
  gradient(alpha: Float64Array): Promise<Float64Array>;
}

/** How sharply the loss curves where the search stands. */
export interface Sharpness {
  /** The Hessian's eigenvalue of largest size, with its sign; nats per squared logit. */
  readonly eigenvalue: number;
  /** Half the trace of diag(scale^2) H, nats: to second order E[L] - L(mean) under the Gaussian. Null for a point estimate. */
  readonly penalty: number | null;
  /** Standard error of the penalty where it was estimated, 0 where it is exact. */
  readonly penaltyError: number;
  /** Of the whole Hessian, or those that power iteration has found; the largest first. */
  readonly eigenvalues: readonly number[];
  /** Is that the whole Hessian? */
  readonly whole: boolean;
  /** Unit eigenvectors of the two eigenvalues of largest size, and these. */
  readonly leading: { readonly values: readonly number[]; readonly vectors: readonly Float64Array[] };
}

/** What Gaussian noise adds to the loss, nats, by so many pairs of opposite draws, and its standard error. */
export interface Excess {
  readonly mean: number;
  readonly error: number;
  readonly pairs: number;
}

/** Losses on a square in a plane through the mean. */
export interface LossSlice {
  /** Points along a side, odd: the one in the middle is the mean. */
  readonly side: number;
  /** From the mean to a side, logits. */
  readonly reach: number;
  /** side x side, row by row: the second direction falls from row to row, the first rises within one. */
  readonly losses: Float64Array;
}

/**
 * The loss on one batch around a method's mean: `alpha` are logits of the operations, p = softmax(alpha), and edges with weights of their
 * own keep those.
 * @param breathe is awaited before each pass of the network; what it throws ends the measurement
 */
export function landscapeOf(
  rows: readonly Row[],
  { mean: logits, scale, meanMixing }: Pick<Method, "mean" | "scale" | "meanMixing">,
  trial: Trial,
  breathe: () => Promise<void> = async () => {},
): Landscape {
  const shares = meanMixing && rowSums(rows, meanMixing);
  const mixingAt = (alpha: Float64Array) => {
    const operations = softmaxRows(rows, alpha);
    return { operations, mixing: shares ? operations.map((p, i) => p * shares[i]) : operations };
  };
  return {
    at: meanMixing ? meanMixing.map((p) => Math.log(Math.max(p, Number.MIN_VALUE))) : logits.slice(),
    scale: scale?.slice() ?? null,
    loss: async (alpha) => {
      await breathe();
      return (await trial.score(mixingAt(alpha).mixing)).loss;
    },
    gradient: async (alpha) => {
      await breathe();
      const { operations, mixing } = mixingAt(alpha);
      const { gradient } = await trial.differentiate(mixing);
      return softmaxBackward(rows, operations, shares ? gradient.map((g, i) => g * shares[i]) : gradient);
    },
  };
}

/** For every scalar the sum of its row. */
function rowSums(rows: readonly Row[], mixing: Float64Array): Float64Array {
  const offsets = rowOffsets(rows);
  return Float64Array.from(
    rows.flatMap(({ choices }, row) => {
      const sum = mixing.slice(offsets[row], offsets[row + 1]).reduce((a, b) => a + b, 0);
      return choices.map(() => sum);
    }),
  );
}

/** How many gradients a measurement takes. */
export function gradientsOf({ at, scale }: Pick<Landscape, "at" | "scale">): number {
  return at.length <= WHOLE ? 2 * at.length : 2 * (ITERATIONS + (scale ? PROBES : 0));
}

/**
 * Sharpness from gradients alone, by central differences along vectors that move every parameter. To 40 parameters these are a basis and give
 * the whole Hessian, two gradients a parameter; beyond, `extremes` finds the outermost eigenvalues, and the trace is the mean of v^T H v
 * over vectors v of the scales with random signs (Hutchinson 1990), whose standard error is given. The dominant eigenvalue is what
 * Zela et al. ("Understanding and Robustifying Differentiable Architecture Search", ICLR 2020) follow; the trace is the second-order term
 * of the expected loss under the Gaussian.
 * @param random turns the basis, or draws where iteration starts and the signs; the same one looks from the same sides
 */
export async function measureSharpness(landscape: Landscape, random: RandomStream): Promise<Sharpness> {
  const { at, scale, gradient } = landscape;
  const product = hessianProduct(gradient, at, SPREAD * Math.sqrt(at.length));
  const whole = at.length <= WHOLE;
  if (whole) {
    const hessian = await wholeMatrix(product, randomBasis(at.length, random));
    const penalty = scale && 0.5 * scale.reduce((sum, s, i) => sum + s * s * hessian[i][i], 0);
    return { ...leadingOf(symmetricEigen(hessian)), penalty, penaltyError: 0, whole };
  }
  const found = await extremes(product, random.normals(at.length));
  const halves: number[] = [];
  if (scale) {
    for (let k = 0; k < PROBES; k++) {
      const v = scale.map((s) => (random.uniform() < 0.5 ? -s : s));
      const h = await product(v);
      halves.push(0.5 * v.reduce((sum, x, i) => sum + x * h[i], 0));
    }
  }
  return {
    ...leadingOf(found),
    penalty: scale && mean(halves),
    penaltyError: scale ? deviation(halves) / Math.sqrt(PROBES) : 0,
    whole,
  };
}

function leadingOf({ values, vectors }: Eigen): Pick<Sharpness, "eigenvalue" | "eigenvalues" | "leading"> {
  const bySize = values.map((_, i) => i).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  const first = bySize.slice(0, 2);
  return {
    eigenvalue: values[bySize[0]],
    eigenvalues: values.toSorted((a, b) => b - a),
    leading: { values: first.map((i) => values[i]), vectors: first.map((i) => upright(vectors[i])) },
  };
}

/** An eigenvector has no sign: the one whose largest component is positive. */
function upright(vector: Float64Array): Float64Array {
  const largest = vector.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
  return largest < 0 ? vector.map((x) => -x) : vector;
}

/**
 * E[L(mean + scale * eps)] - L(mean) over standard normal eps, with its standard error, from pairs of opposite draws on the landscape's one batch:
 * what is odd in eps cancels within a pair, what the batch adds cancels in the difference. A pair takes two losses, the mean one.
 * @param pairs at least two
 */
export async function expectedExcess(
  { at, loss }: Pick<Landscape, "at" | "loss">,
  scale: Float64Array,
  pairs: number,
  random: RandomStream,
): Promise<Excess> {
  const middle = await loss(at);
  const excesses: number[] = [];
  for (let k = 0; k < pairs; k++) {
    const eps = random.normals(at.length);
    const above = await loss(at.map((x, i) => x + scale[i] * eps[i]));
    const below = await loss(at.map((x, i) => x - scale[i] * eps[i]));
    excesses.push((above + below) / 2 - middle);
  }
  return { mean: mean(excesses), error: deviation(excesses) / Math.sqrt(pairs), pairs };
}

/**
 * Covariance of the Gaussian in the plane of two orthogonal unit vectors through its mean: restricted to the plane, not projected onto it.
 * With V = [u v] it is (V^T diag(scale^-2) V)^-1. Its ellipse of radius k joins the points of the plane whose density is exp(-k^2 / 2) of that at
 * the mean.
 * @returns its entries uu, uv and vv
 */
export function restrictedCovariance(
  scale: Float64Array,
  [u, v]: readonly Float64Array[],
): readonly [number, number, number] {
  const precision = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, x, i) => sum + (x * b[i]) / (scale[i] * scale[i]), 0);
  const [uu, uv, vv] = [precision(u, u), precision(u, v), precision(v, v)];
  const determinant = uu * vv - uv * uv;
  return [vv / determinant, -uv / determinant, uu / determinant];
}

/** How many losses a slice takes. */
export const SLICE_LOSSES = SIDES[SIDES.length - 1] ** 2;

/**
 * The loss in the plane of two orthogonal unit vectors through the mean, coarse at first: 5, 9, then 17 points along a side, 289 losses in
 * all.
 */
export async function* sliceLoss(
  { at, scale, loss }: Pick<Landscape, "at" | "scale" | "loss">,
  [u, v]: readonly Float64Array[],
): AsyncGenerator<LossSlice> {
  const reach = reachOf(scale, [u, v]);
  let before: LossSlice | null = null;
  for (const side of SIDES) {
    const losses = new Float64Array(side * side);
    const half = (side - 1) / 2;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const known: number | undefined =
          before && row % 2 === 0 && column % 2 === 0 ? before.losses[(row / 2) * before.side + column / 2] : undefined;
        const [x, y] = [(reach * (column - half)) / half, (reach * (half - row)) / half];
        losses[row * side + column] = known ?? (await loss(at.map((a, i) => a + x * u[i] + y * v[i])));
      }
    }
    before = { side, reach, losses };
    yield before;
  }
}

function reachOf(scale: Float64Array | null, plane: readonly Float64Array[]): number {
  if (!scale) return REACH.logits;
  const [uu, uv, vv] = restrictedCovariance(scale, plane);
  const widest = (uu + vv) / 2 + Math.hypot((uu - vv) / 2, uv);
  return REACH.deviations * Math.sqrt(widest);
}
