import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { createWebGpuEngine } from "../../src/engine/webgpu/engine";
import { supernetCase } from "../support/cases";
import {
  caseAt,
  compareAlong,
  EQUALITY_CASES,
  expectEqual,
  nameOf,
  PARTIAL_CASES,
  stepsOf,
  textOf,
} from "../support/equality";

let device: GPUDevice;

beforeAll(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter");
  const requiredFeatures = (["subgroups"] as const).filter((feature) => adapter.features.has(feature));
  device = await adapter.requestDevice({ requiredFeatures });
});

afterAll(() => device.destroy());

describe("the WebGPU engine equals the WASM engine, which equals the reference, step by step", () => {
  for (const tried of [...EQUALITY_CASES, ...PARTIAL_CASES]) {
    it(nameOf(tried), async ({ annotate }) => {
      const { spec, weights } = caseAt(tried);
      const engines = {
        reference: () => createWasmEngine(spec, weights),
        engine: () => createWebGpuEngine(device, spec, weights),
      };
      const errors = await compareAlong((step) => caseAt(tried, step), engines, stepsOf(tried));
      await annotate(textOf(errors));
      expectEqual(errors);
    });
  }
});

describe("what a search step costs the device", () => {
  it("is no more than 250 dispatches in two submissions, and no objects but their encoders over 20 steps", async ({
    annotate,
  }) => {
    const { spec, weights, mixing, batch } = supernetCase({ image: 16, imageChannels: 1 }, 32);
    const engine = await createWebGpuEngine(device, spec, weights);
    const step = { rate: 0.05, momentum: 0.9, decay: 3e-4, clip: 5 };
    const search = async () => {
      await engine.architectureGradient(mixing, batch, false);
      await engine.weightStep(mixing, batch, step);
    };
    await search();
    const counted = count(device);
    for (let i = 0; i < 20; i++) await search();
    const { createCommandEncoder, submit, dispatchWorkgroups, ...others } = counted.stop();
    engine.dispose();
    await annotate(`${dispatchWorkgroups / 20} dispatches a search step`);
    expect(createCommandEncoder).toBe(40);
    expect(submit).toBe(40);
    expect(dispatchWorkgroups).toBeGreaterThan(0);
    expect(dispatchWorkgroups / 20).toBeLessThanOrEqual(250);
    for (const [name, calls] of Object.entries(others)) expect(calls, name).toBe(0);
  });
});

/** Counts calls on a device until it is told to stop. */
function count(gpu: GPUDevice): { stop(): Record<string, number> } {
  const calls: Record<string, number> = {};
  const undo: (() => void)[] = [];
  const watch = (owner: object, names: readonly string[]) => {
    for (const name of names) {
      const original: (...values: unknown[]) => unknown = Reflect.get(owner, name);
      calls[name] = 0;
      Object.defineProperty(owner, name, {
        configurable: true,
        writable: true,
        value(this: unknown, ...values: unknown[]) {
          calls[name]++;
          return original.apply(this, values);
        },
      });
      undo.push(() => Object.defineProperty(owner, name, { configurable: true, writable: true, value: original }));
    }
  };
  watch(Object.getPrototypeOf(gpu), [
    "createBuffer",
    "createTexture",
    "createBindGroup",
    "createBindGroupLayout",
    "createPipelineLayout",
    "createShaderModule",
    "createComputePipeline",
    "createComputePipelineAsync",
    "createCommandEncoder",
  ]);
  watch(GPUQueue.prototype, ["submit"]);
  watch(GPUComputePassEncoder.prototype, ["dispatchWorkgroups"]);
  return {
    stop() {
      for (const restore of undo) restore();
      return calls;
    },
  };
}
