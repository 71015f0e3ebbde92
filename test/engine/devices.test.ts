import { afterEach, expect, test, vi } from "vitest";
import { chooseDevice, type ReadyDevice } from "../../src/engine/devices";
import { type Variant, variantsFor } from "../../src/engine/webgpu/lower";
import { ALONE, MEETING } from "../../src/engine/webgpu/shaders/reduce";
import { chooseVariant } from "../../src/engine/webgpu/variants";
import { supernetCase } from "../support/cases";

let device: ReadyDevice | undefined;

afterEach(() => {
  vi.restoreAllMocks();
  device?.close();
  device = undefined;
});

/** A device like the next one opened, and what it is opened with. */
function nextGpu(): Promise<GPUDevice> {
  const { requestDevice } = GPUAdapter.prototype;
  return new Promise((resolve) => {
    vi.spyOn(GPUAdapter.prototype, "requestDevice").mockImplementation(async function (this: GPUAdapter, descriptor) {
      const opened = await requestDevice.call(this, descriptor);
      resolve(opened);
      return opened;
    });
  });
}

async function trains({ createEngine }: ReadyDevice): Promise<void> {
  const { spec, weights, mixing, batch } = supernetCase({}, 32);
  const engine = await createEngine(spec, weights);
  expect((await engine.evaluate(mixing, batch)).loss).toBeGreaterThan(0);
  engine.dispose();
}

test("WebGPU comes first, and says how far it is; an error of its GPU is told to those who ask before and after it", async () => {
  const opened = nextGpu();
  const heard: [number, number][] = [];
  device = await chooseDevice({ onProgress: (done, total) => heard.push([done, total]) });
  const { choice, onLost } = device;
  expect(choice).toMatchObject({ device: "webgpu", engine: "compiled", passedOver: [] });
  expect(choice.description).not.toBe("");
  expect(choice.selfTest.passed).toBe(true);
  expect(choice.selfTest.gradientError).toBeGreaterThan(0);
  expect(choice.selfTest.gradientError).toBeLessThan(1e-4);
  expect(heard.length).toBeGreaterThan(1);
  expect(heard.at(-1)?.[0]).toBe(heard[0][1]);
  await trains(device);

  const told = new Promise<string>((resolve) => onLost(resolve));
  const gpu = await opened;
  gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  // The browser may hold commands back until a submission.
  gpu.queue.submit([]);
  expect(await told).toMatch(/the GPU reported an error/);
  expect(await new Promise<string>((resolve) => onLost(resolve))).toBe(await told);
});

test("without an adapter another device takes its place, and the reason is named", async () => {
  vi.spyOn(navigator.gpu, "requestAdapter").mockResolvedValue(null);
  device = await chooseDevice();
  expect(device.choice).toMatchObject({ device: "wasm", engine: "compiled" });
  expect(device.choice.passedOver).toEqual([{ device: "webgpu", reason: "this browser offers no WebGPU adapter" }]);
  await trains(device);
});

test("a variant that the device cannot compile is not picked, and no error is left behind", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const gpu = (await adapter?.requestDevice()) as GPUDevice;
  const problems: string[] = [];
  gpu.addEventListener("uncapturederror", ({ error }) => problems.push(error.message));
  const plain: Variant = { reducing: ALONE, quads: false };
  // The device was not asked for the feature that quads need.
  const { variant, timings } = await chooseVariant(gpu, [{ ...plain, quads: true }, plain], Infinity);
  expect(variant).toEqual(plain);
  expect(timings.map(({ milliseconds }) => Number.isFinite(milliseconds))).toEqual([false, true]);
  await gpu.queue.onSubmittedWorkDone();
  expect(problems).toEqual([]);
  gpu.destroy();
});

test("a software adapter has its known variant, a GPU those that are worth timing", () => {
  const gpu = (architecture: string, features: string[]) =>
    ({ adapterInfo: { architecture, description: "" }, features: new Set(features) }) as unknown as GPUDevice;
  expect(variantsFor(gpu("swiftshader", ["subgroups"]))).toEqual([{ reducing: ALONE, quads: true }]);
  expect(variantsFor(gpu("swiftshader", []))).toEqual([{ reducing: ALONE, quads: false }]);
  const [expected, ...others] = variantsFor(gpu("ampere", []));
  expect(expected).toEqual({ reducing: MEETING, quads: false });
  expect(others).toEqual([{ reducing: ALONE, quads: false }]);
  expect(variantsFor(gpu("ampere", ["subgroups"]))).toContainEqual({ reducing: MEETING, quads: true });
});
