import { type Context, cellNorm, gradientOf, keeps, type Norm, normBackward, normForward, releaseNorm } from "./layer";
import type { Tensor } from "./program";

/** Rectified depthwise convolutions of one kernel, side by side; see `depthwise` in kernels.ts. */
interface Depthwise {
  readonly x: Tensor;
  readonly xFirst: number;
  readonly xCount: number;
  readonly z: Tensor;
  readonly zFirst: number;
  readonly vectors: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly weights: number;
}

function depthwiseArguments(d: Depthwise) {
  const { xFirst, xCount, zFirst, vectors, kernel, stride, dilation, weights } = d;
  const { offset: x, side: xSide, vectors: xVectors } = d.x;
  const { offset: z, side: zSide, vectors: zVectors } = d.z;
  return { x, xSide, xVectors, xFirst, xCount, z, zSide, zVectors, zFirst, vectors, kernel, stride, dilation, weights };
}

/** Convolutions of one kernel: the names that their parameters' names begin with. */
export interface Kernel {
  readonly kernel: number;
  readonly dilation: number;
  readonly names: readonly string[];
}

/** Depthwise, then pointwise convolutions whose forward entries were added. */
export interface Separable {
  readonly x: Tensor;
  readonly depthwise: readonly Depthwise[];
  /** What the depthwise convolutions leave. */
  readonly between: Tensor;
  /** Output: those of the kernels one after the other, each name's side by side. */
  readonly z: Tensor;
  /** Vectors of one of them, and the place of the pointwise weights. */
  readonly vectors: number;
  readonly pointwise: number;
}

/**
 * Adds rectifier, depthwise and pointwise convolutions.
 * @param x of `vectors` vectors, which all convolutions share, or as many for each of them
 */
export function separable(
  context: Context,
  kernels: readonly Kernel[],
  application: string,
  x: Tensor,
  vectors: number,
  stride: number,
): Separable {
  const { program, weights } = context;
  const side = Math.ceil(x.side / stride);
  const positions = side * side;
  const names = kernels.flatMap((kernel) => kernel.names);
  const between = program.tensor(side, names.length * vectors);
  const isShared = x.vectors === vectors;
  let zFirst = 0;
  const depthwise = kernels.map(({ kernel, dilation, names: own }) => {
    const count = own.length * vectors;
    const block = weights.add(
      own.map((name) => `${name}/depthwise${application}`),
      positions,
    );
    const part = { xFirst: isShared ? 0 : zFirst, xCount: isShared ? vectors : count, zFirst, vectors: count };
    zFirst += count;
    return { x, z: between, ...part, kernel, stride, dilation, weights: block };
  });
  for (const d of depthwise) program.add("depthwise", depthwiseArguments(d));
  const z = program.tensor(side, between.vectors);
  const pointwise = weights.add(
    names.map((name) => `${name}/pointwise${application}`),
    positions,
  );
  const made = { x, depthwise, between, z, vectors, pointwise };
  program.add("pointwise", { x: between.offset, ...pointwiseArguments(made) });
  if (!keeps(context)) program.release(between);
  return made;
}

function pointwiseArguments({ z, vectors, pointwise }: Separable) {
  const groups = z.vectors / vectors;
  return { z: z.offset, positions: z.side * z.side, groups, ins: vectors, outs: vectors, weights: pointwise };
}

/** Adds the backward entries: z holds dL/dz. Writes dx, which may be x, or adds to it. */
export function separableBackward(context: Context, made: Separable, dx: Tensor, add: boolean): void {
  const { program, pass, parts, packed } = context;
  const learns = pass === "weights";
  const split = { parts, partStride: packed };
  const shared = pointwiseArguments(made);
  const { offset } = made.between;
  if (learns) {
    const weights = gradientOf(context, shared.weights);
    program.add("pointwiseWeights", { x: offset, ...shared, weights, ...split });
  }
  // Their input served its weights' gradient alone; its own takes its place.
  program.add("pointwiseData", { dx: offset, ...shared });
  for (const d of made.depthwise) {
    const named = depthwiseArguments(d);
    if (learns) program.add("depthwiseWeights", { ...named, weights: gradientOf(context, named.weights), ...split });
    program.add("depthwiseData", { ...named, dx: dx.offset, add: add ? 1 : 0 });
  }
}

export function releaseSeparable(context: Context, { between, z }: Separable): void {
  if (keeps(context)) context.program.release(between);
  context.program.release(z);
}

/** Separable convolutions of one input, applied so many times with batch norm in between. */
export interface Chain {
  readonly links: readonly Separable[];
  /** Between one and the next, and what they make. */
  readonly norms: readonly { readonly norm: Norm; readonly y: Tensor }[];
  /** Of the last output, which is not normalised yet. */
  readonly last: Norm;
}

/**
 * Adds the convolutions; the first ones share x and its stride. The last output is left as it is, with its statistics.
 * @param kernels a single one of a single name in a discrete network, where a norm has a scale and an offset of its own
 */
export function chain(
  context: Context,
  kernels: readonly Kernel[],
  applied: readonly string[],
  x: Tensor,
  stride: number,
): Chain {
  const { program } = context;
  const normed = (application: string, z: Tensor) =>
    cellNorm(context, `${kernels[0].names[0]}/pointwise${application}`, z);
  const first = separable(context, kernels, applied[0], x, x.vectors, stride);
  const links = [first];
  const norms: { norm: Norm; y: Tensor }[] = [];
  for (const [i, application] of applied.slice(1).entries()) {
    const before = links[links.length - 1].z;
    const norm = normed(applied[i], before);
    const y = normForward(context, norm);
    links.push(separable(context, kernels, application, y, x.vectors, 1));
    if (keeps(context)) norms.push({ norm, y });
    else {
      releaseNorm(context, norm);
      program.release(before, y);
    }
  }
  const last = normed(applied[applied.length - 1], links[links.length - 1].z);
  return { links: keeps(context) ? links : links.slice(-1), norms, last };
}

/** Adds the backward entries, from dL/dz in the place of the last output, and adds to dx. */
export function chainBackward(context: Context, { links, norms }: Chain, dx: Tensor): void {
  for (let i = links.length - 1; i > 0; i--) {
    const { norm, y } = norms[i - 1];
    separableBackward(context, links[i], y, false);
    normBackward(context, norm, y);
  }
  separableBackward(context, links[0], dx, true);
}

export function releaseChain(context: Context, { links, norms, last }: Chain): void {
  releaseNorm(context, last);
  for (const link of links) releaseSeparable(context, link);
  for (const { norm, y } of norms) {
    releaseNorm(context, norm);
    context.program.release(y);
  }
}
