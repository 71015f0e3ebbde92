import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import type { NetworkSizes } from "../../src/core/space";
import { createWebGpuEngine } from "../../src/engine/webgpu/engine";
import { type Mix, relativeError, supernetCase } from "../support/cases";
import { oracle } from "../support/oracle";

const TOLERANCE = 1e-4;

const SETTINGS: { name: string; sizes: Partial<NetworkSizes>; batch: number; mix?: Mix }[] = [
  { name: "four channels, 8 px", sizes: {}, batch: 8 },
  { name: "an odd batch", sizes: {}, batch: 7 },
  { name: "three channels of 14 px, grey images", sizes: { channels: 3, image: 14, imageChannels: 1 }, batch: 5 },
  { name: "one channel, three classes", sizes: { channels: 1, classes: 3 }, batch: 6 },
  { name: "six channels of 16 px", sizes: { channels: 6, image: 16 }, batch: 4 },
  { name: "two cells a stage", sizes: { channels: 4, cells: 2 }, batch: 5 },
  { name: "more images than a workgroup", sizes: { channels: 2 }, batch: 37 },
  { name: "one-hot mixing weights", sizes: {}, batch: 6, mix: "one-hot" },
  { name: "mixing weights of zero", sizes: {}, batch: 6, mix: "zero" },
];

let device: GPUDevice;
const problems: string[] = [];

beforeAll(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter");
  device = await adapter.requestDevice();
  device.addEventListener("uncapturederror", ({ error }) => problems.push(error.message));
});

afterAll(() => device.destroy());

describe("the WebGPU engine", () => {
  for (const { name, sizes, batch, mix } of SETTINGS) {
    it(`agrees with the network in float64: ${name}`, async () => {
      const { spec, weights, mixing, batch: data } = supernetCase(sizes, batch, mix);
      const expected = oracle(spec, weights, mixing, data);
      const engine = await createWebGpuEngine(device, spec, weights);
      const step = { rate: 1, momentum: 0, decay: 0, clip: 1e9 };
      // Not awaited one by one: calls run in the order in which they are made.
      const [score, architecture, examples, before, stepped, state] = await Promise.all([
        engine.evaluate(mixing, data),
        engine.architectureGradient(mixing, data, false),
        engine.architectureGradient(mixing, data, true),
        engine.exportState(),
        engine.weightStep(mixing, data, step),
        engine.exportState(),
      ]);
      engine.dispose();
      expect(problems).toEqual([]);
      for (const { loss, accuracy } of [score, architecture, examples, stepped]) {
        expect(relativeError([loss], [expected.loss])).toBeLessThan(TOLERANCE);
        expect(accuracy).toBeCloseTo(expected.accuracy, 6);
      }
      expect(relativeError(architecture.gradient, expected.mixing)).toBeLessThan(TOLERANCE);
      expect(relativeError(examples.gradient, expected.mixing)).toBeLessThan(TOLERANCE);
      expect(relativeError(examples.perExample ?? [], expected.perExample)).toBeLessThan(TOLERANCE);
      expect(Array.from(before.subarray(0, weights.length))).toEqual(Array.from(weights));
      // Without momentum the velocity is the gradient.
      expect(relativeError(state.subarray(weights.length), expected.weights)).toBeLessThan(TOLERANCE);
    });
  }

  it("refuses what the device cannot hold, saying how much it needs", async () => {
    const { spec, weights } = supernetCase({ channels: 64, cells: 5, image: 32 }, 256);
    await expect(createWebGpuEngine(device, spec, weights)).rejects.toThrow(InputError);
    await expect(createWebGpuEngine(device, spec, weights)).rejects.toThrow(/needs [\d.]+ GiB .* than the [\d.]+ GiB/);
  });
});
