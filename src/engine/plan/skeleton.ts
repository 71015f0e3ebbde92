import {
  type Context,
  type Convolution,
  convData,
  convForward,
  convolution,
  convWeights,
  gradientOf,
  keeps,
  type Layer,
  type Norm,
  normBackward,
  normForward,
  normOf,
  releaseNorm,
  withSums,
} from "./layer";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/** The layers around the cells: stem, residual blocks of stride 2 (NAS-Bench-201, AutoDL-Projects), heads. */

/** Adds the forward entries of a layer of the tensor before it. */
export type Build = (x: Tensor) => Layer;

/**
 * Adds the entries of one pass through layers one after the other, up to their gradients.
 * @param layers with the names of their entries' layers; the first one has nothing to learn but weights
 */
export function sequence(
  context: Context,
  layers: readonly (readonly [name: string, build: Build])[],
  end: (x: Tensor) => Head,
): void {
  const { spec, pass, program, regions } = context;
  const { image, imageChannels } = spec.sizes;
  let x: Tensor = { offset: regions.images, side: image, vectors: vectorsOf(imageChannels) };
  const made = layers.map(([name, build], i) => {
    program.layer = name;
    const layer = build(x);
    // Without a backward pass nobody needs an input again; the images are not the program's to release.
    if (!keeps(context) && i > 0) program.release(x);
    x = layer.y;
    return layer;
  });
  program.layer = "head";
  const last = end(x);
  if (!keeps(context)) return;

  let dy = last.backward();
  for (let i = layers.length - 1; i >= 0; i--) {
    const learnsWeights = pass === "weights";
    if (i === 0 && !learnsWeights) break;
    program.layer = layers[i][0];
    const dx = made[i].backward(dy, i > 1 || (i > 0 && learnsWeights));
    if (dx) dy = dx;
  }
}

/** Convolution 3 x 3 and batch norm, without a rectifier. */
export function stem(context: Context, images: Tensor, channels: number): Layer {
  const conv = convolution(context, "stem/conv", images, { kernel: 3, stride: 1, channels, rectify: false });
  return convNorm(context, conv, (z) => normOf(context, "stem", z));
}

/** A convolution and batch norm. */
export function convNorm(context: Context, conv: Convolution, normed: (z: Tensor) => Norm): Layer {
  const { program } = context;
  convForward(context, conv);
  const norm = normed(conv.z);
  const y = normForward(context, norm);
  const release = () => {
    releaseNorm(context, norm);
    program.release(conv.z);
  };
  if (!keeps(context)) release();
  return {
    y,
    backward(dy, wanted) {
      normBackward(context, norm, dy);
      program.release(dy, y);
      convWeights(context, conv, conv.z);
      const dx = wanted ? program.tensor(conv.x.side, conv.x.vectors) : undefined;
      if (dx) convData(context, conv, conv.z, dx, false);
      release();
      return dx;
    },
  };
}

/** Two rectified convolutions 3 x 3 with batch norm, the first of stride 2, plus a shortcut: mean of 2 x 2, then convolution 1 x 1. */
export function residual(context: Context, name: string, x: Tensor, channels: number): Layer {
  const { program } = context;
  const conv1 = convolution(context, `${name}/conv1`, x, { kernel: 3, stride: 2, channels, rectify: true });
  convForward(context, conv1);
  const norm1 = normOf(context, `${name}/conv1`, conv1.z);
  const middle = normForward(context, norm1);
  const conv2 = convolution(context, `${name}/conv2`, middle, { kernel: 3, stride: 1, channels, rectify: true });
  convForward(context, conv2);
  const norm2 = normOf(context, `${name}/conv2`, conv2.z);

  const pooled = program.tensor(conv1.z.side, x.vectors);
  program.add("pool", { x: x.offset, xSide: x.side, vectors: x.vectors, y: pooled.offset });
  const shortcut = convolution(context, `${name}/shortcut`, pooled, { kernel: 1, stride: 1, channels, rectify: false });
  convForward(context, shortcut);
  const y = normForward(context, norm2, { addend: shortcut.z });
  program.release(shortcut.z);

  const release = () => {
    releaseNorm(context, norm1);
    releaseNorm(context, norm2);
    program.release(conv1.z, middle, conv2.z, pooled);
  };
  if (!keeps(context)) release();
  return {
    y,
    backward(dy) {
      normBackward(context, norm2, dy);
      convWeights(context, conv2, conv2.z);
      const dMiddle = program.tensor(middle.side, middle.vectors);
      convData(context, conv2, conv2.z, dMiddle, false);
      normBackward(context, norm1, dMiddle);
      program.release(dMiddle);
      convWeights(context, conv1, conv1.z);

      convWeights(context, shortcut, dy);
      const dPooled = program.tensor(pooled.side, pooled.vectors);
      convData(context, shortcut, dy, dPooled, false);
      const dx = program.tensor(x.side, x.vectors);
      program.add("poolData", { dy: dPooled.offset, xSide: x.side, vectors: x.vectors, dx: dx.offset });
      convData(context, conv1, conv1.z, dx, true);
      program.release(dPooled, dy, y);
      release();
      return dx;
    },
  };
}

/** The end of a network. Its backward pass begins here: it takes no gradient. */
export interface Head {
  backward(): Tensor;
}

/** Batch norm, rectifier, mean over the positions, classifier and loss. */
export function head(context: Context, x: Tensor): Head {
  const { program } = context;
  const norm = normOf(context, "head", x);
  const { positions, vectors, stats, scale, offset } = norm;
  const shared = { x: x.offset, positions, vectors, stats, scale, offset };
  const features = program.tensor(1, vectors);
  program.add("features", { ...shared, f: features.offset });
  const last = classifier(context, features);
  if (!keeps(context)) releaseNorm(context, norm);
  return {
    backward() {
      const df = last.backward();
      const dx = program.tensor(x.side, vectors);
      withSums(context, norm, (sums) => {
        program.add("featuresReduce", { ...shared, df: df.offset, sums });
        program.add("featuresMap", { ...shared, df: df.offset, sums, dx: dx.offset });
      });
      program.release(df);
      releaseNorm(context, norm);
      return dx;
    },
  };
}

/** Mean over the positions, classifier and loss. */
export function meanHead(context: Context, x: Tensor): Head {
  const { program } = context;
  const shape = { positions: x.side * x.side, vectors: x.vectors };
  const features = program.tensor(1, x.vectors);
  program.add("mean", { x: x.offset, ...shape, f: features.offset });
  const last = classifier(context, features);
  return {
    backward() {
      const df = last.backward();
      const dx = program.tensor(x.side, x.vectors);
      program.add("meanData", { df: df.offset, ...shape, dx: dx.offset });
      program.release(df);
      return dx;
    },
  };
}

/** Classifier and loss; takes the features over. Backward to their gradient. */
function classifier(context: Context, features: Tensor): Head {
  const { program, spec, regions } = context;
  const { classes } = spec.sizes;
  const logits = program.tensor(1, vectorsOf(classes));
  const conv: Convolution = {
    x: features,
    z: logits,
    kernel: 1,
    stride: 1,
    wide: context.weights.add(["head/weight"], 1),
    wideVectors: logits.vectors,
    point: -1,
    pointVectors: 0,
    rectify: false,
  };
  convForward(context, conv);
  const bias = context.weights.add(["head/bias"], 0);
  const { labels, losses, hits } = regions;
  program.add("loss", { logits: logits.offset, classes, bias, labels, losses, hits });
  if (!keeps(context)) program.release(features, logits);
  return {
    backward() {
      convWeights(context, conv, logits);
      if (context.pass === "weights") {
        program.add("biasGradient", { z: logits.offset, vectors: logits.vectors, out: gradientOf(context, bias) });
      }
      const df = program.tensor(1, features.vectors);
      convData(context, conv, logits, df, false);
      program.release(features, logits);
      return df;
    },
  };
}
