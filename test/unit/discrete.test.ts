import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { cellOfCode, CELLS as NUMBER_OF_CELLS, NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import { rowOffsets } from "../../src/core/space";
import { layoutSize, parameterLayout, runningLayout } from "../../src/engine/network";
import type { Parameter } from "../../src/engine/parameter";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { expectAgreement } from "../support/agreement";
import { CELLS, discreteCase, relativeError } from "../support/cases";
import { Interpreter } from "../support/interpreter";
import { type Moments, oracle } from "../support/oracle";

const ALL_3X3 = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";

const ODD = { channels: 3, image: 14, imageChannels: 1, cells: 2 };

function meanLoss({ plan, arena }: Interpreter): number {
  const { batch } = plan.spec;
  return arena.subarray(plan.regions.losses, plan.regions.losses + batch).reduce((sum, loss) => sum + loss, 0) / batch;
}

describe("the weights of a discrete network", () => {
  it("are as many as the benchmark counts", () => {
    const sizes = { ...SPACE.published, cells: 2 };
    const some = Array.from({ length: 40 }, (_, i) => cellOfCode((i * 397) % NUMBER_OF_CELLS));
    for (const cell of [...some, ...Object.values(CELLS).map((text) => SPACE.parse(text))]) {
      expect(layoutSize(parameterLayout(SPACE, sizes, cell)), SPACE.format(cell)).toBe(
        SPACE.cost(cell, sizes).parameters,
      );
    }
    expect(layoutSize(parameterLayout(SPACE, SPACE.published, SPACE.parse(ALL_3X3)))).toBe(1531546);
  });

  it("all find their place in the plan, with the running statistics, computed or not", () => {
    for (const cell of Object.values(CELLS)) {
      const { spec } = discreteCase(cell, ODD, 2);
      const plan = createPlan(spec);
      const names = (layout: readonly Parameter[]) => layout.map(({ name }) => name).sort();
      const layout = parameterLayout(spec.space, spec.sizes, spec.architecture);
      expect(names(plan.blocks.map(({ parameter }) => parameter))).toEqual(names(layout));
      expect(names(plan.running.map(({ parameter }) => parameter))).toEqual(names(runningLayout(layout)));
    }
  });

  it("must be those of an architecture of the space", () => {
    const { spec } = discreteCase(ALL_3X3, {}, 2);
    expect(() => createPlan({ ...spec, architecture: [1, 2] })).toThrow(InputError);
    expect(() => createPlan({ ...spec, architecture: [1, 2] })).toThrow(/has 6 choices, got 2/);
    expect(() => createPlan({ ...spec, architecture: [1, 1, 1, 5, 1, 1] })).toThrow(
      /choice 5 of row 3<-0 is none of 0/,
    );
  });
});

describe("a discrete network's plan, run in float64", () => {
  for (const [name, cell] of Object.entries(CELLS)) {
    for (const [sizes, batch] of [
      [{}, 4],
      [ODD, 3],
    ] as const) {
      it(`computes the loss and dL/dw: ${name}, ${JSON.stringify(sizes)}`, () => {
        const { spec, weights, batch: data } = discreteCase(cell, sizes, batch);
        const expected = oracle(spec, weights, [], data);
        const plan = createPlan(spec, { parts: 3, slots: 4 });
        const machine = new Interpreter(plan);
        machine.arena.fill(Number.NaN, plan.regions.squares + 4);
        machine.load(weights);
        machine.feed([], data, { rate: 0.1, momentum: 0.9, decay: 0, clip: 1e9 });
        machine.run(plan.programs.weights);
        expect(meanLoss(machine)).toBeCloseTo(expected.loss, 10);
        expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);
        expect(relativeError(machine.flat("velocities"), expected.weights)).toBeLessThan(1e-6);
      });
    }
  }

  it("is the supernet at one-hot mixing weights where scales are one and offsets zero", () => {
    for (const cell of Object.values(CELLS)) {
      const { spec, weights, batch } = discreteCase(cell, {}, 3);
      const { architecture = [], ...rest } = spec;
      const layout = parameterLayout(spec.space, spec.sizes, architecture);
      const plain = weights.slice();
      for (const { name, offset, size } of layout) {
        if (/^cell.*scale$/.test(name)) plain.fill(1, offset, offset + size);
        if (/^cell.*offset$/.test(name)) plain.fill(0, offset, offset + size);
      }
      const wide = parameterLayout(spec.space, spec.sizes);
      const shared = new Float32Array(layoutSize(wide)).fill(0.1);
      const common = wide.flatMap((to) => layout.filter(({ name }) => name === to.name).map((from) => ({ from, to })));
      for (const { from, to } of common) shared.set(plain.subarray(from.offset, from.offset + from.size), to.offset);
      const mixing = new Float64Array(spec.space.size);
      for (const [r, offset] of rowOffsets(spec.space.rows).slice(0, -1).entries())
        mixing[offset + architecture[r]] = 1;

      const [discrete, supernet] = [createPlan(spec), createPlan(rest)].map((plan) => new Interpreter(plan));
      discrete.load(plain);
      supernet.load(shared);
      for (const machine of [discrete, supernet]) {
        machine.feed(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1e9 });
        machine.run(machine.plan.programs.weights);
      }
      expect(meanLoss(discrete)).toBeCloseTo(meanLoss(supernet), 10);
      const [own, theirs] = [discrete.flat("gradient"), supernet.flat("gradient")];
      const pick = (values: Float32Array, { offset, size }: Parameter) => [...values.subarray(offset, offset + size)];
      expect(
        relativeError(
          common.flatMap(({ from }) => pick(own, from)),
          common.flatMap(({ to }) => pick(theirs, to)),
        ),
      ).toBeLessThan(1e-6);
    }
  });
});

describe("the discrete network that plans are compared with", () => {
  for (const [name, cell] of Object.entries(CELLS)) {
    it(`agrees with finite differences: ${name}`, () => {
      const { spec, weights, batch } = discreteCase(cell, { channels: 2, image: 6, classes: 3 }, 3);
      const { weights: gradient } = oracle(spec, weights, [], batch);
      const h = 1e-5;
      const layout = parameterLayout(spec.space, spec.sizes, spec.architecture);
      const picked = layout.map(({ offset, size }) => offset + Math.floor(size / 2));
      const slopes = picked.map((i) => {
        const at = (value: number) =>
          oracle(
            spec,
            Array.from(weights, (w, j) => (j === i ? value : w)),
            [],
            batch,
          ).loss;
        return (at(weights[i] + h) - at(weights[i] - h)) / (2 * h);
      });
      expect(
        relativeError(
          picked.map((i) => gradient[i]),
          slopes,
        ),
      ).toBeLessThan(1e-5);
    });
  }
});

describe("running statistics", () => {
  it("are PyTorch's, calculated by hand over two steps", () => {
    const { spec } = discreteCase(CELLS["nothing at all"], {}, 2);
    const machine = new Interpreter(createPlan(spec));
    const { arena } = machine;
    const [z, stats, running] = [0, 64, 128];
    arena.fill(0, 0, 256);
    // One vector at two positions of two images in rows of four; running mean zero and variance one.
    arena.fill(1, running + 4, running + 8);
    const step = (first: number, second: number, third: number, fourth: number) => {
      for (const [i, value] of [first, second].entries()) arena[z + 4 * i] = value;
      for (const [i, value] of [third, fourth].entries()) arena[z + 16 + 4 * i] = value;
      machine.step({ kind: "stats", args: [z, 2, 1, stats], layer: "" });
      machine.step({ kind: "track", args: [stats, 2, 1, running], layer: "" });
    };
    // Mean 2.5; squared deviations 2.25 + 0.25 + 0.25 + 2.25 = 5, unbiased variance 5 / 3.
    step(1, 2, 3, 4);
    expect(arena[running]).toBeCloseTo(0.25, 12);
    expect(arena[running + 4]).toBeCloseTo(0.9 + 0.1 * (5 / 3), 12);
    // Mean 1; squared deviations 3 + 9 = 12, unbiased variance 4.
    step(0, 0, 0, 4);
    expect(arena[running]).toBeCloseTo(0.9 * 0.25 + 0.1, 12);
    expect(arena[running + 4]).toBeCloseTo(0.9 * (0.9 + 0.5 / 3) + 0.4, 12);
    machine.step({ kind: "runningStats", args: [running, 1, stats], layer: "" });
    expect(arena[stats]).toBeCloseTo(0.325, 12);
    expect(arena[stats + 4]).toBeCloseTo(1 / Math.sqrt(1.36 + 1e-5), 12);
  });

  it("follow every batch norm of the network, and evaluation goes by them", () => {
    for (const cell of [CELLS["every operation"], CELLS["a node without input"]]) {
      const { spec, weights, batch } = discreteCase(cell, ODD, 3);
      const plan = createPlan(spec);
      const machine = new Interpreter(plan);
      machine.load(weights);
      const layout = runningLayout(parameterLayout(spec.space, spec.sizes, spec.architecture));
      const expected = new Map<string, Omit<Moments, "count">>();
      for (let i = 0; i < 2; i++) {
        const { moments } = oracle(spec, machine.flat("weights"), [], batch);
        for (const [name, { mean, variance, count }] of moments) {
          const before = expected.get(name);
          expected.set(name, {
            mean: mean.map((value, c) => 0.9 * (before?.mean[c] ?? 0) + 0.1 * value),
            variance: variance.map(
              (value, c) => 0.9 * (before?.variance[c] ?? 1) + (0.1 * value * count) / (count - 1),
            ),
          });
        }
        machine.feed([], batch, { rate: 0.1, momentum: 0.9, decay: 3e-4, clip: 5 });
        machine.run(plan.programs.weights);
      }
      const running = machine.running();
      expect(layout.length).toBe(2 * expected.size);
      for (const { name, offset, size } of layout) {
        const at = name.lastIndexOf("/");
        const values = expected.get(name.slice(0, at))?.[name.slice(at + 1) as "mean" | "variance"] ?? [];
        expect(relativeError(running.subarray(offset, offset + size), values), name).toBeLessThan(1e-6);
      }
      machine.arena.fill(Number.NaN, plan.regions.squares + 4);
      machine.run(plan.programs.evaluate);
      expect(meanLoss(machine)).toBeCloseTo(oracle(spec, machine.flat("weights"), [], batch, expected).loss, 5);
      expect(machine.running()).toEqual(running);
    }
  });
});

describe("planning a discrete network", () => {
  it("has no programs for dL/dp, and none for a supernet's norms to track", () => {
    const { spec } = discreteCase(CELLS["every operation"], {}, 4);
    const { programs } = createPlan(spec);
    expect([programs.architecture, programs.examples]).toEqual([[], []]);
    const { architecture: _, ...supernet } = spec;
    const plan = createPlan(supernet);
    expect(plan.running).toEqual([]);
    const kinds = new Set(Object.values(plan.programs).flatMap((entries) => entries.map(({ kind }) => kind)));
    expect(kinds.has("track") || kinds.has("runningStats")).toBe(false);
  });

  it("states the cost of a weight step", () => {
    const { spec } = discreteCase(ALL_3X3, { channels: 4, image: 16 }, 32);
    const { parameters, flops } = SPACE.cost(spec.architecture ?? [], spec.sizes);
    // The benchmark counts the classifier's bias among the multiply-accumulates.
    expect(planCost(createPlan(spec))).toMatchObject({ parameters, flops: 2 * 3 * 32 * (flops - 10) });
  });
});

describe("TensorFlow.js and WASM agree on a discrete network", () => {
  for (const [name, cell] of Object.entries(CELLS)) {
    it(name, async () => {
      await expectAgreement(discreteCase(cell, { ...ODD, cells: 1 }, 3));
    });
  }
});
