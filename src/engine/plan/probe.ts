import type { Choices } from "../../core/space";
import type { SupernetSpec } from "../engine";
import { parameterLayout } from "../network";
import { argumentsOf, type Entry, type Kind } from "./kernels";
import type { Context } from "./layer";
import { NETWORKS } from "./plan";
import { Arena, Program, type Tensor } from "./program";
import { type Block, Packing, packedSizeOf, vectorsOf } from "./weights";

/** A tensor, and how many of its channels are no padding. */
export interface Activation extends Tensor {
  readonly channels: number;
}

/** What a rectifier reads; with a norm in front that only the head computes on the way. */
export interface Rectified extends Activation {
  readonly norm?: { readonly stats: number; readonly scale: number; readonly offset: number };
}

/** A convolution or the classifier: its output after the forward program, dL/d(output) after the backward one. */
export interface Convolved {
  /** Of its weights. */
  readonly name: string;
  readonly output: Activation;
  readonly gradient: Activation;
}

/**
 * A discrete network to look into: as two programs that keep every tensor, so that what lies between can be read and the gradient of any
 * function of the logits can be sent back. Batch norm goes by the batch's own statistics, or is left out.
 */
export interface ProbePlan {
  readonly spec: SupernetSpec & { readonly architecture: Choices };
  /** The batch rounded up to a multiple of four. */
  readonly images: number;
  readonly floats: number;
  readonly packed: number;
  readonly blocks: readonly Block[];
  readonly regions: { readonly weights: number; readonly gradient: number; readonly one: number };
  readonly input: Activation;
  /** dL/d(input) after the backward program. */
  readonly inputGradient: Activation;
  /** Without their bias. The backward program takes dL/d(logits) from here. */
  readonly logits: Activation;
  /** In the order in which they are computed, once for every reader: a node that three convolutions rectify is there three times. */
  readonly rectified: readonly Rectified[];
  readonly convolved: readonly Convolved[];
  readonly programs: { readonly forward: readonly Entry[]; readonly backward: readonly Entry[] };
}

/** An arena that gives nothing out twice. */
class Keeping extends Arena {
  override free(): void {}
}

/** What only moves the optimiser's state or makes a norm's statistics and sums. */
const OF_NORMS: ReadonlySet<Kind> = new Set<Kind>(["stats", "normReduce", "featuresReduce"]);

/**
 * Plans a probe of a discrete network.
 * @param normed false to leave every batch norm out, as if it were the identity
 */
export function createProbePlan(spec: SupernetSpec & { architecture: Choices }, normed = true): ProbePlan {
  const { space, sizes, batch, architecture } = spec;
  const images = vectorsOf(batch) * 4;
  const layout = parameterLayout(space, sizes, architecture);
  const packed = packedSizeOf(layout);
  const arena = new Keeping();
  const program = new Program(arena, images);
  const weights = new Packing(layout);
  // Weights lie at the beginning of every arena.
  const regions = { weights: arena.take(packed), gradient: arena.take(packed), one: arena.take(4) };
  const input = { ...program.tensor(sizes.image, vectorsOf(sizes.imageChannels)), channels: sizes.imageChannels };
  const unused = { velocities: -1, running: -1, mixing: -1, hyper: -1, labels: -1, losses: -1, hits: -1 };
  const context: Context = {
    spec,
    pass: "weights",
    program,
    weights,
    running: undefined,
    regions: { ...unused, ...regions, images: input.offset, mixingGradient: -1, examples: -1, squares: -1 },
    packed,
    parts: 1,
    mixingSums: [],
  };
  NETWORKS[space.id](context);
  const { entries } = program;
  const loss = entries.findIndex(({ kind }) => kind === "loss");
  const { logits } = argumentsOf("loss", entries[loss]);
  const inputGradient = { ...program.tensor(input.side, input.vectors), channels: input.channels };
  program.push("convData", [...stemOf(entries, input).args, inputGradient.offset, 0]);
  const kept = normed ? (entry: Entry) => [entry] : withoutNorm;
  const forward = entries.slice(0, loss);
  const shapeOf = (offset: number) => weights.blocks.find((block) => block.offset === offset)?.parameter;
  return {
    spec,
    images,
    floats: arena.size,
    packed,
    blocks: weights.blocks,
    regions,
    input,
    inputGradient,
    logits: { offset: logits, side: 1, vectors: vectorsOf(sizes.classes), channels: sizes.classes },
    rectified: forward.flatMap((entry) => rectifiedOf(entry, shapeOf)),
    convolved: convolvedOf(entries, regions.gradient, shapeOf),
    programs: { forward: forward.flatMap(kept), backward: entries.slice(loss + 1).flatMap(kept) },
  };
}

type ShapeOf = (offset: number) => { readonly name: string; readonly shape: readonly number[] } | undefined;

/** The stem's convolution, with dL/d(output) in its output's place once its norm was gone back through. */
function stemOf(entries: readonly Entry[], input: Tensor): Entry {
  const found = entries.find((entry) => entry.kind === "conv" && argumentsOf("conv", entry).x === input.offset);
  if (!found) throw new Error("no convolution reads the images");
  return found;
}

/** The rectifier that an entry begins with, or has behind its norm. */
function rectifiedOf(entry: Entry, shapeOf: ShapeOf): Rectified[] {
  if (entry.kind === "conv") {
    const { x, xSide, xVectors, rectify, wide } = argumentsOf("conv", entry);
    if (rectify === 0) return [];
    return [{ offset: x, side: xSide, vectors: xVectors, channels: shapeOf(wide)?.shape.at(-2) ?? 4 * xVectors }];
  }
  if (entry.kind !== "features") return [];
  const { x, positions, vectors, stats, scale, offset } = argumentsOf("features", entry);
  const channels = shapeOf(scale)?.shape[0] ?? 4 * vectors;
  return [{ offset: x, side: Math.sqrt(positions), vectors, channels, norm: { stats, scale, offset } }];
}

function convolvedOf(entries: readonly Entry[], gradient: number, shapeOf: ShapeOf): Convolved[] {
  const gradients = new Map(
    entries.flatMap((entry) => {
      if (entry.kind !== "convWeights") return [];
      const { wide, z } = argumentsOf("convWeights", entry);
      return [[wide - gradient, z] as const];
    }),
  );
  return entries.flatMap((entry) => {
    if (entry.kind !== "conv") return [];
    const { z, zSide, wide, wideVectors } = argumentsOf("conv", entry);
    const parameter = shapeOf(wide);
    const dz = gradients.get(wide);
    if (!parameter || dz === undefined) throw new Error("a convolution without a gradient");
    const shape = { side: zSide, vectors: wideVectors, channels: parameter.shape.at(-1) as number };
    return [{ name: parameter.name, output: { offset: z, ...shape }, gradient: { offset: dz, ...shape } }];
  });
}

/** What an entry becomes in a network whose norms are the identity. */
function withoutNorm(entry: Entry): Entry[] {
  const { kind, layer } = entry;
  if (OF_NORMS.has(kind)) return [];
  const copied = (
    from: number,
    to: number,
    { positions, vectors }: { positions: number; vectors: number },
    add = 0,
  ) => ({
    kind: "copy" as const,
    args: [from, vectors, 0, to, vectors, 0, 4 * vectors, positions, add],
    layer,
  });
  if (kind === "norm") {
    const a = argumentsOf(kind, entry);
    const { z, y, addend } = a;
    if (addend < 0) return [copied(z, y, a)];
    return addend === y ? [copied(z, y, a, 1)] : [copied(addend, y, a), copied(z, y, a, 1)];
  }
  if (kind === "normMap") {
    const a = argumentsOf(kind, entry);
    return [copied(a.dy, a.z, a)];
  }
  // Nothing is negative where all weights are positive: the rectifier goes with the norm.
  if (kind === "features") {
    const { x, positions, vectors, f } = argumentsOf(kind, entry);
    return [{ kind: "mean", args: [x, positions, vectors, f], layer }];
  }
  if (kind === "featuresMap") {
    const { df, positions, vectors, dx } = argumentsOf(kind, entry);
    return [{ kind: "meanData", args: [df, positions, vectors, dx], layer }];
  }
  return [entry];
}
