import type { Progress } from "../device";
import type { Batch, GroupEngine, Score, SupernetSpec, WeightStep } from "../engine";
import { inputFloats, writeInputs } from "../plan/exchange";
import { createGroupPlan, type GroupPass, type GroupPlan, readScores, requireWeights } from "../plan/group";
import { partsFor, readState, writeState } from "./engine";
import { arenaLimit, Executor } from "./executor";
import { type Variant, variantsFor } from "./lower";
import { slotsOf } from "./shaders/optimiser";

/**
 * Discrete networks that train side by side on a WebGPU device, which stays the caller's: kernels of the same kind and size over several
 * networks are one dispatch.
 * @param weights of each network, in the order of `parameterLayout`, or a whole state
 * @throws {InputError} where the networks do not go together, or the device cannot hold them
 */
export async function createWebGpuGroup(
  device: GPUDevice,
  specs: readonly SupernetSpec[],
  weights: readonly ArrayLike<number>[],
  onProgress?: Progress,
  variant: Variant = variantsFor(device)[0],
): Promise<GroupEngine> {
  requireWeights(specs, weights);
  const parts = specs.length > 0 ? partsFor(specs[0]) : 1;
  const plan = createGroupPlan(specs, { parts, slots: slotsOf(variant.reducing), limit: arenaLimit(device) });
  const executor = await Executor.create(device, plan, variant, onProgress);
  for (const [i, member] of plan.members.entries()) writeState(executor, member, weights[i]);
  return new WebGpuGroup(specs, plan, executor);
}

class WebGpuGroup implements GroupEngine {
  readonly arenaBytes: number;
  private readonly inputs: Float32Array<ArrayBuffer>;

  constructor(
    readonly specs: readonly SupernetSpec[],
    private readonly plan: GroupPlan,
    private readonly executor: Executor,
  ) {
    this.arenaBytes = executor.bytes;
    this.inputs = new Float32Array(inputFloats(plan.members[0]));
  }

  weightStep(batch: Batch, step: WeightStep): Promise<Score[]> {
    return this.run("weights", batch, step);
  }

  evaluate(batch: Batch): Promise<Score[]> {
    return this.run("evaluate", batch);
  }

  exportStates(): Promise<Float32Array[]> {
    return Promise.all(this.plan.members.map((member) => readState(this.executor, member)));
  }

  dispose(): void {
    this.executor.dispose();
  }

  /** Writes the inputs and runs a program at once; the scores come later. */
  private async run(pass: GroupPass, batch: Batch, step?: WeightStep): Promise<Score[]> {
    const { members, outputs } = this.plan;
    const { mixing } = members[0].regions;
    writeInputs(members[0], this.inputs, mixing, [], batch, step);
    this.executor.write(mixing, this.inputs);
    return readScores(this.plan, await this.executor.run(pass, outputs), outputs.offset);
  }
}
