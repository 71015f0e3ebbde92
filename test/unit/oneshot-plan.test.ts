import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import { layoutSize, parameterLayout } from "../../src/engine/network";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { type Case, type Mix, relativeError, slope } from "../support/cases";
import { oneShotCase, oneShotOracle, oneShotScored } from "../support/oneshot";
import { expectPlan } from "../support/passes";

const SETTINGS: { name: string; space: number; sizes: Partial<Case["spec"]["sizes"]>; batch: number; mix?: Mix }[] = [
  { name: "S1", space: 1, sizes: { channels: 2, image: 6 }, batch: 3 },
  { name: "S2, channels that need padding, odd sides", space: 2, sizes: { channels: 3, image: 5 }, batch: 2 },
  { name: "S3, one channel, two cells a stage", space: 3, sizes: { channels: 1, cells: 2, image: 4 }, batch: 3 },
  { name: "S3, one-hot mixing weights", space: 3, sizes: { image: 4, channels: 2 }, batch: 3, mix: "one-hot" },
];

describe("the plan of a network of choice blocks, run in float64", () => {
  for (const { name, space, sizes, batch, mix } of SETTINGS) {
    it(`computes the network and its gradients: ${name}`, () => {
      expectPlan(oneShotCase(space, sizes, batch, mix), oneShotOracle);
    });
  }
});

describe("the network of choice blocks that plans are compared with", () => {
  for (const [i, space] of NAS_BENCH_1SHOT1.entries()) {
    it(`agrees with finite differences: ${space.title}`, () => {
      const { spec, weights, mixing, batch } = oneShotCase(i + 1, { channels: 2, image: 4 }, 3);
      const { weights: dWeights, mixing: dMixing } = oneShotOracle(spec, weights, mixing, batch);
      const slopes = Array.from(mixing, (_, k) => slope((p) => oneShotScored(spec, weights, p, batch).loss, mixing, k));
      expect(relativeError(dMixing, slopes)).toBeLessThan(1e-5);
      const layout = parameterLayout(spec.space, spec.sizes);
      const picked = layout.filter((_, k) => k % 5 === 0).map(({ offset, size }) => offset + Math.floor(size / 2));
      expect(
        relativeError(
          picked.map((k) => dWeights[k]),
          picked.map((k) => slope((w) => oneShotScored(spec, w, mixing, batch).loss, weights, k)),
        ),
      ).toBeLessThan(1e-5);
    });
  }
});

/** Multiply-accumulates of an image, with parameters that are not convolutions: counted by hand from model_search.py. */
function counted(blocks: number, channels: number, cells: number, image: number) {
  let parameters = 27 * channels + 2 * channels;
  let accumulates = 27 * channels * image * image;
  let [side, width, wide] = [image, channels, channels];
  for (let i = 0; i < 3 * cells; i++) {
    if (i === cells || i === 2 * cells) {
      side = Math.floor(side / 2) + 1;
      width *= 2;
    }
    // A projection for each block and one as wide as the output; a convolution of 3 x 3 and of 1 x 1 for each block.
    const weights = blocks * wide * width + wide * blocks * width + blocks * (9 + 1) * width * width;
    parameters += weights + 2 * (blocks * width + blocks * width + 2 * blocks * width);
    accumulates += weights * side * side;
    wide = blocks * width;
  }
  parameters += wide * width + width * 10 + 10;
  accumulates += wide * width * side * side + width * 10;
  return { parameters, accumulates };
}

describe("planning a network of choice blocks", () => {
  it("has the parameters of the published code", () => {
    const sizes = { channels: 16, cells: 3, image: 32, imageChannels: 3, classes: 10 };
    const counts = NAS_BENCH_1SHOT1.map((space) => layoutSize(parameterLayout(space, sizes)));
    expect(counts).toEqual([1_101_402, 1_101_402, 1_509_594]);
    expect(counts).toEqual([4, 4, 5].map((blocks) => counted(blocks, 16, 3, 32).parameters));
  });

  it("counts multiply-accumulates", () => {
    for (const [i, blocks] of [4, 4, 5].entries()) {
      const { spec } = oneShotCase(i + 1, { imageChannels: 3, classes: 10, image: 16 }, 4);
      const { flops, parameters } = planCost(createPlan(spec));
      const expected = counted(blocks, 4, 1, 16);
      // Two operations for each, two passes for the architecture and three for the weights.
      expect([flops / (2 * 5 * 4), parameters]).toEqual([expected.accumulates, expected.parameters]);
    }
  });

  it("refuses other choices, and what doesn't fit", () => {
    const { spec } = oneShotCase(1, { channels: 16, cells: 3, image: 32 }, 64);
    const { space } = spec;
    const rows = NAS_BENCH_1SHOT1[0].rows.map((row) => ({
      ...row,
      choices: row.choices.map((name) => name.replace("3x3", "5x5")),
    }));
    expect(() => createPlan({ ...spec, space: { ...NAS_BENCH_1SHOT1[0], rows } })).toThrow(/block1/);
    expect(() => createPlan({ ...spec, space: { ...space, id: "other" } })).toThrow(InputError);
    expect(() => createPlan({ ...spec, partial: 2 })).toThrow(/partial channels/);
    expect(() => createPlan(spec, { limit: 2 ** 28 })).toThrow(/needs [\d.]+ GiB of memory/);
  });
});
