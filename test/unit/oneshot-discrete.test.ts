import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import { RandomStream } from "../../src/core/random";
import { optionCount } from "../../src/core/space";
import { layoutSize, parameterLayout, runningLayout } from "../../src/engine/network";
import type { Parameter } from "../../src/engine/parameter";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { expectAgreement } from "../support/agreement";
import { relativeError, slope } from "../support/cases";
import { GRAPHS, graphCase, graphOracle, graphScored } from "../support/graph";
import { expectDiscretePlan } from "../support/passes";

describe("the weights of a NAS-Bench-1Shot1 cell's network", () => {
  it("are counted by hand", () => {
    const { spec } = graphCase(GRAPHS["S2, blocks of two widths"], { channels: 5, imageChannels: 3, classes: 10 });
    // The output shares 5, 10 and 20 channels between blocks 3 and 4; blocks 1 and 2 are as wide as the wider that they lead to.
    const cell = (from: number, to: number, three: number, four: number) => {
      const norms = 2 * (three + three + three + four + to);
      return norms + from * three + 9 * three * three + three * three + 9 * four * four + from * to;
    };
    const stem = 27 * 5 + 2 * 5;
    const cells = cell(5, 5, 3, 2) + cell(5, 10, 5, 5) + cell(10, 20, 10, 10);
    expect(layoutSize(parameterLayout(spec.space, spec.sizes, spec.architecture))).toBe(stem + cells + 20 * 10 + 10);
  });

  it("are as many as NAS-Bench-101's network has, and all find their place in the plan, whose cost is known", () => {
    const random = new RandomStream(3, "cells");
    const names = (all: readonly Parameter[]) => all.map(({ name }) => name).sort();
    for (const space of NAS_BENCH_1SHOT1) {
      for (let i = 0; i < 10; i++) {
        const architecture = space.rows.map((row) => random.integer(optionCount(row)));
        const spec = {
          space,
          sizes: { ...space.published, channels: 4 + i, cells: 1, image: 8 },
          batch: 2,
          architecture,
        };
        const plan = createPlan(spec);
        const layout = parameterLayout(space, spec.sizes, architecture);
        expect(names(plan.blocks.map(({ parameter }) => parameter))).toEqual(names(layout));
        expect(names(plan.running.map(({ parameter }) => parameter))).toEqual(names(runningLayout(layout)));
        const { parameters, flops } = space.cost(architecture, spec.sizes);
        // Without the classifier's bias.
        expect(planCost(plan)).toMatchObject({ parameters, flops: 2 * 3 * 2 * (flops - 10) });
      }
    }
  });

  it("must be those of an architecture of the space, with a channel for every block of the output", () => {
    const { spec } = graphCase(GRAPHS["S1, a block that leads nowhere"]);
    expect(() => createPlan({ ...spec, architecture: [1, 2] })).toThrow(InputError);
    const last = spec.architecture?.slice(0, -1) ?? [];
    expect(() => createPlan({ ...spec, architecture: [...last, 10] })).toThrow(
      /choice 10 of row output is none of 0 to 9/,
    );
    expect(() => createPlan({ ...spec, sizes: { ...spec.sizes, channels: 1 } })).toThrow(
      /joins 2 blocks; choose at least 2 channels/,
    );
  });
});

describe("a NAS-Bench-1Shot1 cell's plan, run in float64", () => {
  for (const [name, cell] of Object.entries(GRAPHS)) {
    for (const sizes of [
      { channels: 5, image: 5, imageChannels: 3 },
      { channels: 9, image: 4 },
    ]) {
      it(`computes loss and dL/dw, tracks and evaluates: ${name}, ${JSON.stringify(sizes)}`, () => {
        expectDiscretePlan(graphCase(cell, sizes, 3), graphOracle);
      });
    }
  }
});

it("the network that plans are compared with agrees with finite differences", () => {
  for (const cell of Object.values(GRAPHS)) {
    const { spec, weights, batch } = graphCase(cell, { channels: 3, image: 4 }, 3);
    const { weights: gradient } = graphOracle(spec, weights, [], batch);
    const layout = parameterLayout(spec.space, spec.sizes, spec.architecture);
    const picked = layout.filter((_, i) => i % 5 === 0).map(({ offset, size }) => offset + Math.floor(size / 2));
    expect(
      relativeError(
        picked.map((i) => gradient[i]),
        picked.map((i) => slope((w) => graphScored(spec, w, batch).loss, weights, i)),
      ),
    ).toBeLessThan(1e-5);
  }
});

describe("TensorFlow.js and WASM agree on a NAS-Bench-1Shot1 cell's network", () => {
  for (const [name, cell] of Object.entries(GRAPHS)) {
    it(name, async () => {
      await expectAgreement(graphCase(cell, { channels: 5 }));
    });
  }
});
