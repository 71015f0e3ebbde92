import { TERM, type Term } from "./kernels";
import {
  type Context,
  type Convolution,
  convForward,
  convWeights,
  keeps,
  type Norm,
  normBackward,
  normForward,
  normsOf,
  releaseNorm,
  windowOf,
} from "./layer";
import { type Candidate, nodeBackward, termOf, termsOf } from "./node";
import type { Tensor } from "./program";

/** What the cells of choice blocks are made of. */

/** A max pool whose forward entry was added. */
export interface Pool {
  readonly y: Tensor;
  /** Adds the backward entry: dx, which is written or added to, gets arena[weight] (1 for -1) times the pool's gradient. */
  backward(dy: Tensor, dx: Tensor, add: boolean, weight: number): void;
  /** Releases what the backward pass needed, but not y. */
  release(): void;
}

export function maxPool(context: Context, kind: number, stride: number, x: Tensor, side: number): Pool {
  const { program } = context;
  const y = program.tensor(side, x.vectors);
  const winners = program.tensor(side, x.vectors);
  const window = windowOf(kind, stride, x, y, winners);
  program.add("windows", { ...window, x: x.offset, y: y.offset });
  if (!keeps(context)) program.release(winners);
  return {
    y,
    backward(dy, dx, add, weight) {
      program.add("windowsData", { ...window, dy: dy.offset, dx: dx.offset, add: add ? 1 : 0, weight });
    },
    release() {
      if (keeps(context)) program.release(winners);
    },
  };
}

/** Convolutions of one input side by side, with batch norm and a rectifier, whose forward entries were added. */
export interface Rectified {
  readonly conv: Convolution;
  readonly norm: Norm;
  readonly y: Tensor;
}

/** @param names of the convolutions, by which their norms are named too */
export function rectified(context: Context, conv: Convolution, names: readonly string[]): Rectified {
  convForward(context, conv);
  const norm = normsOf(context, names, conv.z);
  return { conv, norm, y: normForward(context, norm, { rectify: true }) };
}

/**
 * Adds the backward entries but for dL/dx; the convolution's output becomes dL/dz.
 * @param dy zero where y is: the rectifier was heeded. It is taken over and released
 */
export function rectifiedBackward(context: Context, { conv, norm }: Rectified, dy: Tensor): void {
  normBackward(context, norm, dy);
  context.program.release(dy);
  convWeights(context, conv, conv.z);
}

export function releaseRectified(context: Context, { conv, norm, y }: Rectified): void {
  releaseNorm(context, norm);
  context.program.release(conv.z, y);
}

/** A sum of terms times their mixing weights, whose forward entry was added. */
export interface Mixture {
  readonly y: Tensor;
  readonly terms: readonly Candidate[];
}

/** Place of the mixing weight of a choice, or of a 1 where there is none. */
export function weightAt({ regions }: Context, choice: number | undefined): number {
  return choice === undefined ? regions.one : regions.mixing + choice;
}

/** A tensor, or a part of it, with the mixing weight of a choice, or 1 where there is none. */
export function termAt(context: Context, choice: number | undefined, source: Tensor, part?: Partial<Term>): Candidate {
  const term = termOf(TERM.identity, source, weightAt(context, choice), part);
  return { from: 0, to: 0, choice: choice ?? -1, term, isOwn: false };
}

export function mixture(context: Context, side: number, vectors: number, terms: readonly Candidate[]): Mixture {
  const { program } = context;
  const y = program.tensor(side, vectors);
  program.addTerms("node", { y: y.offset, side, vectors }, termsOf(terms));
  return { y, terms };
}

/** Adds the part of a mixture in dL/dp, whose places go to `sums` by mixing weight. */
export function learnMixture(context: Context, { terms }: Mixture, dy: Tensor, sums: number[]): void {
  const learned = terms.filter(({ choice }) => choice >= 0);
  nodeBackward(context, learned, dy, () => false, sums);
}
