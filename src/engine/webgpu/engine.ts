import type { Progress } from "../device";
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
  inputFloats,
  logitsRange,
  outputEnd,
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
import type { ProgramName } from "../plan/layer";
import { createPlan, type Plan } from "../plan/plan";
import { arenaLimit, Executor } from "./executor";
import { type Variant, variantsFor } from "./lower";
import { slotsOf } from "./shaders/optimiser";

/** Partial sums of a weight's gradient: enough to occupy a GPU where layers have few weights. */
export function partsFor({ sizes }: SupernetSpec): number {
  return sizes.channels < 32 ? 4 : 1;
}

/**
 * Compiles a supernet, or a discrete network, for a WebGPU device, which stays the caller's, and fills it with weights in the order of `parameterLayout`;
 * velocities start at zero. `onProgress` hears of compiled pipelines.
 * @throws {InputError} where the device cannot hold the network, or the space has an operation without a kernel
 */
export async function createWebGpuEngine(
  device: GPUDevice,
  spec: SupernetSpec,
  weights: Float32Array,
  onProgress?: Progress,
  variant: Variant = variantsFor(device)[0],
): Promise<Engine> {
  const limit = arenaLimit(device);
  const plan = createPlan(spec, { parts: partsFor(spec), slots: slotsOf(variant.reducing), limit });
  const engine = new WebGpuEngine(plan, await Executor.create(device, plan, variant, onProgress));
  engine.importState(weights);
  return engine;
}

/** Fills a network's state in the arena, see `packState`. */
export function writeState(executor: Executor, plan: Plan, state: ArrayLike<number>): void {
  const parts = stateParts(plan);
  const ranges = parts.map(({ floats }) => new Float32Array(floats));
  packState(plan, state, ranges);
  for (const [i, { offset }] of parts.entries()) executor.write(offset, ranges[i]);
}

export async function readState(executor: Executor, plan: Plan): Promise<Float32Array> {
  return unpackState(plan, await Promise.all(stateParts(plan).map((part) => executor.read(part))));
}

class WebGpuEngine implements Engine {
  readonly spec: SupernetSpec;
  readonly arenaBytes: number;
  /** Mixing weights to images, as they lie in the arena. */
  private readonly inputs: Float32Array<ArrayBuffer>;

  constructor(
    private readonly plan: Plan,
    private readonly executor: Executor,
  ) {
    this.spec = plan.spec;
    this.arenaBytes = executor.bytes;
    this.inputs = new Float32Array(inputFloats(plan));
  }

  async weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score> {
    return this.score(await this.run("weights", mixing, batch, step));
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    requireSupernet(this.spec);
    const values = await this.run(perExample ? "examples" : "architecture", mixing, batch);
    return readGradient(this.plan, values, this.plan.regions.losses, perExample);
  }

  async weightGradient(mixing: ArrayLike<number>, batch: Batch): Promise<WeightGradient> {
    const [values, range] = await Promise.all([
      this.run("gradient", mixing, batch),
      this.executor.read(weightGradientRange(this.plan)),
    ]);
    return { ...this.score(values), gradient: unpackWeightGradient(this.plan, range) };
  }

  async evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    return this.score(await this.run("evaluate", mixing, batch));
  }

  async predict(mixing: ArrayLike<number>, batch: Batch): Promise<Predictions> {
    const [values, logits] = await Promise.all([
      this.run("evaluate", mixing, batch),
      this.executor.read(logitsRange(this.plan)),
    ]);
    return readPredictions(this.plan, values, this.plan.regions.losses, logits, batch);
  }

  async exportState(): Promise<Float32Array> {
    return readState(this.executor, this.plan);
  }

  importState(state: ArrayLike<number>): void {
    writeState(this.executor, this.plan, state);
  }

  dispose(): void {
    this.executor.dispose();
  }

  /** Writes the inputs and runs a program at once; what it leaves from the losses on comes later. */
  private run(pass: ProgramName, mixing: ArrayLike<number>, batch: Batch, step?: WeightStep): Promise<Float32Array> {
    const { regions } = this.plan;
    writeInputs(this.plan, this.inputs, regions.mixing, mixing, batch, step);
    this.executor.write(regions.mixing, this.inputs);
    const floats = outputEnd(this.plan, pass === "examples") - regions.losses;
    return this.executor.run(pass, { offset: regions.losses, floats });
  }

  private score(values: Float32Array): Score {
    return readScore(this.plan, values, this.plan.regions.losses);
  }
}
