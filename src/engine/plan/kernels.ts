/** What the three kernels of a convolution have in common, and where the gradients of weights go. */
const CONV = [
  "x",
  "xSide",
  "xVectors",
  "z",
  "zSide",
  "kernel",
  "stride",
  "wide",
  "wideVectors",
  "point",
  "pointVectors",
  "rectify",
] as const;
const DEPTHWISE = [
  "x",
  "xSide",
  "xVectors",
  "xFirst",
  "xCount",
  "z",
  "zSide",
  "zVectors",
  "zFirst",
  "vectors",
  "kernel",
  "stride",
  "dilation",
  "weights",
] as const;
const POINTWISE = ["z", "positions", "groups", "ins", "outs", "weights"] as const;
const PARTS = ["parts", "partStride"] as const;

/**
 * The instruction set of a plan: every kind of kernel, what it computes and the order of its arguments. An executor (SIMD WASM, WGSL)
 * holds one function a kind and replays the entries of a program in order; each entry may read what earlier ones wrote, and nothing
 * else orders them. Adding an operation to a network means a kind (or a kind of term) here, its function in each executor, and a rule
 * in the planner.
 *
 * Arena. One array of float32, all zero at the start. Every argument that is an offset counts floats from its beginning and is a
 * multiple of four. -1 stands for "absent".
 *
 * Tensors. position x vector x image x 4: element (position p, channel c, image b) lies at
 *     offset + ((p * vectors + (c >> 2)) * images + b) * 4 + (c & 3)
 * where `images` is the batch rounded up to a multiple of four (`Plan.images`) and positions run row by row over a square of
 * `side` x `side`. So the innermost loop of every kernel runs over images, with neither borders nor divergence in it: on a CPU a
 * stream of contiguous vectors, on a GPU neighbouring threads on neighbouring addresses that share their weights. Channels are padded
 * with zeros to a multiple of four and stay zero through every kernel. The images that pad the batch hold whatever falls out:
 * kernels may compute them, but a reduction must leave them out.
 *
 * Convolution weights. out vector x tap x in channel x 4 outs: weight (tap t, in i, out o) of a block lies at
 *     offset + (((o >> 2) * kernel * kernel + t) * inChannels + i) * 4 + (o & 3)
 * with t = ky * kernel + kx and inChannels padded. Blocks of convolutions that share their input follow each other, so that together
 * they are one block with all their out vectors side by side. A depthwise convolution has a single in channel for each out channel:
 *     offset + ((c >> 2) * kernel * kernel + t) * 4 + (c & 3)
 *
 * Statistics of one vector of channels are 8 floats: mean x 4, then 1 / sqrt(biased variance + epsilon) x 4; those of vector v of a
 * tensor lie at stats + 8 v. n below is batch * side * side, the number of values behind one channel's statistics.
 * xhat = (z - mean) * inverse deviation.
 */
export const KERNELS = {
  /**
   * Convolution. z[p, o, b] = sum over taps t and channels i of w[t, i, o] * f(x[p * stride + t - pad, i, b]), f = max(0, .) where
   * `rectify` is 1 and the identity where 0; taps outside of the image count as zero; pad = (kernel - 1) / 2, at all borders.
   * The first `wideVectors` vectors of z take the weights at `wide` (kernel x kernel), the following `pointVectors` those at `point`
   * (1 x 1, at the centre tap). z has wideVectors + pointVectors vectors. The classifier is one of these with one position.
   */
  conv: CONV,
  /**
   * Convolution, backward by data; arguments as in `conv` with dL/dz in the place of z.
   * dx[q, i, b] = (add ? dx[q, i, b] : 0) + f'(x) * sum over t, o with p * stride + t - pad = q of w[t, i, o] * z[p, o, b],
   * f' = (x[q, i, b] > 0) where `rectify` is 1, else 1.
   */
  convData: [...CONV, "dx", "add"],
  /**
   * Convolution, backward by weights; arguments as in `conv` with dL/dz in the place of z and the gradient's blocks in the place of the
   * weights'. dw[t, i, o] = sum over p and real images b of f(x[p * stride + t - pad, i, b]) * z[p, o, b]. The sum is split into
   * `parts`: part k covers the positions p from floor(k * zSide^2 / parts) up to floor((k + 1) * zSide^2 / parts) and goes to
   * k * partStride floats after the block; a part without positions writes zeros.
   */
  convWeights: [...CONV, ...PARTS],
  /** Batch statistics of every channel of z, over positions and real images, to stats[0 .. 8 * vectors]. */
  stats: ["z", "positions", "vectors", "stats"],
  /**
   * y = f(scale * xhat(z) + offset (+ addend, a tensor like z, where it isn't -1; it may be y)), f = max(0, .) where `rectify` is 1 and
   * the identity where 0. Scale and offset of -1 are one and zero.
   */
  norm: ["z", "positions", "vectors", "stats", "scale", "offset", "addend", "y", "rectify"],
  /**
   * The two reductions of batch norm's backward pass, over positions and real images: sums[c] = sum of dy * xhat(z), then
   * sums[4 * vectors + c] = sum of dy. They are also the gradients of scale and offset.
   */
  normReduce: ["dy", "z", "positions", "vectors", "stats", "sums"],
  /** z becomes dL/dz = scale * inverse deviation * (dy - sum(dy) / n - xhat(z) * sum(dy * xhat) / n), with normReduce's sums; scale as in norm. */
  normMap: ["dy", "z", "positions", "vectors", "stats", "scale", "sums"],
  /**
   * A node of a cell: y = sum over its terms of arena[weight] * term. Kinds of term (`TERM`):
   *   0 identity: source;  1 normalised: xhat of vectors first .. first + vectors of the source, statistics at `stats` (already
   *   those of `first`);  2 average: mean of the source over the up to nine positions of a 3 x 3 window inside the image.
   * sourceVectors is the number of vectors of the source as a tensor. A term is there for the vectors to .. to + count of y, and zero
   * for the others: vector v of y has vector first + v - to of the source. Kinds 1 and 2 are there for all.
   */
  node: ["y", "side", "vectors"],
  /**
   * Reductions over positions and real images for a node's terms: totals[c] = sum of dy, and for every term sums[c] = sum of
   * dy * term (4 * vectors floats each).
   */
  nodeReduce: ["dy", "side", "vectors", "totals"],
  /**
   * For every term, all of which are of kind 1: vectors first .. first + vectors of the source become
   * arena[weight] * inverse deviation * (dy - totals / n - xhat * sums / n).
   */
  nodeMap: ["dy", "side", "vectors", "totals"],
  /**
   * dx = sum over spread terms of arena[weight] * (kind 0: dy;  kind 2: the transpose of the average, each dy divided by the number of
   * positions in its own window and added to all of them). Without terms dx becomes zero. Terms have ranges as in `node`, kind 2 all
   * vectors. Where `mask`, a tensor like dx that isn't -1, is not above zero, dx becomes zero.
   */
  spread: ["dx", "side", "vectors", "mask"],
  /**
   * For every term: out[(weight - mixing) * images + b] = (add ? itself : 0) + sum over positions and channels of dy * term of image b
   * alone. Times the batch it is the gradient of the batch's summed loss by image b's own copy of the mixing weights.
   */
  examples: ["dy", "side", "vectors", "mixing", "out", "add"],
  /**
   * out[k] for k < size: the sum of all floats of the lists of part k. The list holds for every cell its number of vectors and then
   * `size` offsets of sums (4 * vectors floats), -1 where the operation has none.
   */
  mixingGradient: ["out", "size", "cells"],
  /** Mean over the up to four existing pixels of every 2 x 2 window, stride 2; y has side ceil(xSide / 2). */
  pool: ["x", "xSide", "vectors", "y"],
  /** dx = dy of the pixel's window / number of existing pixels in that window. Overwrites dx. */
  poolData: ["dy", "xSide", "vectors", "dx"],
  /** f[c, b] = mean over positions of max(0, scale * xhat(x) + offset); f is a tensor of one position. */
  features: ["x", "positions", "vectors", "stats", "scale", "offset", "f"],
  /** As normReduce with dy = (scale * xhat + offset > 0) * df[c, b] / positions. */
  featuresReduce: ["df", "x", "positions", "vectors", "stats", "scale", "offset", "sums"],
  /** As normMap with that dy, to dx (x stays). */
  featuresMap: ["df", "x", "positions", "vectors", "stats", "scale", "offset", "sums", "dx"],
  /**
   * Softmax cross-entropy for each image b: y = logits + bias over the first `classes` channels; losses[b] = -log softmax(y)[label];
   * hits[b] = 1 where the label's y is the largest (the first of equals), else 0; logits become (softmax(y) - onehot) / batch, and zero
   * for the channels that pad the classes. labels[b] is a class as a float. Images that pad the batch are left alone.
   */
  loss: ["logits", "classes", "bias", "labels", "losses", "hits"],
  /** out[c] = sum over real images of z[c, b], z a tensor of one position. */
  biasGradient: ["z", "vectors", "out"],
  /**
   * gradient[i] for i < count becomes the sum of its `parts` (partStride floats apart); squares[s] = the sum of the squares of the results
   * over i from floor(s * count / slots / 4) * 4 up to the same of s + 1.
   */
  gradientNorm: ["gradient", "count", "parts", "partStride", "squares", "slots"],
  /**
   * SGD with Nesterov momentum. hyper = rate, momentum, decay, clip. norm = sqrt(sum of the slots of squares);
   * g = gradient * min(1, clip / (norm + 1e-6)) + decay * w;  v = momentum * v + g;  w = w - rate * (g + momentum * v).
   */
  update: ["weights", "velocities", "gradient", "count", "squares", "slots", "hyper"],
  /**
   * Running statistics, 8 * vectors floats: running[c] += 0.1 * (mean - running[c]), and as much towards the unbiased variance for
   * running[4 * vectors + c]. The biased variance is 1 / inverse deviation^2 - epsilon; times n / max(1, n - 1) it is unbiased.
   */
  track: ["stats", "positions", "vectors", "running"],
  /** Statistics as `stats` leaves them, of the running mean and variance. */
  runningStats: ["running", "vectors", "stats"],
  /**
   * Rectified depthwise convolutions: vectors zFirst .. zFirst + vectors of z, which has zVectors; the u-th of them comes from vector
   * xFirst + u % xCount of x, so that several convolutions may share their input.
   * z[p, u, b] = sum over taps t of w[t, u] * max(0, x[p * stride + dilation * (t - centre), b]); taps outside of the image count as zero.
   */
  depthwise: DEPTHWISE,
  /**
   * Backward by data; arguments as in `depthwise` with dL/dz in the place of z. For the vectors xFirst .. xFirst + xCount of dx, a tensor
   * like x which it may be: dx[q, b] = (add ? itself : 0) + (x[q, b] > 0) * sum over u and t of w[t, u] * z[p, u, b].
   */
  depthwiseData: [...DEPTHWISE, "dx", "add"],
  /** Backward by weights, to `weights`, in parts as in `convWeights`. */
  depthwiseWeights: [...DEPTHWISE, ...PARTS],
  /**
   * Convolutions 1 x 1 side by side, each of its own `ins` vectors of x to its own `outs` vectors of z: x has groups * ins vectors, z
   * groups * outs. Their blocks of weights follow each other.
   */
  pointwise: ["x", ...POINTWISE],
  /** Backward by data: dL/dz in the place of z; overwrites dx. */
  pointwiseData: ["dx", ...POINTWISE],
  /** Backward by weights, to `weights`, in parts as in `convWeights`. */
  pointwiseWeights: ["x", ...POINTWISE, ...PARTS],
  /**
   * Windows of 3 x 3 around the pixels p * stride, those pixels alone that exist. By kind (`WINDOW`):
   *   0 max, whose tap (the first of equals) goes to `winners`, a tensor like y;  1 mean;  2 the last tap, at p * stride + 1, or zero;
   *   3 max as well, of the last two rows and columns of taps alone: the block of 2 x 2 at p * stride;
   *   4 max of the first two rows and columns of taps: blocks of 2 x 2, padded by 1.
   * `winners` is -1 but for kinds 0, 3 and 4. Every window of y has a pixel, but for kind 2.
   */
  windows: ["kind", "stride", "x", "xSide", "vectors", "y", "ySide", "winners"],
  /** Backward: dx = (add ? dx : 0) + arena[weight] * the transpose of `windows`; a weight of -1 is one. */
  windowsData: ["kind", "stride", "dy", "xSide", "vectors", "dx", "ySide", "winners", "add", "weight"],
  /**
   * Channels from .. from + channels of x to channels to .. to + channels of y, added where `add` is 1. Of the vectors of y that it
   * writes, the channels before `to` stay as they are, those behind the last become zero.
   */
  copy: ["x", "xVectors", "from", "y", "yVectors", "to", "channels", "positions", "add"],
  /** f[c, b] = mean over positions of x; f is a tensor of one position. */
  mean: ["x", "positions", "vectors", "f"],
  /** dx[p, c, b] = df[c, b] / positions. */
  meanData: ["df", "positions", "vectors", "dx"],
  /**
   * Channel shuffle (ShuffleNet, Zhang et al., CVPR 2018) of `channels` channels, n = channels / groups: channel j * groups + g of y is
   * channel g * n + j of x. Its inverse is the shuffle with n groups, a plain copy the one with a single group. x and y may lie in two
   * tensors each: the channels before xPart in x, those from there on in xRest, which is -1 where xPart is all of them; y alike. Channels
   * that pad y become zero.
   */
  shuffle: ["x", "xRest", "xPart", "y", "yRest", "yPart", "channels", "groups", "positions"],
} as const;

export type Kind = keyof typeof KERNELS;

/** Kinds in the order of their opcodes. */
export const KINDS = Object.keys(KERNELS) as Kind[];

/** Kinds of term, see `node`. */
export const TERM = { identity: 0, normalised: 1, average: 2 } as const;

/** Kinds of window, see `windows`. */
export const WINDOW = { max: 0, mean: 1, last: 2, block: 3, corner: 4 } as const;

/** One term of a node, the record that follows the count in `node`, `nodeReduce`, `nodeMap` and `examples`; `sums` is -1 in `node`. */
export const TERM_FIELDS = [
  "kind",
  "source",
  "sourceVectors",
  "first",
  "stats",
  "weight",
  "sums",
  "to",
  "count",
] as const;
export type Term = Readonly<Record<(typeof TERM_FIELDS)[number], number>>;

/** One term of `spread`: the gradient of a node that reads this one, and the mixing weight with which it does; ranges as in `node`. */
export const SPREAD_FIELDS = ["kind", "dy", "dyVectors", "first", "weight", "to", "count"] as const;
export type SpreadTerm = Readonly<Record<(typeof SPREAD_FIELDS)[number], number>>;

export type Arguments<K extends Kind> = Readonly<Record<(typeof KERNELS)[K][number], number>>;

/** One kernel to run: what a program is a list of. */
export interface Entry {
  readonly kind: Kind;
  /** As `KERNELS` orders them; then, for kinds with terms, their count and their fields one after the other. */
  readonly args: readonly number[];
  /** The layer it belongs to, for profiles and error messages. */
  readonly layer: string;
}

/** The terms of an entry of a kind that has them. */
export function termsOf<F extends string>(entry: Entry, fields: readonly F[]): Record<F, number>[] {
  const start = KERNELS[entry.kind].length + 1;
  return Array.from({ length: entry.args[start - 1] }, (_, t) => {
    const term = {} as Record<F, number>;
    for (const [f, field] of fields.entries()) term[field] = entry.args[start + t * fields.length + f];
    return term;
  });
}

/** The named arguments of an entry. */
export function argumentsOf<K extends Kind>(kind: K, entry: Entry): Arguments<K> {
  const names: readonly string[] = KERNELS[kind];
  return Object.fromEntries(names.map((name, i) => [name, entry.args[i]])) as Arguments<K>;
}

/** A program as integers: opcode, number of arguments, arguments; entry after entry. */
export function encode(entries: readonly Entry[]): Int32Array {
  return Int32Array.from(entries.flatMap(({ kind, args }) => [KINDS.indexOf(kind), args.length, ...args]));
}
