import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { initialWeights, layoutSize, parameterLayout } from "../../src/engine/network";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { Arena } from "../../src/engine/plan/program";
import { pack, unpack } from "../../src/engine/plan/weights";
import { type Case, type Mix, relativeError, slope, supernetCase } from "../support/cases";
import { oracle, scored } from "../support/oracle";
import { expectPasses, forget } from "../support/passes";

const SETTINGS: { name: string; sizes: Partial<Case["spec"]["sizes"]>; batch: number; mix?: Mix }[] = [
  { name: "dense", sizes: {}, batch: 3 },
  { name: "an odd side and channels that need padding", sizes: { channels: 3, image: 14, imageChannels: 1 }, batch: 2 },
  { name: "one channel", sizes: { channels: 1, image: 8, classes: 3 }, batch: 5 },
  { name: "three cells a stage", sizes: { channels: 2, cells: 3, image: 8 }, batch: 2 },
  { name: "one-hot mixing weights", sizes: {}, batch: 4, mix: "one-hot" },
  { name: "mixing weights of zero", sizes: {}, batch: 4, mix: "zero" },
];

describe("a plan, run in float64", () => {
  for (const { name, sizes, batch, mix } of SETTINGS) {
    it(`computes the network and its gradients: ${name}`, () => {
      const made = supernetCase(sizes, batch, mix);
      const { spec, weights, mixing, batch: data } = made;
      const plan = createPlan(spec, { parts: 3, slots: 4 });
      const expected = oracle(spec, weights, mixing, data);
      const machine = expectPasses(plan, made, expected);

      const step = { rate: 0.1, momentum: 0.9, decay: 3e-4, clip: 0.5 };
      forget(machine, plan);
      machine.load(Float32Array.of(...weights, ...weights));
      machine.feed(mixing, data, step);
      machine.run(plan.programs.weights);
      expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);
      const norm = Math.hypot(...expected.weights);
      const factor = Math.min(1, step.clip / (norm + 1e-6));
      const velocities = weights.map((w, i) => 0.9 * w + factor * expected.weights[i] + 3e-4 * w);
      const stepped = weights.map((w, i) => w - 0.1 * (factor * expected.weights[i] + 3e-4 * w + 0.9 * velocities[i]));
      expect(relativeError(machine.flat("velocities"), velocities)).toBeLessThan(1e-6);
      expect(relativeError(machine.flat("weights"), stepped)).toBeLessThan(1e-6);

      machine.arena.fill(Number.NaN, plan.regions.squares + 4);
      machine.load(Float32Array.of(...weights, ...weights));
      machine.feed(mixing, data);
      machine.run(plan.programs.gradient);
      expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);
      for (const kept of ["weights", "velocities"] as const) expect(machine.flat(kept)).toEqual(weights);
    });
  }
});

describe("the network that plans are compared with", () => {
  it("agrees with finite differences, average pooling at the borders included", () => {
    const { spec, weights, mixing, batch } = supernetCase({ channels: 2, image: 6, classes: 3 }, 2);
    const { weights: dWeights, mixing: dMixing } = oracle(spec, weights, mixing, batch);
    const mixingSlopes = Array.from(mixing, (_, i) =>
      slope((p) => scored(spec, weights, p, batch).loss, mixing, i, 1e-5),
    );
    expect(relativeError(dMixing, mixingSlopes)).toBeLessThan(1e-6);
    // Some of every parameter.
    const picked = parameterLayout(spec.space, spec.sizes).map(({ offset, size }) => offset + Math.floor(size / 2));
    const slopes = picked.map((i) => slope((w) => scored(spec, w, mixing, batch).loss, weights, i, 1e-5));
    expect(
      relativeError(
        picked.map((i) => dWeights[i]),
        slopes,
      ),
    ).toBeLessThan(1e-5);
  });
});

describe("planning", () => {
  const spec = supernetCase({ channels: 4, image: 16 }, 32).spec;

  it("states the cost before anything runs", () => {
    const cost = planCost(createPlan(spec));
    expect(cost.parameters).toBe(layoutSize(parameterLayout(spec.space, spec.sizes)));
    // Multiply-accumulates an image: the stem; three stages of six edges with 10 taps; residual blocks; the classifier.
    const stem = 27 * 4 * 256;
    const cells = [4, 8, 16].map((c, s) => 6 * 10 * c * c * (256 >> (2 * s))).reduce((a, b) => a + b);
    const residuals = [8, 16]
      .map((c, s) => ((9 * c * c) / 2 + 9 * c * c + (c * c) / 2) * (64 >> (2 * s)))
      .reduce((a, b) => a + b);
    expect(cost.flops).toBe(2 * 5 * 32 * (stem + cells + residuals + 160));
    // Two passes for each gradient by mixing weights, three for each by weights.
    expect(planCost(createPlan(spec), { architecture: 3, weights: 1, forward: 0 }).flops).toBe(
      2 * 9 * 32 * (stem + cells + residuals + 160),
    );
    const two = planCost(createPlan(spec), { architecture: 3, weights: 2, forward: 5 }).flops;
    expect(two).toBe(2 * (6 + 6 + 5) * 32 * (stem + cells + residuals + 160));
  });

  it("needs few kernels for one search step", () => {
    expect(planCost(createPlan(spec)).entries).toBeLessThanOrEqual(235);
  });

  it("refuses what doesn't fit, saying how much it needs", () => {
    const large = { ...spec, batch: 256, sizes: { ...spec.sizes, channels: 64, cells: 5, image: 32 } };
    expect(() => createPlan(large)).toThrow(InputError);
    expect(() => createPlan(large)).toThrow(/needs 8\.9 GiB of memory, more than the 2\.0 GiB/);
  });

  it("refuses a space with an operation that it has no kernel for", () => {
    const rows = NAS_BENCH_201.rows.map((row) => ({ ...row, choices: ["max_pool_9x9"] }));
    expect(() => createPlan({ ...spec, space: { ...NAS_BENCH_201, rows, size: rows.length } })).toThrow(InputError);
  });

  it("packs weights without losing any", () => {
    const { blocks, packed } = createPlan(supernetCase({ channels: 3, imageChannels: 1 }, 2).spec);
    const layout = blocks.map(({ parameter }) => parameter).sort((a, b) => a.offset - b.offset);
    const weights = initialWeights(layout, new RandomStream(1, "weights"));
    const region = new Float32Array(packed);
    pack(blocks, weights, region);
    const back = new Float32Array(weights.length);
    unpack(blocks, region, back);
    expect(back).toEqual(weights);
    expect(region.filter((value) => value !== 0).length).toBe(weights.filter((value) => value !== 0).length);
  });
});

describe("the arena", () => {
  it("gives freed ranges out again and joins neighbours", () => {
    const arena = new Arena(16);
    const [a, b, c] = [arena.take(20), arena.take(5), arena.take(16)];
    expect([a, b, c, arena.size]).toEqual([16, 48, 64, 80]);
    arena.free(a, 20);
    arena.free(b, 5);
    expect(arena.take(48)).toBe(16);
    arena.free(c, 16);
    expect(arena.take(32)).toBe(64);
    expect(arena.size).toBe(96);
  });
});
