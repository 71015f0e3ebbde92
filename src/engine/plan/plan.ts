import { InputError } from "../../core/errors";
import type { StepPasses } from "../../core/settings";
import type { SupernetSpec } from "../engine";
import { layoutSize, parameterLayout, runningLayout } from "../network";
import { forOneShot } from "../oneshot";
import { dartsNetwork } from "./darts";
import type { Entry, Kind } from "./kernels";
import { type Context, learnsMixing, PASSES, type Pass, type ProgramName, type Regions } from "./layer";
import { nasBench201Network } from "./nasbench201";
import { oneShotNetwork } from "./oneshot";
import { mixingSize } from "./partial";
import { Arena, Program } from "./program";
import { type Block, Packing, packedSizeOf, vectorsOf } from "./weights";

export interface PlanOptions {
  /** Partial sums in which the gradient of every weight is gathered, see `convWeights`; more of them occupy a wider device. Default 1. */
  readonly parts?: number;
  /** Partial sums of the gradient's norm. Default 1. */
  readonly slots?: number;
  /** Most bytes that the arena may take. */
  readonly limit?: number;
}

/** A network compiled to programs over one arena; kernels.ts says what they mean. */
export interface Plan {
  readonly spec: SupernetSpec;
  /** The batch rounded up to a multiple of four: the innermost size of every tensor. */
  readonly images: number;
  /** Floats of the arena. */
  readonly floats: number;
  /** Floats of one packed copy of the weights. */
  readonly packed: number;
  /** Where every parameter lies in it. */
  readonly blocks: readonly Block[];
  /** Where the running statistics of a discrete network lie in their region; none for a supernet. */
  readonly running: readonly Block[];
  readonly regions: Regions;
  readonly programs: Readonly<Record<ProgramName, readonly Entry[]>>;
}

/** What an executor needs of a plan. */
export interface Executable extends Pick<Plan, "images" | "floats"> {
  readonly spec: Pick<SupernetSpec, "batch">;
  readonly programs: Readonly<Record<string, readonly Entry[]>>;
  /** Programs of several lists of entries that know nothing of each other: each list runs in order, in scratch memory of its own. */
  readonly strands?: Readonly<Record<string, readonly (readonly Entry[])[]>>;
}

/** What a setting costs, known before anything runs. */
export interface PlanCost {
  /** Trainable scalars. */
  readonly parameters: number;
  /**
   * Floating-point operations of one search step (architecture and weights), or of the weight step that is all a discrete network
   * has: two for every multiply-accumulate of every convolution and of the classifier, padding counted, for one batch; once forward and
   * once backward by data for each gradient by mixing weights, once forward, once by data and once by weights for each gradient by weights,
   * the weight step's among them.
   */
  readonly flops: number;
  readonly arenaBytes: number;
  /** Kernels that one such step runs. */
  readonly entries: number;
}

/** Work of a gradient by mixing weights and of one by weights, in forward passes. */
const ARCHITECTURE_WORK = 2;
const WEIGHT_WORK = 3;

const ONE_OF_EACH: StepPasses = { architecture: 1, weights: 1, forward: 0 };

/** What changes the network's state. */
const MOVING: ReadonlySet<Kind> = new Set<Kind>(["update", "track"]);

export const DEFAULT_LIMIT = 2 ** 31;

/** What adds the entries of one pass through the networks of a space, up to their gradients, by the space's id. */
export const NETWORKS: Readonly<Record<string, (context: Context) => void>> = {
  nasbench201: nasBench201Network,
  darts: dartsNetwork,
  ...forOneShot(oneShotNetwork),
};

/**
 * Compiles a supernet or a discrete network.
 * @throws {InputError} where the arena would be larger than the limit, an operation has no kernel, the architecture is none of the
 * space's, or a part of the channels is asked for that the space does not have
 */
export function createPlan(spec: SupernetSpec, options: PlanOptions = {}): Plan {
  const { slots = 1, limit = DEFAULT_LIMIT } = options;
  const images = imagesOf(spec);
  const arena = new Arena();
  // First of all, as it refuses what has no network.
  const state = takeState(arena, spec, options);
  const mixed = mixingSize(spec);
  const regions: Regions = {
    ...state,
    ...takeInputs(arena, spec),
    losses: arena.take(images),
    hits: arena.take(images),
    mixingGradient: arena.take(mixed),
    examples: arena.take(mixed * images),
    squares: arena.take(slots),
  };
  const plan = planWithin(spec, options, regions, arena.size);
  if (plan.floats * 4 > limit) throw new InputError(tooLarge(plan.floats * 4, limit));
  return plan;
}

/** The batch rounded up to a multiple of four. */
export function imagesOf({ batch }: SupernetSpec): number {
  return vectorsOf(batch) * 4;
}

function layoutsOf({ space, sizes, architecture, partial }: SupernetSpec) {
  const layout = parameterLayout(space, sizes, architecture, partial);
  return { layout, packed: packedSizeOf(layout), tracked: architecture ? runningLayout(layout) : [] };
}

/** Room for what a network learns. */
export function takeState(arena: Arena, spec: SupernetSpec, { parts = 1 }: PlanOptions) {
  const { packed, tracked } = layoutsOf(spec);
  return {
    weights: arena.take(packed),
    velocities: arena.take(packed),
    gradient: arena.take(packed * parts),
    running: arena.take(packedSizeOf(tracked)),
  };
}

/** Room for what is written before a program runs. */
export function takeInputs(arena: Arena, spec: SupernetSpec) {
  const { image, imageChannels } = spec.sizes;
  const images = imagesOf(spec);
  return {
    mixing: arena.take(mixingSize(spec)),
    one: arena.take(1),
    hyper: arena.take(4),
    labels: arena.take(images),
    images: arena.take(image ** 2 * vectorsOf(imageChannels) * 4 * images),
  };
}

/**
 * Compiles a network into an arena whose regions are given.
 * @param begin from which float on the programs may keep what lives between their entries
 * @throws {InputError} as `createPlan`, but for the limit
 */
export function planWithin(spec: SupernetSpec, options: PlanOptions, regions: Regions, begin: number): Plan {
  const { parts = 1, slots = 1 } = options;
  const { space, architecture } = spec;
  const images = imagesOf(spec);
  const { layout, packed, tracked } = layoutsOf(spec);
  const built = PASSES.map((pass) => {
    const program = new Program(new Arena(begin), images);
    const weights = new Packing(layout, regions.weights);
    const running = architecture && new Packing(tracked);
    const context: Context = { spec, pass, program, weights, running, regions, packed, parts, mixingSums: [] };
    if (!architecture || !learnsMixing(context)) NETWORKS[space.id](context);
    if (!architecture && learnsMixing(context)) mixingGradient(context);
    if (pass === "weights") optimiser(context, slots);
    return { pass, program, weights, running };
  });
  const floats = Math.max(...built.map(({ program }) => program.arena.size));
  const programs = Object.fromEntries(built.map(({ pass, program }) => [pass, program.entries])) as Record<
    Pass,
    Entry[]
  >;
  return {
    spec,
    images,
    floats,
    packed,
    blocks: built[0].weights.blocks,
    running: built[0].running?.blocks ?? [],
    regions,
    programs: { ...programs, gradient: programs.weights.filter(({ kind }) => !MOVING.has(kind)) },
  };
}

/** Cost of a plan's search step of so many passes; of its weight step, where the network is discrete. */
export function planCost(plan: Plan, passes = ONE_OF_EACH): PlanCost {
  const { spec, blocks, programs } = plan;
  const { space, sizes, architecture, partial } = spec;
  const {
    architecture: byMixing,
    weights: byWeights,
    forward,
  } = architecture ? { ...ONE_OF_EACH, architecture: 0 } : passes;
  const work = byMixing * ARCHITECTURE_WORK + byWeights * WEIGHT_WORK + forward;
  const accumulates = blocks.reduce((sum, { parameter, positions }) => sum + parameter.size * positions, 0);
  return {
    parameters: layoutSize(parameterLayout(space, sizes, architecture, partial)),
    flops: 2 * work * spec.batch * accumulates,
    arenaBytes: plan.floats * 4,
    entries:
      byMixing * programs.architecture.length +
      programs.weights.length +
      (byWeights - 1) * programs.gradient.length +
      forward * programs.evaluate.length,
  };
}

/** Adds the sums that make dL/dp. */
function mixingGradient({ spec, program, regions, mixingSums }: Context): void {
  const list = mixingSums.flat();
  program.push("mixingGradient", [regions.mixingGradient, mixingSize(spec), mixingSums.length, ...list]);
}

/** Adds the clipped step of all weights. */
function optimiser({ program, regions, packed, parts }: Context, slots: number): void {
  const { weights, velocities, gradient, squares, hyper } = regions;
  program.layer = "optimiser";
  program.add("gradientNorm", { gradient, count: packed, parts, partStride: packed, squares, slots });
  program.add("update", { weights, velocities, gradient, count: packed, squares, slots, hyper });
}

/** What to say of a network that needs more bytes than the device offers; null where nobody knows how many those are. */
export function tooLarge(bytes: number, limit: number | null): string {
  const gibibytes = (size: number) => `${(size / 2 ** 30).toFixed(1)} GiB`;
  const offer =
    limit === null ? "more than the device has left" : `more than the ${gibibytes(limit)} that the device offers`;
  return (
    `this network needs ${gibibytes(bytes)} of memory, ${offer}; ` +
    "choose a smaller batch, image side, number of channels or number of cells"
  );
}
