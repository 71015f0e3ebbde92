import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { layoutSize, parameterLayout } from "../../src/engine/network";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { type Case, type Mix, relativeError, slope } from "../support/cases";
import { dartsCase, dartsOracle, dartsScored, partialDartsCase, spaceOf } from "../support/darts";
import { expectPlan } from "../support/passes";

const SETTINGS: {
  name: string;
  sizes: Partial<Case["spec"]["sizes"]>;
  batch: number;
  mix?: Mix;
  partial?: number;
}[] = [
  { name: "dense", sizes: {}, batch: 3 },
  { name: "channels that need padding, odd sides", sizes: { channels: 3, image: 6, imageChannels: 3 }, batch: 2 },
  { name: "one channel, two cells a stage", sizes: { channels: 1, cells: 2, image: 4 }, batch: 3 },
  { name: "one-hot mixing weights", sizes: { image: 4 }, batch: 3, mix: "one-hot" },
  { name: "a third of the channels, odd sides", sizes: { channels: 6, image: 6 }, batch: 2, partial: 3 },
  { name: "one channel of four", sizes: { channels: 4, image: 4 }, batch: 3, partial: 4, mix: "one-hot" },
];

describe("the plan of a DARTS network, run in float64", () => {
  for (const { name, sizes, batch, mix, partial } of SETTINGS) {
    it(`computes the network and its gradients: ${name}`, () => {
      const made = partial ? partialDartsCase(partial, sizes, batch, mix) : dartsCase(sizes, batch, mix);
      expectPlan(made, dartsOracle);
    });
  }
});

describe("the DARTS network that plans are compared with", () => {
  it.each([
    ["", dartsCase({ channels: 2, image: 4 }, 2)],
    [", with partial channels", partialDartsCase(2, { channels: 2, image: 4 }, 2)],
  ])("agrees with finite differences%s", (_, { spec, weights, mixing, batch }) => {
    const { weights: dWeights, mixing: dMixing } = dartsOracle(spec, weights, mixing, batch);
    const some = Array.from({ length: 8 }, (_, operation) => 29 * operation);
    expect(
      relativeError(
        some.map((i) => dMixing[i]),
        some.map((i) => slope((p) => dartsScored(spec, weights, p, batch).loss, mixing, i)),
      ),
    ).toBeLessThan(1e-5);
    const layout = parameterLayout(spec.space, spec.sizes, undefined, spec.partial);
    const picked = layout.filter((_, i) => i % 23 === 0).map(({ offset, size }) => offset + Math.floor(size / 2));
    expect(
      relativeError(
        picked.map((i) => dWeights[i]),
        picked.map((i) => slope((w) => dartsScored(spec, w, mixing, batch).loss, weights, i)),
      ),
    ).toBeLessThan(1e-5);
  });
});

describe("planning a DARTS network", () => {
  const paper = dartsCase({ channels: 16, cells: 2, image: 32, imageChannels: 3, classes: 10 }, 64).spec;

  it("has the parameters that its authors report, 1.93 million", () => {
    const size = layoutSize(parameterLayout(paper.space, paper.sizes));
    expect(size).toBe(1_930_618);
  });

  it("refuses spaces and operations that it knows no network for", () => {
    expect(() => createPlan({ ...paper, space: { ...paper.space, id: "other" } })).toThrow(InputError);
    expect(() => createPlan({ ...paper, space: spaceOf(["none", "sep_conv_9x9"]) })).toThrow(/sep_conv_9x9/);
  });

  it("refuses what doesn't fit, saying how much it needs", () => {
    expect(() => createPlan(paper)).toThrow(/needs [\d.]+ GiB of memory/);
  });

  it("counts multiply-accumulates, those of depthwise convolutions too", () => {
    // Every candidate alone, and what is left without them.
    const { spec } = dartsCase({ channels: 4, image: 8, imageChannels: 3, classes: 10 }, 4);
    const macs = (choices: string[]) => {
      // Two operations for each, two passes for the architecture and three for the weights.
      return planCost(createPlan({ ...spec, space: spaceOf(choices) })).flops / (2 * 5 * 4);
    };
    // Channels and positions of the cells: normal, reduction, normal, reduction, normal.
    const cells = [
      [4, 64],
      [8, 16],
      [8, 16],
      [16, 4],
      [16, 4],
    ];
    const bare =
      27 * 12 * 64 + // stem
      64 * (12 * 4 + 12 * 4) +
      64 * (12 * 8 + 16 * 8) +
      16 * (16 * 8 + 32 * 8) + // the first halved: two convolutions to half of the channels each
      16 * (32 * 16 + 32 * 16) +
      4 * (32 * 16 + 64 * 16) +
      64 * 10; // classifier
    expect(macs(["none"])).toBe(bare);
    const edges = (each: (channels: number) => number) =>
      cells.reduce((sum, [channels, positions]) => sum + 14 * positions * each(channels), 0);
    expect(macs(["none", "sep_conv_5x5"])).toBe(bare + edges((c) => 2 * (25 * c + c * c)));
    expect(macs(["none", "dil_conv_3x3"])).toBe(bare + edges((c) => 9 * c + c * c));
    expect(macs(["none", "max_pool_3x3"])).toBe(bare);
    // Skips of the reductions' eight edges from their inputs.
    expect(macs(["none", "skip_connect"])).toBe(bare + 8 * (16 * 8 * 8 + 4 * 16 * 16));
  });
});
