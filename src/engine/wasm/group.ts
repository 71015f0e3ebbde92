import type { Batch, GroupEngine, Score, SupernetSpec, WeightStep } from "../engine";
import { packState, stateParts, unpackState, writeInputs } from "../plan/exchange";
import { createGroupPlan, type GroupPass, type GroupPlan, readScores, requireWeights } from "../plan/group";
import type { Plan } from "../plan/plan";
import { ARENA_LIMIT, SLOTS } from "./engine";
import { hostThreads } from "./host";
import { Machine, partsOf } from "./machine";

/**
 * Discrete networks that train side by side on the CPU, as `createWasmEngine` would each of them: to the bit. The threads share the
 * networks out, not their kernels, so that they need not wait for each other within a step however small the networks are.
 * @param weights of each network, in the order of `parameterLayout`, or a whole state
 * @param threads as many as there are by default; helping threads end with `dispose`
 * @throws {InputError} where the networks do not go together, or need more memory than there is
 */
export async function createWasmGroup(
  specs: readonly SupernetSpec[],
  weights: readonly ArrayLike<number>[],
  threads = hostThreads(),
): Promise<GroupEngine> {
  requireWeights(specs, weights);
  const wanted = Math.max(1, Math.min(threads, specs.length));
  const plan = createGroupPlan(specs, { limit: ARENA_LIMIT, slots: SLOTS, strands: partsOf(wanted) });
  const engine = new WasmGroup(specs, plan, await Machine.create(plan, wanted));
  try {
    engine.importStates(weights);
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}

class WasmGroup implements GroupEngine {
  readonly arenaBytes: number;
  private machine: Machine | undefined;

  constructor(
    readonly specs: readonly SupernetSpec[],
    private readonly plan: GroupPlan,
    machine: Machine,
  ) {
    this.arenaBytes = plan.floats * 4;
    this.machine = machine;
  }

  async weightStep(batch: Batch, step: WeightStep): Promise<Score[]> {
    return this.run("weights", batch, step);
  }

  async evaluate(batch: Batch): Promise<Score[]> {
    return this.run("evaluate", batch);
  }

  async exportStates(): Promise<Float32Array[]> {
    return this.plan.members.map((member) => unpackState(member, this.rangesOfState(member)));
  }

  importStates(states: readonly ArrayLike<number>[]): void {
    for (const [i, member] of this.plan.members.entries()) packState(member, states[i], this.rangesOfState(member));
  }

  dispose(): void {
    this.machine?.dispose();
    this.machine = undefined;
  }

  private rangesOfState(member: Plan): Float32Array[] {
    const { arena } = this.working();
    return stateParts(member).map(({ offset, floats }) => arena.subarray(offset, offset + floats));
  }

  private working(): Machine {
    if (!this.machine) throw new Error("the engine was disposed of");
    return this.machine;
  }

  private run(pass: GroupPass, batch: Batch, step?: WeightStep): Score[] {
    const machine = this.working();
    writeInputs(this.plan.members[0], machine.arena, 0, [], batch, step);
    machine.run(this.plan.strands[pass]);
    return readScores(this.plan, machine.arena, 0);
  }
}
