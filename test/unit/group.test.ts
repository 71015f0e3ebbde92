import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { commonWeights, parameterLayout } from "../../src/engine/network";
import { createGroupPlan } from "../../src/engine/plan/group";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { createWasmGroup } from "../../src/engine/wasm/group";
import { groupCase, manyCells, trainedAlone, trainedTogether } from "../support/group";

/** As text, which is compared in no time. */
const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

describe("a group of discrete networks on the CPU", () => {
  it("trains 32 of them as engines of their own do, to the bit, on any number of threads", async () => {
    const made = groupCase(manyCells(32), 5, 3);
    const alone = await trainedAlone(made, (spec, weights) => createWasmEngine(spec, weights, 1));
    for (const threads of [1, 2]) {
      const group = await createWasmGroup(made.specs, made.weights, threads);
      const together = await trainedTogether(made, group);
      expect(together.scores).toEqual(alone.scores);
      expect(together.states.map(bits)).toEqual(alone.states.map(bits));
      group.dispose();
    }
    // They are networks of their own, and they move.
    const losses = alone.scores.map((scores) => scores.map(({ loss }) => loss));
    expect(new Set(losses[1]).size).toBeGreaterThan(20);
    expect(losses[2].every((loss, i) => loss !== losses[1][i])).toBe(true);
  });

  it("goes on from its states", async () => {
    const made = groupCase(manyCells(5), 4, 3);
    const step = { rate: 0.1, momentum: 0.9, decay: 0, clip: 5 };
    const group = await createWasmGroup(made.specs, made.weights, 1);
    await group.weightStep(made.batch, step);
    const states = await group.exportStates();
    const expected = await group.weightStep(made.batch, step);
    const kept = [3, 0];
    const rest = await createWasmGroup(
      kept.map((i) => made.specs[i]),
      kept.map((i) => states[i]),
      1,
    );
    expect(await rest.weightStep(made.batch, step)).toEqual(kept.map((i) => expected[i]));
    for (const each of [group, rest]) each.dispose();
  });

  it("says what does not go together", async () => {
    const { specs, weights } = groupCase(manyCells(2), 4);
    const other = { ...specs[1], sizes: { ...specs[1].sizes, channels: 8 } };
    expect(() => createGroupPlan([])).toThrow(InputError);
    expect(() => createGroupPlan([specs[0], other])).toThrow(/same space, sizes and batch/);
    expect(() => createGroupPlan([{ ...specs[0], architecture: undefined }])).toThrow(/discrete networks/);
    expect(() => createGroupPlan(specs, { limit: 2 ** 16 })).toThrow(/GiB of memory/);
    await expect(createWasmGroup(specs, [weights[0], weights[1].subarray(1)], 1)).rejects.toThrow(InputError);
    await expect(createWasmGroup(specs, [weights[0]], 1)).rejects.toThrow(/expected weights of 2 networks, got 1/);
  });
});

it("gives parameters of the same name and shape the same initial weights, whatever else a network has", () => {
  const { specs } = groupCase(manyCells(6), 2);
  const layouts = specs.map(({ space, sizes, architecture }) => parameterLayout(space, sizes, architecture));
  const seen = new Map<string, Float32Array>();
  let shared = 0;
  for (const [i, weights] of commonWeights(layouts, 5).entries()) {
    for (const { name, offset, size } of layouts[i]) {
      const values = weights.slice(offset, offset + size);
      if (seen.has(name)) shared += 1;
      expect(seen.get(name) ?? values).toEqual(values);
      seen.set(name, values);
    }
  }
  expect(shared).toBeGreaterThan(100);
  expect(seen.get("stem/conv")).not.toEqual(commonWeights(layouts, 6)[0].slice(0, layouts[0][0].size));
});
