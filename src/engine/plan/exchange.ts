import { InputError } from "../../core/errors";
import type { ArchitectureGradient, Batch, Predictions, Score, WeightStep } from "../engine";
import { wholeState } from "../network";
import { argumentsOf } from "./kernels";
import { foldEdges, mixingSize, withEdges } from "./partial";
import type { Plan } from "./plan";
import { type Block, pack, unpack, vectorsOf } from "./weights";

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
  const expected = spec.architecture ? 0 : spec.space.size;
  if (mixing.length !== expected) {
    throw new InputError(
      `expected ${expected} mixing weights${spec.architecture ? " for a discrete network" : ""}, got ${mixing.length}`,
    );
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
  view.set(withEdges(spec, mixing), regions.mixing - origin);
  view[regions.one - origin] = 1;
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

/** Floats from `regions.mixing` to the end of the images: what `writeInputs` fills. */
export function inputFloats({ regions, spec, images }: Plan): number {
  const { image, imageChannels } = spec.sizes;
  return regions.images + image ** 2 * vectorsOf(imageChannels) * 4 * images - regions.mixing;
}

/** End of what a program leaves for its caller. */
export function outputEnd(plan: Plan, perExample: boolean): number {
  const { regions, spec, images } = plan;
  const size = mixingSize(spec);
  return perExample ? regions.examples + size * images : regions.mixingGradient + size;
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

/** Where the program `evaluate` leaves the logits' gradient. */
export function logitsRange({ programs, spec, images }: Plan): { readonly offset: number; readonly floats: number } {
  const entry = programs.evaluate.find(({ kind }) => kind === "loss");
  if (!entry) throw new Error("the plan has no evaluation");
  return { offset: argumentsOf("loss", entry).logits, floats: 4 * vectorsOf(spec.sizes.classes) * images };
}

/**
 * What the network says of every image, once the program `evaluate` ran.
 * @param logits the range of `logitsRange`: (softmax - one-hot of the label) / batch, of which all classes but the label's are in the
 * order of their logits
 */
export function readPredictions(
  { regions, spec, images }: Plan,
  view: Float32Array,
  origin: number,
  logits: Float32Array,
  { labels }: Batch,
): Predictions {
  const losses = view.slice(regions.losses - origin, regions.losses - origin + spec.batch);
  const at = (c: number, b: number) => logits[((c >> 2) * images + b) * 4 + (c & 3)];
  const classes = labels.map((label, b) => {
    if (view[regions.hits - origin + b] === 1) return label;
    // The label's own is negative.
    let best = 0;
    for (let c = 1; c < spec.sizes.classes; c++) if (at(c, b) > at(best, b)) best = c;
    return best;
  });
  const probabilities = Float32Array.from(classes, (c, b) =>
    c === labels[b] ? Math.exp(-losses[b]) : spec.batch * at(c, b),
  );
  return { losses, classes, probabilities };
}

export function readGradient(
  plan: Plan,
  view: Float32Array,
  origin: number,
  perExample: boolean,
): ArchitectureGradient {
  const { regions, images, spec } = plan;
  const { batch, space } = spec;
  const at = regions.mixingGradient - origin;
  const gradient = foldEdges(spec, (k) => view[at + k]);
  const result = { ...readScore(plan, view, origin), gradient };
  if (!perExample) return result;
  const examples = new Float64Array(batch * space.size);
  for (let b = 0; b < batch; b++) {
    // The arena holds each image's part of the mean loss's gradient; its own is of its own loss, batch times as large.
    const own = foldEdges(spec, (k) => batch * view[regions.examples - origin + k * images + b]);
    examples.set(own, b * space.size);
  }
  return { ...result, perExample: examples };
}

/** Where dL/dw lies in the arena, packed like the weights, once the program `gradient` ran. */
export function weightGradientRange({ regions, packed }: Plan): { readonly offset: number; readonly floats: number } {
  return { offset: regions.gradient, floats: packed };
}

/** dL/dw in the layout's order from its range of the arena. */
export function unpackWeightGradient(plan: Plan, range: Float32Array): Float32Array {
  const flat = new Float32Array(stateParts(plan)[0].scalars);
  unpack(plan.blocks, range, flat);
  return flat;
}

/** A range of the arena that belongs to a network's state, and what it holds. */
export interface StatePart {
  readonly offset: number;
  readonly floats: number;
  readonly blocks: readonly Block[];
  /** Scalars without padding. */
  readonly scalars: number;
}

/** Weights, velocities and, of a discrete network, running statistics: the parts of a state in its order. */
export function stateParts({ regions, packed, blocks, running }: Plan): StatePart[] {
  const part = (offset: number, floats: number, held: readonly Block[]): StatePart => {
    const scalars = held.reduce((sum, { parameter }) => sum + parameter.size, 0);
    return { offset, floats, blocks: held, scalars };
  };
  const parts = [part(regions.weights, packed, blocks), part(regions.velocities, packed, blocks)];
  if (running.length === 0) return parts;
  const floats = running.reduce((sum, { size }) => sum + size, 0);
  return [...parts, part(regions.running, floats, running)];
}

/** The flat state, its layouts' order, from its parts' ranges of the arena. */
export function unpackState(plan: Plan, ranges: readonly Float32Array[]): Float32Array {
  const parts = stateParts(plan);
  const state = new Float32Array(parts.reduce((sum, { scalars }) => sum + scalars, 0));
  let from = 0;
  for (const [i, { blocks, scalars }] of parts.entries()) {
    unpack(blocks, ranges[i], state.subarray(from, from + scalars));
    from += scalars;
  }
  return state;
}

/**
 * The other way: fills its parts' ranges, padding included.
 * @param state whole, or weights alone: then the velocities are zero, running means zero and running variances one
 * @throws {InputError} where it is of another length
 */
export function packState(plan: Plan, state: ArrayLike<number>, ranges: readonly Float32Array[]): void {
  const parts = stateParts(plan);
  const running = plan.running.map(({ parameter }) => parameter).sort((a, b) => a.offset - b.offset);
  const flat = wholeState(parts[0].scalars, running, state);
  let from = 0;
  for (const [i, { blocks, scalars }] of parts.entries()) {
    ranges[i].fill(0);
    pack(blocks, flat.subarray(from, from + scalars), ranges[i]);
    from += scalars;
  }
}
