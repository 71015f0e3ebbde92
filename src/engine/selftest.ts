import { NAS_BENCH_201 } from "../core/nasbench201";
import { RandomStream } from "../core/random";
import type { OpenDevice } from "./device";
import type { SelfTest, SupernetSpec } from "./engine";
import { initialWeights, parameterLayout } from "./network";

/**
 * A search step in small, compared between a device and TensorFlow.js on the CPU. Some drivers return wrong gradients, zeros among
 * them, without any error. Four channels, so that the kernels for vectors of four are tried too.
 */

const SPEC: SupernetSpec = {
  space: NAS_BENCH_201,
  sizes: { channels: 4, cells: 1, image: 8, imageChannels: 1, classes: 10 },
  batch: 4,
};

/** Largest error that passes, relative to the largest reference value; float32 kernels in different orders stay under a tenth of it. */
const TOLERANCE = 1e-3;

/** What the test network gives on one device. */
export interface TestOutputs {
  readonly loss: number;
  readonly mixingGradient: ArrayLike<number>;
  readonly weightGradient: ArrayLike<number>;
  readonly milliseconds: number;
}

/** Runs the test network; the time includes the compilation of its kernels. */
export async function runTestNetwork(device: OpenDevice): Promise<TestOutputs> {
  const start = performance.now();
  const random = new RandomStream(0, "selftest");
  const weights = initialWeights(parameterLayout(SPEC.space, SPEC.sizes), random);
  const { image, classes } = SPEC.sizes;
  const batch = {
    images: Float32Array.from(random.normals(SPEC.batch * image * image)),
    labels: Uint8Array.from({ length: SPEC.batch }, () => random.integer(classes)),
  };
  const mixing = Array.from({ length: SPEC.space.size }, () => 0.1 + 0.2 * random.uniform());
  const engine = await device.createEngine(SPEC, weights);
  try {
    const { loss, gradient } = await engine.architectureGradient(mixing, batch, false);
    // After a step from rest without decay the velocity is the gradient.
    await engine.weightStep(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1e6 });
    const weightGradient = (await engine.exportState()).subarray(weights.length);
    return { loss, mixingGradient: gradient, weightGradient, milliseconds: performance.now() - start };
  } finally {
    engine.dispose();
  }
}

/** Judges what a device gave by what the CPU gave. The CPU itself is thereby only shown to run. */
export function judge(outputs: TestOutputs, expected: TestOutputs): SelfTest {
  const forwardError = relativeError([outputs.loss], [expected.loss]);
  const gradientError = Math.max(
    relativeError(outputs.mixingGradient, expected.mixingGradient),
    relativeError(outputs.weightGradient, expected.weightGradient),
  );
  const passed = forwardError < TOLERANCE && gradientError < TOLERANCE;
  return { passed, forwardError, gradientError, milliseconds: outputs.milliseconds };
}

/** Infinite where a value is not a number. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    difference = Math.max(difference, Number.isNaN(d) ? Infinity : d);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
