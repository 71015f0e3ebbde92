import { expect, test } from "vitest";
import { InputError } from "../../src/core/errors";
import type { OpenDevice } from "../../src/engine/device";
import { chooseDevice } from "../../src/engine/devices";
import { open } from "../../src/engine/reference/cpu";
import { judge, runTestNetwork } from "../../src/engine/selftest";

test("Node runs the compiled step in WebAssembly and says why not on better", async () => {
  const { choice, gpu } = await chooseDevice();
  expect(choice).toMatchObject({ device: "wasm", engine: "compiled", selfTest: { passed: true } });
  expect(choice.passedOver).toEqual([{ device: "webgpu", reason: "there is no WebGPU in this Node" }]);
  expect(gpu).toBeNull();
});

test("a device asked for that is not there is refused with those that are", async () => {
  const asked = chooseDevice({ device: "webgpu" });
  await expect(asked).rejects.toThrow(InputError);
  await expect(asked).rejects.toThrow(
    "the device webgpu is not available: there is no WebGPU in this Node; available: wasm, cpu",
  );
});

test("the self-test fails on a wrong loss, a wrong gradient and one that is not a number", async () => {
  const cpu: OpenDevice = await open();
  const right = await runTestNetwork(cpu);
  expect(judge(right, right)).toMatchObject({ passed: true, forwardError: 0, gradientError: 0 });
  expect(judge({ ...right, loss: 1.002 * right.loss }, right)).toMatchObject({ passed: false, gradientError: 0 });
  const weightGradient = Float32Array.from(right.weightGradient);
  // Zero gradients, as one family of phones gives them.
  expect(judge({ ...right, weightGradient: weightGradient.map(() => 0) }, right).gradientError).toBe(1);
  weightGradient[7] = Number.NaN;
  expect(judge({ ...right, weightGradient }, right)).toMatchObject({ passed: false, gradientError: Infinity });
  const mixingGradient = Array.from(right.mixingGradient, (g) => -g);
  expect(judge({ ...right, mixingGradient }, right).passed).toBe(false);
  expect(judge({ ...right, loss: Number.NaN }, right).passed).toBe(false);
});
