import * as tf from "@tensorflow/tfjs-core";
import { NORM_EPSILON } from "../network";
import type { Parameter } from "../parameter";
import { normalise, shuffleChannels } from "./layers";
import "./gradients";

/** What the reference networks are made of. */

/** Mixing weights, row by row: scalars or batch x 1 x 1 x 1. Null means exactly zero: the operation is not run. */
export type Mixing = readonly (tf.Tensor | null)[];

/** A network of a space in TensorFlow.js. It may hold tensors of its own. */
export interface ReferenceNetwork {
  /**
   * @param mixing one-hot for a discrete network
   * @param images batch x image x image x imageChannels
   * @returns logits, batch x classes
   */
  forward(weights: Weights, mixing: Mixing, images: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** Tensors by the names of a layout. */
export type Tensors = ReadonlyMap<string, tf.Tensor>;

export function tensorsOf(layout: readonly Parameter[], flat: tf.Tensor1D): Tensors {
  const parts = tf.split(
    flat,
    layout.map(({ size }) => size),
  );
  return new Map(layout.map(({ name, shape }, i) => [name, tf.reshape(parts[i], [...shape])] as const));
}

/** What a pass through a network goes by. */
export interface Weights {
  /** Trainable ones. */
  readonly tensors: Tensors;
  /** Statistics that affine norms normalise by; those of the batch without them. */
  readonly running?: Tensors;
  /** Hears of what an affine norm normalises. */
  readonly observe?: (norm: string, x: tf.Tensor) => void;
}

export function weight({ tensors }: Pick<Weights, "tensors">, name: string): tf.Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`the layout has no parameter "${name}"`);
  return tensor;
}

/** WebGPU guarantees a kernel eight buffers, and an unsplit sum binds one for each term beside its result. */
const TERMS_AT_ONCE = 7;

export function sumOf(terms: readonly tf.Tensor[]): tf.Tensor {
  const sum = tf.addN(terms.slice(0, TERMS_AT_ONCE));
  return terms.length > TERMS_AT_ONCE ? sumOf([sum, ...terms.slice(TERMS_AT_ONCE)]) : sum;
}

/** Channels that the operations of edges read, and those that bypass them, where there are some. */
export function partsOf(x: tf.Tensor, partial: number): { first: tf.Tensor; rest: tf.Tensor | undefined } {
  if (partial === 1) return { first: x, rest: undefined };
  const channels = x.shape[3] ?? 0;
  const [first, rest] = tf.split(x, [channels / partial, channels - channels / partial], 3);
  return { first, rest };
}

/** A node of partial channels from the sums of its two parts. */
export function joined(first: tf.Tensor, rest: tf.Tensor, partial: number): tf.Tensor {
  return shuffleChannels(tf.concat([first, rest], 3), partial);
}

/** What bypasses the operations of an edge times the sum of their mixing weights; nothing where they are all null. */
export function bypassing(rest: tf.Tensor, shares: Mixing): tf.Tensor[] {
  const weights = shares.filter((share) => share !== null);
  return weights.length > 0 ? [tf.mul(sumOf(weights), rest)] : [];
}

/** A convolution padded on both sides, as PyTorch pads: 'same' would pad at the far side only where the stride is 2. */
export function convolve(x: tf.Tensor, filter: tf.Tensor, stride: 1 | 2 = 1): tf.Tensor {
  const padding = (filter.shape[0] - 1) / 2;
  return tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding);
}

/** Batch norm: affine where the network has a scale and an offset of that name. */
export function norm(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  const { tensors, running, observe } = weights;
  const scale = tensors.get(`${name}/scale`);
  if (!scale) return normalise(x);
  observe?.(name, x);
  return tf.add(
    tf.mul(running ? normalisedBy(running, x, name) : normalise(x), scale),
    weight(weights, `${name}/offset`),
  );
}

function normalisedBy(tensors: Tensors, x: tf.Tensor, name: string): tf.Tensor {
  const [mean, variance] = ["mean", "variance"].map((which) => weight({ tensors }, `${name}/${which}`));
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)));
}

export function classify(features: tf.Tensor, weights: Weights): tf.Tensor {
  return tf.add(tf.matMul(features, weight(weights, "head/weight")), weight(weights, "head/bias"));
}
