import { afterAll, beforeAll, expect, it } from "vitest";
import { createWebGpuEngine } from "../../src/engine/webgpu/engine";
import { openGpu } from "../../src/engine/webgpu/gpu";
import { createWebGpuGroup } from "../../src/engine/webgpu/group";
import { relativeError } from "../support/cases";
import { groupCase, manyCells, trainedAlone, trainedTogether } from "../support/group";

let device: GPUDevice;
const problems: string[] = [];

beforeAll(async () => {
  ({ device } = await openGpu());
  device.addEventListener("uncapturederror", ({ error }) => problems.push(error.message));
});

afterAll(() => device.destroy());

it("trains discrete networks side by side as engines of their own do", async () => {
  // All of the cases, which an odd batch pads.
  const made = groupCase(manyCells(9), 6);
  const group = await createWebGpuGroup(device, made.specs, made.weights);
  const together = await trainedTogether(made, group);
  const alone = await trainedAlone(made, (spec, weights) => createWebGpuEngine(device, spec, weights));
  for (const [k, scores] of together.scores.entries()) {
    const [losses, expected] = [scores, alone.scores[k]].map((list) => list.map(({ loss }) => loss));
    for (const [i, loss] of losses.entries()) expect(relativeError([loss], [expected[i]])).toBeLessThan(1e-5);
  }
  for (const [i, state] of together.states.entries()) expect(relativeError(state, alone.states[i])).toBeLessThan(1e-5);
  expect(problems).toEqual([]);
  group.dispose();
});
