import type {
  ArchitectureGradient,
  Batch,
  Engine,
  Predictions,
  Score,
  SupernetSpec,
  WeightGradient,
  WeightStep,
} from "../engine";
import { requireSupernet } from "../network";
import {
  logitsRange,
  packState,
  readGradient,
  readPredictions,
  readScore,
  stateParts,
  unpackState,
  unpackWeightGradient,
  weightGradientRange,
  writeInputs,
} from "../plan/exchange";
import { createPlan, type Plan } from "../plan/plan";
import { Machine, threadsFor } from "./machine";

/** Most memory that a network may take: what a 32-bit address reaches, less room for what lies beside the arena. */
export const ARENA_LIMIT = 3.5 * 2 ** 30;

/** Parts of the gradient's norm, for threads to share out. */
export const SLOTS = 16;

/**
 * A supernet, or a discrete network, on the CPU: the plan's kernels in SIMD WebAssembly. Runs in Node and in a worker; a call computes
 * before it returns, so not on a page's main thread. The same calls give the same bits on the same machine, with any number of threads.
 * @param threads by default as many as pay with a network of this size; helping threads end with `dispose`
 * @param weights in the order of `parameterLayout`, or a whole state as `exportState` returns it
 * @throws {InputError} where the network needs more memory than there is, or has an operation without a kernel
 */
export async function createWasmEngine(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  threads?: number,
): Promise<Engine> {
  const plan = createPlan(spec, { limit: ARENA_LIMIT, slots: SLOTS });
  const engine = new WasmEngine(plan, await Machine.create(plan, threads ?? threadsFor(plan)));
  try {
    engine.importState(weights);
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}

class WasmEngine implements Engine {
  readonly spec: SupernetSpec;
  readonly arenaBytes: number;
  kernelMilliseconds = 0;
  private machine: Machine | undefined;

  constructor(
    private readonly plan: Plan,
    machine: Machine,
  ) {
    this.spec = plan.spec;
    this.arenaBytes = plan.floats * 4;
    this.machine = machine;
  }

  async weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score> {
    const { arena } = this.run("weights", mixing, batch, step);
    return readScore(this.plan, arena, 0);
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    requireSupernet(this.spec);
    const { arena } = this.run(perExample ? "examples" : "architecture", mixing, batch);
    return readGradient(this.plan, arena, 0, perExample);
  }

  async weightGradient(mixing: ArrayLike<number>, batch: Batch): Promise<WeightGradient> {
    const { arena } = this.run("gradient", mixing, batch);
    const { offset, floats } = weightGradientRange(this.plan);
    const gradient = unpackWeightGradient(this.plan, arena.subarray(offset, offset + floats));
    return { ...readScore(this.plan, arena, 0), gradient };
  }

  async evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    const { arena } = this.run("evaluate", mixing, batch);
    return readScore(this.plan, arena, 0);
  }

  async predict(mixing: ArrayLike<number>, batch: Batch): Promise<Predictions> {
    const { arena } = this.run("evaluate", mixing, batch);
    const { offset, floats } = logitsRange(this.plan);
    return readPredictions(this.plan, arena, 0, arena.subarray(offset, offset + floats), batch);
  }

  async exportState(): Promise<Float32Array> {
    return unpackState(this.plan, this.rangesOfState());
  }

  importState(state: ArrayLike<number>): void {
    packState(this.plan, state, this.rangesOfState());
  }

  dispose(): void {
    this.machine?.dispose();
    this.machine = undefined;
  }

  /** Where the arena keeps the parts of the state. */
  private rangesOfState(): Float32Array[] {
    const { arena } = this.working();
    return stateParts(this.plan).map(({ offset, floats }) => arena.subarray(offset, offset + floats));
  }

  private working(): Machine {
    if (!this.machine) throw new Error("the engine was disposed of");
    return this.machine;
  }

  private run(pass: keyof Plan["programs"], mixing: ArrayLike<number>, batch: Batch, step?: WeightStep): Machine {
    const machine = this.working();
    writeInputs(this.plan, machine.arena, 0, mixing, batch, step);
    const begun = performance.now();
    machine.run(this.plan.programs[pass]);
    this.kernelMilliseconds += performance.now() - begun;
    return machine;
  }
}
