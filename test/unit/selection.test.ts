import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { type Benchmark, decodeBenchmark } from "../../src/core/benchmark";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import type { Scores } from "../../src/core/proxies";
import {
  type Candidate,
  correlations,
  drawGroup,
  oracle,
  parseRanking,
  rankCandidates,
  selectionCurve,
  uniformGroup,
} from "../../src/core/selection";
import { oneHot } from "../../src/core/space";
import { mean } from "../../src/core/statistics";
import { openIdxDataset } from "../../src/engine/data/idx";
import type { OpenDevice } from "../../src/engine/device";
import { createWasmGroup } from "../../src/engine/wasm/group";
import { createWasmProber } from "../../src/engine/wasm/prober";
import { Selection, type SelectOptions } from "../../src/search/select";
import { CELLS, discreteCase } from "../support/cases";
import { idxFolder, reader } from "./synthetic-data";

const BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
/** Preferences that decide for a cell, by so much. */
const preferring = (cell: string, lead: number) =>
  Array.from(oneHot(SPACE.rows, SPACE.parse(cell)), (one) => lead * one);
const plain = { samples: 300, temperature: 1, seed: 3 };

let benchmark: Benchmark;
beforeAll(async () => {
  benchmark = await decodeBenchmark(readFileSync("public/benchmarks/nasbench201.bin"));
});

describe("the group", () => {
  it("is the argmax alone where the distribution has decided, and wider the hotter it is drawn", () => {
    const posterior = { mean: preferring(BEST, 1), scale: new Array<number>(30).fill(0.1) };
    const cold = drawGroup(SPACE, posterior, plain);
    expect(cold).toEqual({
      samples: 300,
      disconnected: 0,
      candidates: [{ choices: SPACE.parse(BEST), architecture: BEST, draws: 300, first: 0 }],
    });
    const sizes = [3, 10, 100].map(
      (temperature) => drawGroup(SPACE, posterior, { ...plain, temperature }).candidates.length,
    );
    expect(sizes[0]).toBeGreaterThan(1);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    // Every sample is somewhere, and a prefix of the draws is a draw of fewer.
    const hot = drawGroup(SPACE, posterior, { ...plain, temperature: 10 });
    expect(hot.candidates.reduce((sum, { draws }) => sum + draws, hot.disconnected)).toBe(300);
    const fewer = drawGroup(SPACE, posterior, { ...plain, temperature: 10, samples: 40 });
    expect(fewer.candidates.map(({ architecture }) => architecture)).toEqual(
      hot.candidates.filter(({ first }) => first <= 40).map(({ architecture }) => architecture),
    );
  });

  it("leaves disconnected cells out, the argmax too, and merges isomorphs", () => {
    const nothing = drawGroup(SPACE, { mean: preferring(CELLS["nothing at all"], 9), scale: null }, plain);
    expect(nothing.candidates.every(({ first }) => first > 0)).toBe(true);
    expect(nothing.disconnected).toBeGreaterThan(200);
    // A path through node 1 or through node 2 alone: the same function.
    const [one, two] = [
      "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|",
      "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    ];
    const both = preferring(one, 5).map((value, i) => Math.max(value, preferring(two, 5)[i]));
    const merged = drawGroup(SPACE, { mean: both, scale: null }, plain).candidates;
    expect(merged.filter(({ architecture }) => architecture === one || architecture === two).length).toBeLessThan(2);
  });

  it("draws the choices of a point estimate as often as softmax(alpha / T) says", () => {
    // All edges but the last are decided; the last is a 1 x 1 or a 3 x 3 convolution, at odds of e to the 1 / T.
    const alpha = preferring(BEST, 40);
    alpha[27] = 39;
    for (const temperature of [1, 2]) {
      const group = drawGroup(SPACE, { mean: alpha, scale: null }, { samples: 4000, temperature, seed: 1 });
      expect(group.candidates[0].draws / 4000).toBeCloseTo(1 / (1 + Math.exp(-1 / temperature)), 1);
    }
  });

  it("of the control is uniform over the space", () => {
    const { candidates, disconnected } = uniformGroup(SPACE, 4000, 1);
    const skips = candidates.map(({ choices }) => choices.filter((choice) => choice === 1).length);
    expect(mean(skips)).toBeCloseTo(6 / 5, 0);
    // 341 of 15,625 cells have no path.
    expect(disconnected / 4000).toBeCloseTo(341 / 15_625, 2);
  });
});

describe("ranking", () => {
  const cell = (architecture: string, draws: number, first: number): Candidate => {
    return { choices: SPACE.parse(architecture), architecture, draws, first };
  };
  const candidates = [
    cell(BEST, 1, 0),
    ...[CELLS["every operation"], CELLS["convolutions alone"], CELLS["sums of terms alone"]].map((text, i) =>
      cell(text, 1 + i, 5 * (i + 1)),
    ),
  ];
  const table: Scores[] = [
    { naswot: 10, ntk: 7 },
    { naswot: 30, ntk: 9 },
    { naswot: 20, ntk: 2 },
    { naswot: Number.NEGATIVE_INFINITY, ntk: Number.NaN },
  ];
  const scoresOf = (candidate: Candidate) => table[candidates.indexOf(candidate)];

  it("by hand: orders by merit, averages ranks, and breaks ties by draws", () => {
    const order = (...by: ("naswot" | "ntk")[]) =>
      rankCandidates(candidates, scoresOf, by).map(({ first, meanRank }) => [first, meanRank]);
    expect(order("naswot")).toEqual([
      [5, 1],
      [10, 2],
      [0, 3],
      [15, 4],
    ]);
    expect(order("ntk")).toEqual([
      [10, 1],
      [0, 2],
      [5, 3],
      [15, 4],
    ]);
    // Places 3 + 2, 1 + 3, 2 + 1, 4 + 4.
    expect(order("naswot", "ntk")).toEqual([
      [10, 1.5],
      [5, 2],
      [0, 2.5],
      [15, 4],
    ]);
    const even = rankCandidates(candidates, () => ({ naswot: 1 }), ["naswot"]);
    expect(even.map(({ draws, first }) => [draws, first])).toEqual([
      [3, 15],
      [2, 10],
      [1, 0],
      [1, 5],
    ]);
  });

  it("reads its curve off prefixes of the draws, which always hold the argmax", () => {
    const group = { samples: 15, disconnected: 0, candidates };
    const curve = selectionCurve(group, scoresOf, ["naswot"]);
    expect(curve.map(({ samples, picked }) => [samples, picked.first])).toEqual([
      [1, 0],
      [5, 5],
      [10, 5],
      [15, 5],
    ]);
  });

  it("correlates with accuracies, and knows the best there was", () => {
    const ranked = rankCandidates(candidates, scoresOf, ["ntk"]);
    const found = correlations(ranked, ({ first }) => [10, 0, 5, 15].indexOf(first) * -1);
    expect(found).toEqual({ rank: 1, naswot: expect.closeTo(0.4, 12), ntk: 1 });
    const best = oracle(candidates, benchmark);
    const tests = candidates.map(({ choices }) => benchmark.figures(choices).accuracy.cifar100.test);
    expect(best.cifar100.test).toBe(Math.max(...tests));
    expect(best.cifar100.architecture).toBe(candidates[tests.indexOf(Math.max(...tests))].architecture);
  });

  it("names the nearest proxy", () => {
    expect(parseRanking("naswot+flops", "--rank")).toEqual(["naswot", "flops"]);
    expect(() => parseRanking("naswat", "--rank")).toThrow(InputError);
    expect(() => parseRanking("naswat", "--rank")).toThrow(/nearest is naswot/);
  });
});

describe("a selection", () => {
  const { batch } = discreteCase(BEST, { imageChannels: 1 }, 8);
  const options = (): SelectOptions => ({
    posterior: { mean: preferring(BEST, 0.5), scale: new Array<number>(30).fill(0.5) },
    samples: 8,
    temperature: 1,
    seed: 4,
    rankBy: ["naswot", "flops"],
    benchmark,
    scoring: {
      space: SPACE,
      sizes: { channels: 2, cells: 1, image: 8, imageChannels: 1, classes: 10 },
      batch,
      repeats: 2,
      proxies: ["synflow"],
      device: { createProber: createWasmProber },
    },
    training: null,
  });

  it("goes on after it was cancelled as if it had not been, in this one or in another", async () => {
    const whole = new Selection(options());
    for await (const _ of whole.run());
    const { scored, total } = whole.progress;
    expect(scored).toBe(total);
    const result = whole.result();
    expect(Object.keys(result.candidates[0].scores).toSorted()).toEqual(["flops", "naswot", "synflow"]);
    expect(result.control?.benchmark).not.toBeNull();

    const stopped = new Selection(options());
    const kept: { architecture: string; scores: Scores }[] = [];
    for await (const line of stopped.run()) {
      kept.push(line);
      if (kept.length === 3) break;
    }
    expect(stopped.progress).toEqual({ scored: 3, total });
    // What there is is ranked.
    expect(stopped.result().candidates).toHaveLength(3);
    const resumed = new Selection(options());
    for (const { architecture, scores } of kept) resumed.restore(architecture, scores);
    for await (const _ of resumed.run());
    expect(resumed.result()).toEqual(result);
    for await (const _ of stopped.run());
    expect(stopped.result()).toEqual(result);
  });

  it("trains the best by the proxies, and the best of the control alike", async () => {
    const dataset = await openIdxDataset(reader(idxFolder({ train: 80, test: 10 })), "folder");
    const groups: number[] = [];
    const createGroup: OpenDevice["createGroup"] = (specs, weights) => {
      groups.push(specs.length);
      return createWasmGroup(specs, weights, 1);
    };
    const selection = new Selection({ ...options(), training: { count: 3, dataset, device: { createGroup } } });
    for await (const _ of selection.run());
    expect(selection.result().training).toMatchObject({ candidates: [], control: [], oracle: null });
    const reports = [];
    for await (const report of selection.train()) reports.push(report);
    // Three, then two networks; those of the control likewise.
    expect(groups).toEqual([3, 2, 3, 2]);
    const steps = 3 * 100 + 2 * 100;
    expect(reports).toHaveLength(2 * 200);
    expect(reports[199]).toMatchObject({ of: "group", round: 2, done: steps, total: 2 * steps });
    expect(reports.at(-1)).toMatchObject({ of: "control", networks: 2, done: 2 * steps });
    const { training, candidates, winner } = selection.result();
    const best = candidates.slice(0, 3).map(({ architecture }) => architecture);
    expect(training?.candidates.map(({ rank, architecture }) => best[rank - 1] === architecture)).toEqual([
      true,
      true,
      true,
    ]);
    expect(training?.candidates.map((row) => row.steps)).toEqual([200, 200, 100]);
    expect(winner?.architecture).toBe(best[0]);
    const tests = training?.candidates.map(({ benchmark: figures }) => figures?.cifar10.test ?? 0) ?? [];
    expect(training?.oracle?.cifar10.test).toBe(Math.max(...tests));
    for await (const _ of selection.train()) throw new Error("what is trained is not trained again");
  });
});
