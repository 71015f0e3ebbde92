import * as tf from "@tensorflow/tfjs-core";
import { NORM_EPSILON } from "../network";

/** Layers whose gradient TensorFlow.js gets wrong, lacks, or spreads over many kernels: forward and backward are written out. */

type Save = (tensors: tf.Tensor[]) => void;

/** A function of one tensor with a derivative of our own. */
function layer(
  forward: (x: tf.Tensor, save: Save) => tf.Tensor,
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor,
): (x: tf.Tensor) => tf.Tensor {
  return tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, Save];
    return { value: forward(x, save), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => backward(dy, saved) };
  });
}

/** All axes of a batch of maps (batch x height x width x channels) but the channels. */
const PER_CHANNEL = [0, 1, 2];

const channelMean = (x: tf.Tensor) => tf.mean(x, PER_CHANNEL, true);

/** Batch norm without scale and offset, by the batch's own statistics (biased variance): Ioffe and Szegedy 2015. */
export const normalise = layer(
  (x, save) => {
    const centred = tf.sub(x, channelMean(x));
    const inverse = tf.rsqrt(tf.add(channelMean(tf.square(centred)), NORM_EPSILON));
    const y = tf.mul(centred, inverse);
    save([y, inverse]);
    return y;
  },
  (dy, [y, inverse]) => tf.mul(inverse, tf.sub(tf.sub(dy, channelMean(dy)), tf.mul(y, channelMean(tf.mul(dy, y))))),
);

/** An average pool that leaves padding out of the average. */
export interface AveragePool {
  readonly size: number;
  readonly stride: number;
  /** Zeros around the map: before and after, of rows and of columns alike. */
  readonly padding: [before: number, after: number];
  /** 1 x side x side x 1: the window's area over the number of its pixels that exist. Null where every window lies inside. */
  readonly correction: tf.Tensor | null;
}

/** The pool for square maps of a given side. Holds a tensor; it ends with the caller's tidy unless kept. */
export function averagePoolFor(side: number, size: number, stride: number, padding: [number, number]): AveragePool {
  const [before, after] = padding;
  if (before + after === 0) return { size, stride, padding, correction: null };
  const outputs = Math.floor((before + side + after - size) / stride) + 1;
  const share = Array.from({ length: outputs }, (_, i) => {
    const start = i * stride - before;
    return size / (Math.min(start + size, side) - Math.max(start, 0));
  });
  const values = share.flatMap((row) => share.map((column) => row * column));
  return { size, stride, padding, correction: tf.tensor(values, [1, outputs, outputs, 1]) };
}

/**
 * Average pool over existing pixels. `tf.avgPool` with padding leaves it out of the average too, but its gradient divides by the whole
 * window on every backend; so the map is padded first and the average corrected after.
 */
export function averagePool(x: tf.Tensor, { size, stride, padding, correction }: AveragePool): tf.Tensor {
  const correct = (t: tf.Tensor) => (correction ? tf.mul(t, correction) : t);
  const [, height, width, channels] = x.shape;
  const [before] = padding;
  return layer(
    (input, save) => {
      const padded = correction ? tf.pad(input, [[0, 0], padding, padding, [0, 0]]) : input;
      save([padded]);
      return correct(tf.avgPool(padded as tf.Tensor4D, size, stride, "valid"));
    },
    (dy, [padded]) => {
      const attributes = { filterSize: [size, size], strides: [stride, stride], pad: "valid" };
      const dPadded = tf
        .engine()
        .runKernel(tf.AvgPoolGrad, { dy: correct(dy), input: padded }, attributes) as tf.Tensor;
      return correction ? tf.slice(dPadded, [0, before, before, 0], [-1, height, width, channels]) : dPadded;
    },
  )(x);
}

/** Largest value of 3 x 3 windows around every stride-th pixel. */
export function maxPool(x: tf.Tensor, stride: 1 | 2): tf.Tensor {
  return largest(x, 3, stride, 1);
}

/** Largest value of blocks of 2 x 2; at the end of an odd side they are cut. */
export function blockPool(x: tf.Tensor): tf.Tensor {
  return largest(x, 2, 2, "same");
}

/** The same of a map that is padded by 1. */
export function paddedBlockPool(x: tf.Tensor): tf.Tensor {
  return largest(x, 2, 2, 1);
}

function largest(x: tf.Tensor, size: number, stride: 1 | 2, pad: 1 | "same"): tf.Tensor {
  return layer(
    (input, save) => {
      const y = tf.maxPool(input as tf.Tensor4D, size, stride, pad);
      save([input, y]);
      return y;
    },
    (dy, [input, output]) => {
      const attributes = { filterSize: [size, size], strides: [stride, stride], pad };
      return tf.engine().runKernel(tf.MaxPoolGrad, { dy, input, output }, attributes) as tf.Tensor;
    },
  )(x);
}

/** The map without its first row and column; zeros come in behind the last. */
export const shifted = layer(
  (x) => {
    const [batch, height, width, channels] = x.shape;
    const rest = tf.slice(x, [0, 1, 1, 0], [batch, height - 1, width - 1, channels]);
    return tf.pad(rest, [
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ]);
  },
  (dy) => {
    const [batch, height, width, channels] = dy.shape;
    const rest = tf.slice(dy, [0, 0, 0, 0], [batch, height - 1, width - 1, channels]);
    return tf.pad(rest, [
      [0, 0],
      [1, 0],
      [1, 0],
      [0, 0],
    ]);
  },
);

/**
 * A kernel (height x width x channels) with a zero between its taps, so that it needs no dilation: TensorFlow.js has no dilation with a
 * stride, and its gradients of depthwise convolutions ignore it.
 */
export const dilated = layer(
  (filter) => {
    const [side, , channels] = filter.shape;
    const spread = tf.pad(tf.reshape(filter, [side, 1, side, channels]), [
      [0, 0],
      [0, 1],
      [0, 0],
      [0, channels],
    ]);
    return tf.slice(tf.reshape(spread, [2 * side, 2 * side, channels]), 0, [2 * side - 1, 2 * side - 1, channels]);
  },
  (dy) => {
    const [reach, , channels] = dy.shape;
    const side = (reach + 1) / 2;
    const whole = tf.reshape(
      tf.pad(dy, [
        [0, 1],
        [0, 1],
        [0, 0],
      ]),
      [side, 2, side, 2 * channels],
    );
    return tf.reshape(tf.slice(whole, 0, [side, 1, side, channels]), [side, side, channels]);
  },
);

/** Channel shuffle: channel j * groups + g becomes channel g * channels / groups + j of x. Its inverse is that with channels / groups groups. */
export function shuffleChannels(x: tf.Tensor, groups: number): tf.Tensor {
  const channels = x.shape[x.shape.length - 1];
  const turned = (t: tf.Tensor, rows: number) =>
    tf.reshape(tf.transpose(tf.reshape(t, [-1, rows, channels / rows]), [0, 2, 1]), t.shape);
  return layer(
    (input) => turned(input, groups),
    (dy) => turned(dy, channels / groups),
  )(x);
}

/** Cross-entropy of each example, nats, length batch. Both tensors are batch x classes. */
export function crossEntropy(logits: tf.Tensor, oneHot: tf.Tensor): tf.Tensor {
  return layer(
    (input, save) => {
      const logProbabilities = tf.logSoftmax(input);
      save([logProbabilities]);
      return tf.neg(tf.sum(tf.mul(oneHot, logProbabilities), 1));
    },
    (dy, [logProbabilities]) => tf.mul(tf.reshape(dy, [-1, 1]), tf.sub(tf.exp(logProbabilities), oneHot)),
  )(logits);
}
