import { expect, test } from "vitest";
import { InputError } from "../../src/core/errors";
import { RandomStream } from "../../src/core/random";
import type { OpenDevice } from "../../src/engine/device";
import { chooseDevice } from "../../src/engine/devices";
import type { WeightStep } from "../../src/engine/engine";
import { judge, selfTest, summarise, testCase } from "../../src/engine/selftest";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { oracle } from "../support/oracle";

test("Node runs the compiled step in WebAssembly and says why not on better", async () => {
  const { choice } = await chooseDevice();
  expect(choice).toMatchObject({ device: "wasm", engine: "compiled", selfTest: { passed: true } });
  expect(choice.passedOver).toEqual([{ device: "webgpu", reason: "there is no WebGPU in this Node" }]);
});

test("a device asked for that is not there is refused with those that are", async () => {
  const asked = chooseDevice({ device: "webgpu" });
  await expect(asked).rejects.toThrow(InputError);
  await expect(asked).rejects.toThrow(
    "the device webgpu is not available: there is no WebGPU in this Node; available: wasm, cpu",
  );
});

test("the self-test expects what the network in float64 gives", () => {
  const { spec, weights, mixing, batch } = testCase();
  const { loss, mixing: mixingGradient, weights: weightGradient } = oracle(spec, weights, mixing, batch);
  const { passed, forwardError, gradientError } = judge({
    loss,
    mixingGradient,
    weightGradients: summarise(weightGradient),
  });
  expect(passed).toBe(true);
  expect(forwardError).toBeLessThan(1e-8);
  expect(gradientError).toBeLessThan(1e-7);
});

test("rounding cannot fail the self-test: its network is far from where gradients jump", () => {
  const { spec, weights, mixing, batch } = testCase();
  const random = new RandomStream(1, "noise");
  const noisy = (values: Float32Array) => Float64Array.from(values, (value) => value * (1 + 3e-6 * random.normal()));
  for (let draw = 0; draw < 3; draw++) {
    // In float64 throughout, so that the noise is not rounded.
    const images = noisy(batch.images) as unknown as Float32Array;
    const {
      loss,
      mixing: mixingGradient,
      weights: gradient,
    } = oracle(spec, noisy(weights), mixing, { ...batch, images });
    const { gradientError } = judge({ loss, mixingGradient, weightGradients: summarise(gradient) });
    expect(gradientError).toBeLessThan(3e-4);
  }
});

test("the self-test fails on a wrong loss, a wrong gradient and one that is not a number", async () => {
  const { spec, weights, mixing, batch } = testCase();
  const outcome = oracle(spec, weights, mixing, batch);
  const right = { loss: outcome.loss, mixingGradient: outcome.mixing, weightGradients: summarise(outcome.weights) };
  expect(judge({ ...right, loss: 1.002 * right.loss })).toMatchObject({ passed: false });
  expect(judge({ ...right, loss: Number.NaN }).passed).toBe(false);
  expect(judge({ ...right, mixingGradient: right.mixingGradient.map((g) => -g) }).passed).toBe(false);
  const changed = (change: (gradient: Float64Array) => void) => {
    const gradient = Float64Array.from(outcome.weights);
    change(gradient);
    return judge({ ...right, weightGradients: summarise(gradient) });
  };
  // Zero gradients, as one family of phones gives them; of the stem's convolution alone, too.
  expect(changed((gradient) => gradient.fill(0)).gradientError).toBeGreaterThanOrEqual(1);
  expect(changed((gradient) => gradient.fill(0, 0, 36)).gradientError).toBeGreaterThanOrEqual(1);
  expect(changed((gradient) => gradient.subarray(0, 36).reverse()).passed).toBe(false);
  expect(changed((gradient) => gradient.fill(Number.NaN, 7, 8))).toMatchObject({
    passed: false,
    gradientError: Infinity,
  });
});

test("a device that forgets its batches' last image fails the self-test", async () => {
  const createEngine: OpenDevice["createEngine"] = async (spec, weights) => {
    const engine = await createWasmEngine(spec, weights);
    const weightStep = engine.weightStep.bind(engine);
    engine.weightStep = (mixing, batch, step: WeightStep) => {
      const images = batch.images.slice();
      images.fill(0, images.length - 64);
      return weightStep(mixing, { ...batch, images }, step);
    };
    return engine;
  };
  expect(await selfTest({ createEngine: (spec, weights) => createWasmEngine(spec, weights) })).toMatchObject({
    passed: true,
  });
  expect(await selfTest({ createEngine })).toMatchObject({ passed: false });
});
