import type { SupernetSpec } from "../engine";
import type { Program, Tensor } from "./program";
import { type Packing, vectorsOf } from "./weights";

/**
 * What a program computes: `weights` a step of the optimiser, `architecture` dL/dp, `examples` dL/dp and each image's part in it,
 * `evaluate` losses and hits alone. A discrete network has `weights` and `evaluate`; the other programs of its plan are empty.
 */
export const PASSES = ["weights", "architecture", "examples", "evaluate"] as const;
export type Pass = (typeof PASSES)[number];

/** All programs of a plan: one a pass, and `gradient`, a step of the optimiser as far as dL/dw. */
export const PROGRAMS = [...PASSES, "gradient"] as const;
export type ProgramName = (typeof PROGRAMS)[number];

/** Parts of the arena that outlive a program; offsets in floats. */
export interface Regions {
  /** Packed weights; velocities and gradient are packed alike, the gradient `parts` times. */
  readonly weights: number;
  readonly velocities: number;
  readonly gradient: number;
  /** Packed running statistics of a discrete network; empty for a supernet. */
  readonly running: number;
  /**
   * Written before a program runs, one range from `mixing` to `images` and its end: mixing weights and those
   * of edges (partial.ts); none for a discrete network.
   */
  readonly mixing: number;
  /** A single 1: the weight of terms that have none of their own. */
  readonly one: number;
  /** Rate, momentum, decay, clip. */
  readonly hyper: number;
  /** Class of each image as a float. */
  readonly labels: number;
  /** The images, a tensor (kernels.ts). */
  readonly images: number;
  /** Read after a program ran, one range from `losses` on: losses and hits by image, dL/dp as `mixing` lies, and examples[k * images + b]. */
  readonly losses: number;
  readonly hits: number;
  readonly mixingGradient: number;
  readonly examples: number;
  /** Partial sums of the squared gradient. */
  readonly squares: number;
}

/** What the layers share while a program is planned. */
export interface Context {
  readonly spec: SupernetSpec;
  readonly pass: Pass;
  readonly program: Program;
  readonly weights: Packing;
  /** Places of the running statistics, for a discrete network. */
  readonly running: Packing | undefined;
  readonly regions: Regions;
  /** Floats of one copy of the packed weights, and how many partial copies the gradient has. */
  readonly packed: number;
  readonly parts: number;
  /** Lists that the last entry of a pass with dL/dp reads: for every cell its vectors and the sums of every operation. */
  readonly mixingSums: number[][];
}

/** A layer whose forward entries were added. */
export interface Layer {
  readonly y: Tensor;
  /**
   * Adds the backward entries. Takes dL/dy over and releases it, with all tensors that the layer made; returns dL/dx where it is wanted.
   */
  backward(dy: Tensor, wanted: boolean): Tensor | undefined;
}

/** Whether a pass leaves dL/dp. */
export function learnsMixing({ pass }: Context): boolean {
  return pass === "architecture" || pass === "examples";
}

/** Whether a pass goes backward, and so keeps its activations. */
export function keeps({ pass }: Context): boolean {
  return pass !== "evaluate";
}

/** Convolutions of one input side by side: first kernel x kernel, then 1 x 1; see `conv` in kernels.ts. */
export interface Convolution {
  readonly x: Tensor;
  readonly z: Tensor;
  readonly kernel: number;
  readonly stride: number;
  readonly wide: number;
  readonly wideVectors: number;
  readonly point: number;
  readonly pointVectors: number;
  readonly rectify: boolean;
}

/** A single convolution with its output tensor. */
export function convolution(
  context: Context,
  name: string,
  x: Tensor,
  shape: { kernel: number; stride: number; channels: number; rectify: boolean },
): Convolution {
  return convolutions(context, [name], x, shape);
}

/** Convolutions alike of one input, their outputs side by side. */
export function convolutions(
  context: Context,
  names: readonly string[],
  x: Tensor,
  shape: { kernel: number; stride: number; channels: number; rectify: boolean },
): Convolution {
  const { kernel, stride, channels, rectify } = shape;
  const side = Math.ceil(x.side / stride);
  const wideVectors = names.length * vectorsOf(channels);
  const z = context.program.tensor(side, wideVectors);
  const wide = context.weights.add(names, side * side);
  return { x, z, kernel, stride, wide, wideVectors, point: -1, pointVectors: 0, rectify };
}

function convArguments(c: Convolution, z: Tensor) {
  return {
    x: c.x.offset,
    xSide: c.x.side,
    xVectors: c.x.vectors,
    z: z.offset,
    zSide: z.side,
    kernel: c.kernel,
    stride: c.stride,
    wide: c.wide,
    wideVectors: c.wideVectors,
    point: c.point,
    pointVectors: c.pointVectors,
    rectify: c.rectify ? 1 : 0,
  };
}

export function convForward({ program }: Context, c: Convolution): void {
  program.add("conv", convArguments(c, c.z));
}

/** `dx` is written, or added to. */
export function convData({ program }: Context, c: Convolution, dz: Tensor, dx: Tensor, add: boolean): void {
  program.add("convData", { ...convArguments(c, dz), dx: dx.offset, add: add ? 1 : 0 });
}

/** Where the gradient of weights lies, which are at an offset of the arena. */
export function gradientOf({ regions }: Context, weights: number): number {
  return regions.gradient + weights - regions.weights;
}

/** Adds nothing unless the pass learns the weights. */
export function convWeights(context: Context, c: Convolution, dz: Tensor): void {
  if (context.pass !== "weights") return;
  context.program.add("convWeights", {
    ...convArguments(c, dz),
    wide: gradientOf(context, c.wide),
    point: c.point < 0 ? -1 : gradientOf(context, c.point),
    parts: context.parts,
    partStride: context.packed,
  });
}

/** What the kernels of a window have in common. */
export function windowOf(kind: number, stride: number, x: Tensor, y: Tensor, winners?: Tensor) {
  return { kind, stride, xSide: x.side, vectors: x.vectors, ySide: y.side, winners: winners?.offset ?? -1 };
}

/** Batch norm: the place of its scale and offset in the weights, or -1 where it has none, and the statistics of what it normalises. */
export interface Norm {
  readonly z: Tensor;
  readonly positions: number;
  readonly vectors: number;
  readonly stats: number;
  readonly scale: number;
  readonly offset: number;
}

/** Adds the statistics of z: the batch's, which a discrete network tracks; where it is evaluated, the running ones. */
export function normOf(context: Context, name: string, z: Tensor): Norm {
  return normsOf(context, [name], z);
}

/** The same of norms side by side, as one. */
export function normsOf(context: Context, names: readonly string[], z: Tensor): Norm {
  const named = (part: string) => names.map((name) => `${name}/${part}`);
  const { program, regions, pass } = context;
  const positions = z.side * z.side;
  const { vectors } = z;
  const evaluated = context.running !== undefined && pass === "evaluate";
  const stats = evaluated ? program.arena.take(8 * vectors) : statistics(context, z);
  if (context.running) {
    const running = regions.running + context.running.add([...named("mean"), ...named("variance")], 0);
    if (evaluated) program.add("runningStats", { running, vectors, stats });
    else program.add("track", { stats, positions, vectors, running });
  }
  const scale = context.weights.add([...named("scale"), ...named("offset")], 0);
  return { z, positions, vectors, stats, scale, offset: scale + 4 * vectors };
}

/** Adds the statistics of z inside a cell: its norm is affine in a discrete network, and without scale and offset in a supernet. */
export function cellNorm(context: Context, name: string, z: Tensor): Norm {
  return context.running ? normOf(context, name, z) : plainNorm(context, z);
}

/** Adds the batch's statistics of z, for a norm without scale and offset. */
export function plainNorm(context: Context, z: Tensor): Norm {
  const stats = statistics(context, z);
  return { z, positions: z.side * z.side, vectors: z.vectors, stats, scale: -1, offset: -1 };
}

/** Adds the batch's statistics of all channels of z; where they are. */
export function statistics({ program }: Context, z: Tensor): number {
  const stats = program.arena.take(8 * z.vectors);
  program.add("stats", { z: z.offset, positions: z.side * z.side, vectors: z.vectors, stats });
  return stats;
}

export function releaseNorm({ program }: Context, norm: Norm): void {
  program.arena.free(norm.stats, 8 * norm.vectors);
}

/** Adds y = norm(z) (+ addend), rectified on request; y may be the addend, and is a new tensor where none is given. */
export function normForward(
  { program }: Context,
  norm: Norm,
  options: { readonly addend?: Tensor; readonly y?: Tensor; readonly rectify?: boolean } = {},
): Tensor {
  const { addend, y = program.tensor(norm.z.side, norm.vectors), rectify = false } = options;
  const { z, positions, vectors, stats, scale, offset } = norm;
  program.add("norm", {
    z: z.offset,
    positions,
    vectors,
    stats,
    scale,
    offset,
    addend: addend?.offset ?? -1,
    y: y.offset,
    rectify: rectify ? 1 : 0,
  });
  return y;
}

/** Where the backward sums of a norm go: the gradient of scale and offset, which they are, or a place of their own. */
export function withSums(context: Context, norm: Norm, use: (sums: number) => void): void {
  const { program, pass } = context;
  if (pass === "weights" && norm.scale >= 0) {
    use(gradientOf(context, norm.scale));
    return;
  }
  const sums = program.arena.take(8 * norm.vectors);
  use(sums);
  program.arena.free(sums, 8 * norm.vectors);
}

/** Turns z into dL/dz. */
export function normBackward(context: Context, norm: Norm, dy: Tensor): void {
  const { z, positions, vectors, stats, scale } = norm;
  const common = { dy: dy.offset, z: z.offset, positions, vectors, stats };
  withSums(context, norm, (sums) => {
    context.program.add("normReduce", { ...common, sums });
    context.program.add("normMap", { ...common, scale, sums });
  });
}
