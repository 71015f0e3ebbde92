import * as tf from "@tensorflow/tfjs-core";

/**
 * The gradients of the kernels that the supernet runs, for TensorFlow.js's tape. The library keeps its own behind a deep import that
 * bundlers may shake off and Node cannot load; these few also spare the page the other hundred. Each derivative is a function, so the
 * tape computes those alone that lead to what is asked for.
 */

type Attributes = Readonly<Record<string, unknown>>;
type Derivatives = Record<string, () => tf.Tensor>;

/** Registers a kernel with one output; `saved` are the inputs named in `inputs`. */
function gradient(
  kernelName: string,
  inputs: string[],
  derive: (dy: tf.Tensor, saved: tf.Tensor[], attributes: Attributes) => Derivatives,
): void {
  tf.registerGradient({
    kernelName,
    inputsToSave: inputs,
    gradFunc: (dy, saved, attributes) => derive(dy as tf.Tensor, saved, attributes as unknown as Attributes),
  });
}

/** Sums a broadcast tensor's gradient back to the tensor's own shape. */
function unbroadcast(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.backend_util.getReductionAxes(shape, dy.shape);
  return axes.length > 0 ? tf.reshape(tf.sum(dy, axes), shape) : dy;
}

gradient(tf.Conv2D, ["x", "filter"], (dy, [x, filter], attributes) => {
  const { strides, pad } = attributes as { strides: [number, number]; pad: number };
  return {
    x: () =>
      tf.conv2dTranspose(dy as tf.Tensor4D, filter as tf.Tensor4D, (x as tf.Tensor4D).shape, strides, pad) as tf.Tensor,
    filter: () =>
      tf.engine().runKernel(
        tf.Conv2DBackpropFilter,
        { x, dy },
        {
          strides,
          pad,
          dataFormat: "NHWC",
          filterShape: filter.shape,
        },
      ) as tf.Tensor,
  };
});

gradient(tf.DepthwiseConv2dNative, ["x", "filter"], (dy, [x, filter], { strides, pad }) => {
  const attributes = { strides, pad, dilations: [1, 1] } as tf.NamedAttrMap;
  const run = (kernelName: string, inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap) =>
    tf.engine().runKernel(kernelName, inputs, { ...attributes, ...shape }) as tf.Tensor;
  return {
    x: () => run(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { inputShape: x.shape }),
    filter: () => run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { filterShape: filter.shape }),
  };
});

gradient(tf.Relu, ["x"], (dy, [x]) => ({ x: () => tf.mul(dy, tf.step(x)) }));

gradient(tf.Multiply, ["a", "b"], (dy, [a, b]) => ({
  a: () => unbroadcast(tf.mul(dy, b), a.shape),
  b: () => unbroadcast(tf.mul(dy, a), b.shape),
}));

gradient(tf.Add, ["a", "b"], (dy, [a, b]) => ({
  a: () => unbroadcast(dy, a.shape),
  b: () => unbroadcast(dy, b.shape),
}));

tf.registerGradient({
  kernelName: tf.AddN,
  saveAllInputs: true,
  gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => tf.clone(dy as tf.Tensor)])),
});

gradient(tf.Mean, ["x"], (dy, [x], { axis }) => {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  const kept = x.shape.map((side, i) => (axes.includes(i) ? 1 : side));
  const share = kept.reduce((product, side) => product * side, 1) / x.size;
  return { x: () => tf.mul(tf.reshape(dy, kept), tf.fill(x.shape, share)) };
});

gradient(tf.Reshape, ["x"], (dy, [x]) => ({ x: () => tf.reshape(dy, x.shape) }));

gradient(tf.BatchMatMul, ["a", "b"], (dy, [a, b]) => ({
  a: () => tf.matMul(dy, b, false, true),
  b: () => tf.matMul(a, dy, true, false),
}));

tf.registerGradient({
  kernelName: tf.SplitV,
  gradFunc: (dy, _saved, { axis }) => ({ x: () => tf.concat(dy as tf.Tensor[], axis as number) }),
});

tf.registerGradient({
  kernelName: tf.Unpack,
  gradFunc: (dy, _saved, { axis }) => ({ value: () => tf.stack(dy as tf.Tensor[], axis as number) }),
});

tf.registerGradient({
  kernelName: tf.Concat,
  saveAllInputs: true,
  gradFunc: (dy, saved, { axis }) => {
    const along = tf.util.parseAxisParam(axis as number, saved[0].shape)[0];
    let start = 0;
    const parts = saved.map(({ shape }) => {
      const begin = shape.map((_, i) => (i === along ? start : 0));
      start += shape[along];
      return () => tf.slice(dy as tf.Tensor, begin, shape);
    });
    return Object.fromEntries(parts.entries());
  },
});
