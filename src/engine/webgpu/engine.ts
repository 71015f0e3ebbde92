import type { ArchitectureGradient, Batch, Engine, Score, SupernetSpec, WeightStep } from "../engine";
import type { Pass } from "../plan/layer";
import { createPlan, type Plan } from "../plan/plan";
import { pack, unpack, vectorsOf } from "../plan/weights";
import { Executor, type Progress } from "./executor";
import { type Variant, variantFor } from "./lower";
import { slotsOf } from "./shaders/optimiser";

/** Partial sums of a weight's gradient: enough to occupy a GPU where layers have few weights. */
function partsFor({ sizes }: SupernetSpec): number {
  return sizes.channels < 32 ? 4 : 1;
}

/**
 * Compiles a supernet for a WebGPU device, which stays the caller's, and fills it with weights in the order of `parameterLayout`;
 * velocities start at zero. `onProgress` hears of compiled pipelines.
 * @throws {InputError} where the device cannot hold the network, or the space has an operation without a kernel
 */
export async function createWebGpuEngine(
  device: GPUDevice,
  spec: SupernetSpec,
  weights: Float32Array,
  onProgress?: Progress,
  variant: Variant = variantFor(device),
): Promise<Engine> {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const plan = createPlan(spec, { parts: partsFor(spec), slots: slotsOf(variant.reducing), limit });
  const engine = new WebGpuEngine(plan, await Executor.create(device, plan, variant, onProgress));
  const state = new Float32Array(2 * weights.length);
  state.set(weights);
  engine.importState(state);
  return engine;
}

class WebGpuEngine implements Engine {
  readonly spec: SupernetSpec;
  /** Mixing weights to images, as they lie in the arena. */
  private readonly inputs: Float32Array<ArrayBuffer>;

  constructor(
    private readonly plan: Plan,
    private readonly executor: Executor,
  ) {
    this.spec = plan.spec;
    const { image, imageChannels } = plan.spec.sizes;
    const pixels = image ** 2 * vectorsOf(imageChannels) * 4 * plan.images;
    this.inputs = new Float32Array(plan.regions.images + pixels - plan.regions.mixing);
  }

  async weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score> {
    return this.score(await this.run("weights", mixing, batch, step));
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    const values = await this.run(perExample ? "examples" : "architecture", mixing, batch);
    const { regions, images } = this.plan;
    const { space, batch: count } = this.spec;
    const from = regions.mixingGradient - regions.losses;
    const gradient = Float64Array.from(values.subarray(from, from + space.size));
    if (!perExample) return { ...this.score(values), gradient };
    const examples = regions.examples - regions.losses;
    const each = new Float64Array(count * space.size);
    for (let b = 0; b < count; b++) {
      for (let k = 0; k < space.size; k++) each[b * space.size + k] = count * values[examples + k * images + b];
    }
    return { ...this.score(values), gradient, perExample: each };
  }

  async evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    return this.score(await this.run("evaluate", mixing, batch));
  }

  async exportState(): Promise<Float32Array> {
    const { regions, packed, blocks } = this.plan;
    const size = this.parameters();
    const state = new Float32Array(2 * size);
    const regionsOfState = [regions.weights, regions.velocities];
    const values = await Promise.all(regionsOfState.map((offset) => this.executor.read({ offset, floats: packed })));
    for (const [i, region] of values.entries()) unpack(blocks, region, state.subarray(i * size, (i + 1) * size));
    return state;
  }

  importState(state: Float32Array): void {
    const { regions, packed, blocks } = this.plan;
    const size = this.parameters();
    if (state.length !== 2 * size) throw new Error(`a state has ${2 * size} numbers, this one ${state.length}`);
    for (const [i, offset] of [regions.weights, regions.velocities].entries()) {
      const region = new Float32Array(packed);
      pack(blocks, state.subarray(i * size, (i + 1) * size), region);
      this.executor.write(offset, region);
    }
  }

  dispose(): void {
    this.executor.dispose();
  }

  private parameters(): number {
    return this.plan.blocks.reduce((sum, { parameter }) => sum + parameter.size, 0);
  }

  /** Writes the inputs and runs a program at once; what it leaves from the losses on comes later. */
  private run(pass: Pass, mixing: ArrayLike<number>, batch: Batch, step?: WeightStep): Promise<Float32Array> {
    const { regions, images } = this.plan;
    const { space, sizes, batch: count } = this.spec;
    const { image, imageChannels } = sizes;
    const pixels = image ** 2 * imageChannels;
    if (mixing.length !== space.size) throw new Error(`${mixing.length} mixing weights in place of ${space.size}`);
    if (batch.labels.length !== count || batch.images.length !== count * pixels) {
      throw new Error(`a batch of ${batch.labels.length} images in place of ${count}`);
    }
    const { inputs } = this;
    const at = (offset: number) => offset - regions.mixing;
    inputs.set(mixing, at(regions.mixing));
    if (step) inputs.set([step.rate, step.momentum, step.decay, step.clip], at(regions.hyper));
    inputs.set(batch.labels, at(regions.labels));
    const vectors = vectorsOf(imageChannels);
    let from = 0;
    for (let b = 0; b < count; b++) {
      for (let p = 0; p < image ** 2; p++) {
        const to = at(regions.images) + (p * vectors * images + b) * 4;
        for (let c = 0; c < imageChannels; c++) inputs[to + (c >> 2) * images * 4 + (c & 3)] = batch.images[from++];
      }
    }
    this.executor.write(regions.mixing, inputs);
    const end = pass === "examples" ? regions.examples + space.size * images : regions.examples;
    return this.executor.run(pass, { offset: regions.losses, floats: end - regions.losses });
  }

  private score(values: Float32Array): Score {
    const { regions } = this.plan;
    const mean = (from: number) => {
      let sum = 0;
      for (let b = 0; b < this.spec.batch; b++) sum += values[from + b];
      return sum / this.spec.batch;
    };
    return { loss: mean(0), accuracy: mean(regions.hits - regions.losses) };
  }
}
