import { InputError } from "../../core/errors";
import type { ArchitectureGradient, Batch, Score, WeightStep } from "../engine";
import { layoutSize, parameterLayout } from "../network";
import type { Plan } from "./plan";
import { pack, unpack, vectorsOf } from "./weights";

/**
 * What goes into the arena before a program runs, and what comes out after it: two ranges, from `regions.mixing` up to `regions.losses`,
 * and from there up to `outputEnd`. `origin` is the offset of the float that a view begins with: 0 for a view of the whole arena.
 */

/** Writes mixing weights, images and labels, and for a weight step its settings. @throws {InputError} where the sizes are wrong */
export function writeInputs(
  plan: Plan,
  view: Float32Array,
  origin: number,
  mixing: ArrayLike<number>,
  batch: Batch,
  step?: WeightStep,
): void {
  const { regions, spec, images } = plan;
  const { image, imageChannels, classes } = spec.sizes;
  const positions = image * image;
  if (mixing.length !== spec.space.size) {
    throw new InputError(`expected ${spec.space.size} mixing weights, got ${mixing.length}`);
  }
  if (batch.labels.length !== spec.batch || batch.images.length !== spec.batch * positions * imageChannels) {
    throw new InputError(
      `expected a batch of ${spec.batch} images of ${image} x ${image} x ${imageChannels}, ` +
        `got ${batch.labels.length} labels and ${batch.images.length} pixel values`,
    );
  }
  if (batch.labels.some((label) => label >= classes)) {
    throw new InputError(`a label of the batch is not below the number of classes, ${classes}`);
  }
  view.set(Float32Array.from(mixing), regions.mixing - origin);
  if (step) view.set([step.rate, step.momentum, step.decay, step.clip], regions.hyper - origin);
  view.set(batch.labels, regions.labels - origin);
  const vectors = vectorsOf(imageChannels);
  const start = regions.images - origin;
  let from = 0;
  for (let b = 0; b < spec.batch; b++) {
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < imageChannels; c++) {
        view[start + ((p * vectors + (c >> 2)) * images + b) * 4 + (c & 3)] = batch.images[from++];
      }
    }
  }
}

/** End of what a program leaves for its caller. */
export function outputEnd(plan: Plan, perExample: boolean): number {
  const { regions, spec, images } = plan;
  return perExample ? regions.examples + spec.space.size * images : regions.mixingGradient + spec.space.size;
}

/** Loss and accuracy of the batch. */
export function readScore({ regions, spec: { batch } }: Plan, view: Float32Array, origin: number): Score {
  const mean = (offset: number) => {
    let sum = 0;
    for (let b = 0; b < batch; b++) sum += view[offset - origin + b];
    return sum / batch;
  };
  return { loss: mean(regions.losses), accuracy: mean(regions.hits) };
}

export function readGradient(
  plan: Plan,
  view: Float32Array,
  origin: number,
  perExample: boolean,
): ArchitectureGradient {
  const { regions, images } = plan;
  const { batch, space } = plan.spec;
  const { size } = space;
  const at = regions.mixingGradient - origin;
  const result = { ...readScore(plan, view, origin), gradient: Float64Array.from(view.subarray(at, at + size)) };
  if (!perExample) return result;
  const examples = new Float64Array(batch * size);
  for (let b = 0; b < batch; b++) {
    // The arena holds each image's part of the mean loss's gradient; its own is of its own loss, batch times as large.
    for (let k = 0; k < size; k++) {
      examples[b * size + k] = batch * view[regions.examples - origin + k * images + b];
    }
  }
  return { ...result, perExample: examples };
}

/** Weights then velocities in the order of `parameterLayout`, from the two packed regions that hold them. */
export function unpackState({ blocks, spec }: Plan, weights: Float32Array, velocities: Float32Array): Float32Array {
  const count = layoutSize(parameterLayout(spec.space, spec.sizes));
  const state = new Float32Array(2 * count);
  unpack(blocks, weights, state.subarray(0, count));
  unpack(blocks, velocities, state.subarray(count));
  return state;
}

/**
 * The other way: fills the two packed regions, padding included.
 * @param state weights, or weights then velocities; without them the velocities are zero
 * @throws {InputError} where it is of another length
 */
export function packState(
  { blocks, spec }: Plan,
  state: ArrayLike<number>,
  weights: Float32Array,
  velocities: Float32Array,
): void {
  const count = layoutSize(parameterLayout(spec.space, spec.sizes));
  if (state.length !== count && state.length !== 2 * count) {
    throw new InputError(`expected ${count} weights, or ${2 * count} with their velocities, got ${state.length}`);
  }
  const flat = Float32Array.from(state);
  pack(blocks, flat.subarray(0, count), weights);
  velocities.fill(0);
  if (flat.length > count) pack(blocks, flat.subarray(count), velocities);
}
