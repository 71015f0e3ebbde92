import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import type { WeightStep } from "../../src/engine/engine";
import { open as openCpu } from "../../src/engine/reference/cpu";
import { open as openWebGpu } from "../../src/engine/reference/webgpu";
import { relativeError, supernetCase } from "../support/cases";
import { engineCases } from "./cases";

const device = await openWebGpu();

engineCases(async () => ({ create: device.createEngine, tensors: () => tf.memory().numTensors }));

test("WebGPU and the CPU agree over a few steps", async () => {
  const step: WeightStep = { rate: 0.05, momentum: 0.9, decay: 5e-4, clip: 5 };
  const run = async ({ createEngine }: typeof device) => {
    const small = (seed = 1) => supernetCase({ channels: 2, imageChannels: 1 }, 4, "dense", seed);
    const { spec, weights } = small();
    const engine = await createEngine(spec, weights);
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { mixing, batch } = small(i);
      losses.push((await engine.architectureGradient(mixing, small(10 + i).batch, false)).loss);
      losses.push((await engine.weightStep(mixing, batch, step)).loss);
    }
    const state = await engine.exportState();
    engine.dispose();
    return { losses, state };
  };
  const gpu = await run(device);
  const cpu = await run(await openCpu());
  expect(relativeError(gpu.losses, cpu.losses)).toBeLessThan(1e-4);
  expect(relativeError(gpu.state, cpu.state)).toBeLessThan(1e-4);
});
