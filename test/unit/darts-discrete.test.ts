import { describe, expect, it } from "vitest";
import { DARTS } from "../../src/core/darts";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { layoutSize, parameterLayout, runningLayout } from "../../src/engine/network";
import type { Parameter } from "../../src/engine/parameter";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { expectAgreement } from "../support/agreement";
import { relativeError, slope } from "../support/cases";
import { DISCRETE, dartsDiscreteCase, dartsOracle, dartsScored } from "../support/darts";
import { expectDiscretePlan } from "../support/passes";

describe("the weights of a DARTS genotype's network", () => {
  it("are as many as the paper's network has, for every published genotype", () => {
    for (const { id, choices } of PUBLISHED_GENOTYPES) {
      for (const sizes of [
        DARTS.published,
        { ...DARTS.published, channels: 4, cells: 1 },
        { channels: 10, cells: 3, image: 28, imageChannels: 1, classes: 7 },
      ]) {
        const { parameters } = DARTS.cost(choices, sizes);
        expect(layoutSize(parameterLayout(DARTS, sizes, choices)), id).toBe(parameters);
      }
    }
  });

  it("all find their place in the plan, with the running statistics, whose cost is known", () => {
    for (const { choices } of PUBLISHED_GENOTYPES) {
      const { spec } = dartsDiscreteCase(choices, { cells: 2 });
      const plan = createPlan(spec);
      const layout = parameterLayout(DARTS, spec.sizes, choices);
      const names = (all: readonly Parameter[]) => all.map(({ name }) => name).sort();
      expect(names(plan.blocks.map(({ parameter }) => parameter))).toEqual(names(layout));
      expect(names(plan.running.map(({ parameter }) => parameter))).toEqual(names(runningLayout(layout)));
      const { parameters, flops } = DARTS.cost(choices, spec.sizes);
      expect(planCost(plan)).toMatchObject({ parameters, flops: 2 * 3 * spec.batch * flops });
    }
  });

  it("must be those of an architecture of the space", () => {
    const { spec } = dartsDiscreteCase(DISCRETE["every operation"]);
    expect(() => createPlan({ ...spec, architecture: [1, 2] })).toThrow(/has 28 choices, got 2/);
  });
});

describe("a DARTS genotype's plan, run in float64", () => {
  for (const [name, architecture] of Object.entries(DISCRETE)) {
    for (const [sizes, batch] of [
      [{}, 4],
      [{ channels: 6, image: 6, imageChannels: 3 }, 3],
    ] as const) {
      it(`computes loss and dL/dw, tracks and evaluates: ${name}, ${JSON.stringify(sizes)}`, () => {
        expectDiscretePlan(dartsDiscreteCase(architecture, sizes, batch), dartsOracle);
      });
    }
  }
});

it("the network that plans are compared with agrees with finite differences", () => {
  const { spec, weights, batch } = dartsDiscreteCase(DISCRETE["every operation"], { channels: 2, image: 6 }, 3);
  const { weights: gradient } = dartsOracle(spec, weights, [], batch);
  const layout = parameterLayout(spec.space, spec.sizes, spec.architecture);
  const picked = layout.filter((_, i) => i % 5 === 0).map(({ offset, size }) => offset + Math.floor(size / 2));
  expect(
    relativeError(
      picked.map((i) => gradient[i]),
      picked.map((i) => slope((w) => dartsScored(spec, w, [], batch).loss, weights, i)),
    ),
  ).toBeLessThan(1e-5);
});

describe("TensorFlow.js and WASM agree on a DARTS genotype's network", () => {
  for (const [name, architecture] of Object.entries(DISCRETE)) {
    it(name, async () => {
      await expectAgreement(dartsDiscreteCase(architecture));
    });
  }
});
