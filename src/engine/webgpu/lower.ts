import { type Arguments, argumentsOf, type Entry, type Kind } from "../plan/kernels";
import type { Dispatch } from "./shader";
import { node, nodeMap, spread } from "./shaders/cell";
import type { Context } from "./shaders/context";
import { conv, convData, tileInvocations } from "./shaders/conv";
import { convWeights } from "./shaders/convWeights";
import { biasGradient, features, loss, pool, poolData } from "./shaders/head";
import { examples, mixingGradient, nodeReduce } from "./shaders/mixing";
import { featuresMap, featuresReduce, norm, normMap, normReduce, stats } from "./shaders/norm";
import { gradientNorm, update } from "./shaders/optimiser";
import { ALONE, MEETING, type Reducing } from "./shaders/reduce";
import { runningStats, track } from "./shaders/running";
import {
  depthwise,
  depthwiseData,
  depthwiseWeights,
  pointwise,
  pointwiseData,
  pointwiseWeights,
} from "./shaders/separable";
import type { Shape } from "./shaders/shape";
import { copy, mean, meanData, shuffle, windows, windowsData } from "./shaders/windows";

/** What suits a device; the results are the same but for rounding. */
export interface Variant {
  readonly reducing: Reducing;
  /** Whether neighbouring invocations share what they load, which needs the feature "subgroups". */
  readonly quads: boolean;
}

/**
 * The variants that may be the fastest on a device, the expected one first. A device that computes on the CPU pays dearly for barriers
 * and for loads, by a factor, so that there is nothing to choose. A GPU should pay for neither, but drivers differ.
 */
export function variantsFor(device: GPUDevice): readonly [Variant, ...Variant[]] {
  const { architecture, description, isFallbackAdapter } = device.adapterInfo;
  const hasQuads = device.features.has("subgroups");
  const isSoftware = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(`${architecture} ${description}`);
  if (isSoftware) return [{ reducing: ALONE, quads: hasQuads }];
  const variants = [MEETING, ALONE].map((reducing) => ({ reducing, quads: false }));
  const withQuads = hasQuads ? [{ reducing: MEETING, quads: true }] : [];
  return [variants[0], variants[1], ...withQuads];
}

type Single = Exclude<Kind, "conv" | "stats">;

const LOWERINGS: { readonly [K in Single]: (args: Arguments<K>, context: Context, entry: Entry) => Dispatch } = {
  convData,
  convWeights,
  norm,
  normReduce,
  normMap,
  node,
  nodeReduce,
  nodeMap,
  spread,
  examples,
  mixingGradient,
  pool,
  poolData,
  features,
  featuresReduce,
  featuresMap,
  loss,
  biasGradient,
  gradientNorm,
  update,
  track,
  runningStats,
  depthwise,
  depthwiseData,
  depthwiseWeights,
  pointwise,
  pointwiseData,
  pointwiseWeights,
  windows,
  windowsData,
  copy,
  mean,
  meanData,
  shuffle,
};

/** A program as dispatches, and the floats that it needs behind those of its plan. */
export interface Lowered {
  readonly dispatches: readonly Dispatch[];
  readonly floats: number;
  /** The constants of its shaders, but for the batch. */
  readonly constants: { readonly IMAGES: number; readonly STEP: number };
}

/**
 * Tiles of as many vectors as fill all blocks of channels; the classifier does not count. All programs of a plan have the same.
 * @param images a multiple of four
 */
export function shapeFor(entries: readonly Entry[], images: number): Shape {
  const blocks = entries.flatMap((entry) => {
    if (entry.kind !== "conv") return [];
    const { zSide, wideVectors, pointVectors } = argumentsOf(entry.kind, entry);
    return zSide === 1 ? [] : [wideVectors, pointVectors];
  });
  const vectors = ([4, 2] as const).find((count) => blocks.every((block) => block % count === 0)) ?? 1;
  return { vectors, images: images % 8 === 0 ? 8 : 4 };
}

/**
 * Turns a program into dispatches, about one an entry: a convolution makes the statistics of its tiles on the way where those of its
 * output come next, and partial sums go to a range of their own, from `base` floats on.
 */
export function lower(
  entries: readonly Entry[],
  images: number,
  { reducing, quads }: Variant,
  base: number,
  shape = shapeFor(entries, images),
): Lowered {
  const statistics = entries.map((entry) => (entry.kind === "stats" ? argumentsOf("stats", entry) : undefined));
  const tiles = statistics.map((a) => (a ? 2 * a.vectors * tileInvocations(a.positions, images, shape) : 0));
  let end = base / 4 + Math.max(0, ...tiles);
  const context: Context = {
    images,
    reducing,
    // Four neighbours have the same place only where the images of a place fill up fours.
    quads: quads && images % (4 * shape.images) === 0,
    shape,
    tiles: base / 4,
    take(vectors) {
      end += vectors;
      return end - vectors;
    },
    sums: new Map(),
  };
  const isMeasured = (i: number) => {
    const next = statistics[i + 1];
    return entries[i].kind === "conv" && next !== undefined && next.z === argumentsOf("conv", entries[i]).z;
  };
  const dispatches = entries.flatMap((entry, i): Dispatch[] => {
    const { kind } = entry;
    if (kind === "conv") return [conv(argumentsOf(kind, entry), context, isMeasured(i) ? context.tiles : -1)];
    if (kind === "stats") return stats(argumentsOf(kind, entry), context, i > 0 && isMeasured(i - 1));
    const to = LOWERINGS[kind] as (args: Arguments<Kind>, context: Context, entry: Entry) => Dispatch;
    return [to(argumentsOf(kind, entry), context, entry)];
  });
  return { dispatches, floats: 4 * end - base, constants: { IMAGES: images, STEP: images / shape.images } };
}
