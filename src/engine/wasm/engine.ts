import { InputError } from "../../core/errors";
import type { ArchitectureGradient, Batch, Engine, Score, SupernetSpec, WeightStep } from "../engine";
import { layoutSize, parameterLayout } from "../network";
import { readGradient, readScore, writeInputs } from "../plan/exchange";
import { createPlan, type Plan } from "../plan/plan";
import { pack, unpack } from "../plan/weights";
import { Machine } from "./machine";

/** Most memory that a network may take: what a 32-bit address reaches, less room for what lies beside the arena. */
const LIMIT = 3.5 * 2 ** 30;

/** Parts of the gradient's norm, for threads to share out. */
const SLOTS = 16;

/**
 * A supernet on the CPU: the plan's kernels in SIMD WebAssembly. Runs in Node and in a worker; a call computes before it returns, so
 * not on a page's main thread. The same calls give the same bits on the same machine.
 * @param weights in the order of `parameterLayout`, or weights then velocities as `exportState` returns them
 * @throws {InputError} where the network needs more memory than there is, or has an operation without a kernel
 */
export async function createWasmEngine(spec: SupernetSpec, weights: ArrayLike<number>): Promise<Engine> {
  const plan = createPlan(spec, { limit: LIMIT, slots: SLOTS });
  const engine = new WasmEngine(plan, await Machine.create(plan));
  engine.importState(weights);
  return engine;
}

class WasmEngine implements Engine {
  readonly spec: SupernetSpec;
  private machine: Machine | undefined;

  constructor(
    private readonly plan: Plan,
    machine: Machine,
  ) {
    this.spec = plan.spec;
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
    const { arena } = this.run(perExample ? "examples" : "architecture", mixing, batch);
    return readGradient(this.plan, arena, 0, perExample);
  }

  async evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    const { arena } = this.run("evaluate", mixing, batch);
    return readScore(this.plan, arena, 0);
  }

  async exportState(): Promise<Float32Array> {
    const { arena } = this.working();
    const { blocks, regions, packed } = this.plan;
    const count = this.parameters();
    const state = new Float32Array(2 * count);
    unpack(blocks, arena.subarray(regions.weights, regions.weights + packed), state.subarray(0, count));
    unpack(blocks, arena.subarray(regions.velocities, regions.velocities + packed), state.subarray(count));
    return state;
  }

  importState(state: ArrayLike<number>): void {
    const { arena } = this.working();
    const { blocks, regions, packed } = this.plan;
    const count = this.parameters();
    if (state.length !== count && state.length !== 2 * count) {
      throw new InputError(`expected ${count} weights, or ${2 * count} with their velocities, got ${state.length}`);
    }
    const flat = Float32Array.from(state);
    pack(blocks, flat.subarray(0, count), arena.subarray(regions.weights, regions.weights + packed));
    const velocities = arena.subarray(regions.velocities, regions.velocities + packed);
    velocities.fill(0);
    if (flat.length > count) pack(blocks, flat.subarray(count), velocities);
  }

  dispose(): void {
    this.machine = undefined;
  }

  private parameters(): number {
    return layoutSize(parameterLayout(this.spec.space, this.spec.sizes));
  }

  private working(): Machine {
    if (!this.machine) throw new Error("the engine was disposed of");
    return this.machine;
  }

  private run(pass: keyof Plan["programs"], mixing: ArrayLike<number>, batch: Batch, step?: WeightStep): Machine {
    const machine = this.working();
    writeInputs(this.plan, machine.arena, 0, mixing, batch, step);
    machine.run(this.plan.programs[pass]);
    return machine;
  }
}
