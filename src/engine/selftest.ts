import { NAS_BENCH_201 } from "../core/nasbench201";
import { RandomStream } from "../core/random";
import type { OpenDevice, Progress } from "./device";
import type { Batch, SelfTest, SupernetSpec } from "./engine";
import { initialWeights, parameterLayout } from "./network";
import { EXPECTED } from "./selftest-expected";

/**
 * A search step in small, compared between a device and float64. Some drivers return wrong gradients, zeros among them, without any
 * error. Channels and batch are those of the default search, so that its kernels are what is tested (the side of the images is no
 * constant of theirs).
 */

const SPEC: SupernetSpec = {
  space: NAS_BENCH_201,
  sizes: { channels: 4, cells: 1, image: 8, imageChannels: 1, classes: 10 },
  batch: 32,
};

/**
 * Every gradient jumps where an input of a rectifier crosses zero. With this seed none comes near it: errors of 6e-6 in all weights and
 * pixels, ten times what float32 makes, change no gradient by more than 2e-4. With most others some draw of them does, by up to a third.
 */
const SEED = 17;

/** Largest relative error that passes; float32 kernels in different orders stay under a tenth of it. */
const TOLERANCE = 1e-3;

/** What the test network gives on one device. */
export interface TestOutputs {
  readonly loss: number;
  /** dL/dp, in the order of the mixing weights. */
  readonly mixingGradient: ArrayLike<number>;
  /** Of dL/dw of every parameter, in the layout's order: its product with a fixed random direction, and its Euclidean norm. */
  readonly weightGradients: readonly (readonly [product: number, norm: number])[];
}

export interface TestCase {
  readonly spec: SupernetSpec;
  readonly weights: Float32Array;
  readonly mixing: readonly number[];
  readonly batch: Batch;
}

/**
 * The test network, a batch and mixing weights for it; the same numbers everywhere.
 * @param image side of the images, pixels; the expected outputs are those of the default
 */
export function testCase(image = SPEC.sizes.image): TestCase {
  const spec = { ...SPEC, sizes: { ...SPEC.sizes, image } };
  const random = new RandomStream(SEED, "selftest");
  const weights = initialWeights(parameterLayout(spec.space, spec.sizes), random);
  const { classes } = spec.sizes;
  const batch = {
    images: Float32Array.from(random.normals(SPEC.batch * image * image)),
    labels: Uint8Array.from({ length: SPEC.batch }, () => random.integer(classes)),
  };
  const mixing = Array.from({ length: SPEC.space.size }, () => 0.1 + 0.2 * random.uniform());
  return { spec, weights, mixing, batch };
}

/** Two numbers for the gradient of each parameter: an error in one must be large to hide in both. */
export function summarise(weightGradient: ArrayLike<number>): TestOutputs["weightGradients"] {
  const random = new RandomStream(0, "selftest directions");
  return parameterLayout(SPEC.space, SPEC.sizes).map(({ offset, size }) => {
    const direction = random.normals(size);
    let product = 0;
    let square = 0;
    for (let i = 0; i < size; i++) {
      product += direction[i] * weightGradient[offset + i];
      square += weightGradient[offset + i] ** 2;
    }
    return [product, Math.sqrt(square)];
  });
}

/** Runs the test network on a device and judges what it gives; the time includes the compilation of its kernels. */
export async function selfTest(device: Pick<OpenDevice, "createEngine">, onProgress?: Progress): Promise<SelfTest> {
  const start = performance.now();
  const { spec, weights, mixing, batch } = testCase();
  const engine = await device.createEngine(spec, weights, onProgress);
  try {
    const { loss, gradient } = await engine.architectureGradient(mixing, batch, false);
    // After a step from rest without decay the velocity is the gradient.
    await engine.weightStep(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1e6 });
    const weightGradient = (await engine.exportState()).subarray(weights.length);
    const outputs = { loss, mixingGradient: gradient, weightGradients: summarise(weightGradient) };
    return { ...judge(outputs), milliseconds: performance.now() - start };
  } finally {
    engine.dispose();
  }
}

/** Judges what a device gave by what float64 gives. */
export function judge(outputs: TestOutputs, expected: TestOutputs = EXPECTED): Omit<SelfTest, "milliseconds"> {
  const forwardError = relativeError([outputs.loss], [expected.loss]);
  const gradientError = Math.max(
    relativeError(outputs.mixingGradient, expected.mixingGradient),
    ...expected.weightGradients.map((gradient, i) => relativeError(outputs.weightGradients[i], gradient, gradient[1])),
  );
  return { passed: forwardError < TOLERANCE && gradientError < TOLERANCE, forwardError, gradientError };
}

/** Largest difference, relative to the largest expected value or to `scale`. Infinite where a value is not a number. */
function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale = Math.max(...Array.from(expected, Math.abs)),
): number {
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    difference = Math.max(difference, Number.isNaN(d) ? Infinity : d);
  }
  return difference / scale;
}
