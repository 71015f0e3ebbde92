import { InputError } from "../../core/errors";
import type { Score, SupernetSpec } from "../engine";
import { layoutSize, parameterLayout } from "../network";
import type { Range } from "../probe";
import { readScore } from "./exchange";
import {
  DEFAULT_LIMIT,
  type Executable,
  imagesOf,
  type Plan,
  type PlanOptions,
  planWithin,
  takeInputs,
  takeState,
  tooLarge,
} from "./plan";
import { Arena } from "./program";

/** What a group computes: a step of the optimiser, or losses and hits alone. */
export type GroupPass = "weights" | "evaluate";

/** Discrete networks compiled into one arena, where they share the inputs of a batch. */
export interface GroupPlan extends Executable {
  /** In the order of their specs; their inputs are the same regions. */
  readonly members: readonly Plan[];
  /** All members' losses and hits, one range. */
  readonly outputs: Range;
  readonly strands: Readonly<Record<GroupPass, Executable["programs"][string][]>>;
}

export interface GroupOptions extends PlanOptions {
  /** Lists of entries to make; members of one run one after the other, and share the room between entries. Default: one for each. */
  readonly strands?: number;
}

/**
 * Compiles discrete networks of one space, sizes and batch to train side by side.
 * @throws {InputError} where there are none, they do not go together, or the arena would be larger than the limit
 */
export function createGroupPlan(specs: readonly SupernetSpec[], options: GroupOptions = {}): GroupPlan {
  const { slots = 1, limit = DEFAULT_LIMIT } = options;
  requireAlike(specs);
  const [spec] = specs;
  const images = imagesOf(spec);
  const arena = new Arena();
  const inputs = takeInputs(arena, spec);
  const states = specs.map((each) => ({ ...takeState(arena, each, options), squares: arena.take(slots) }));
  const begin = arena.size;
  const ends = specs.map(() => ({ losses: arena.take(images), hits: arena.take(images) }));
  const outputs = { offset: begin, floats: arena.size - begin };

  const members: Plan[] = [];
  let floats = arena.size;
  const shares = shared(specs, Math.min(specs.length, options.strands ?? specs.length));
  for (const share of shares) {
    const from = floats;
    for (const i of share) {
      const unused = { mixingGradient: -1, examples: -1 };
      members[i] = planWithin(specs[i], options, { ...inputs, ...states[i], ...ends[i], ...unused }, from);
      floats = Math.max(floats, members[i].floats);
    }
  }
  if (floats * 4 > limit) throw new InputError(tooLarge(floats * 4, limit));
  const strandsOf = (pass: GroupPass) => shares.map((share) => share.flatMap((i) => members[i].programs[pass]));
  const strands = { weights: strandsOf("weights"), evaluate: strandsOf("evaluate") };
  return { spec, images, floats, members, outputs, programs: {}, strands };
}

/**
 * Losses and accuracies of all members.
 * @param values from float `origin` of the arena on
 */
export function readScores({ members }: GroupPlan, values: Float32Array, origin: number): Score[] {
  return members.map((member) => readScore(member, values, origin));
}

function requireAlike(specs: readonly SupernetSpec[]): void {
  const [first] = specs;
  if (!first) throw new InputError("a group needs at least one network");
  const common = ({ space, sizes, batch }: SupernetSpec) =>
    JSON.stringify([space.id, Object.entries(sizes).sort(), batch]);
  for (const spec of specs) {
    if (!spec.architecture) throw new InputError("a group trains discrete networks: give every spec an architecture");
    if (common(spec) !== common(first)) {
      throw new InputError("the networks of a group must have the same space, sizes and batch");
    }
  }
}

/** @throws {InputError} where there are not as many weights as networks */
export function requireWeights(specs: readonly SupernetSpec[], weights: readonly unknown[]): void {
  if (weights.length === specs.length) return;
  throw new InputError(`expected weights of ${specs.length} networks, got ${weights.length}`);
}

/** Deals the networks out into so many shares of about the same work: the largest first, each to the share with least. */
function shared(specs: readonly SupernetSpec[], count: number): number[][] {
  // A cell's work is as its weights: a later stage has as many positions less as weights more.
  const work = specs.map(({ space, sizes, architecture }) => layoutSize(parameterLayout(space, sizes, architecture)));
  const shares = Array.from({ length: count }, () => ({ work: 0, members: [] as number[] }));
  for (const i of specs.map((_, index) => index).sort((a, b) => work[b] - work[a])) {
    const least = shares.reduce((found, share) => (share.work < found.work ? share : found));
    least.work += work[i];
    least.members.push(i);
  }
  return shares.map(({ members }) => members);
}
