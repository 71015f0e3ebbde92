import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { curvesOf, eigenvaluePoints, SAMPLES, samplePoints } from "../../src/app/compare/curves";
import { groupBySeed } from "../../src/app/compare/groups";
import { bestOf, csvOf, resultRows } from "../../src/app/compare/rows";
import { readSelections, selectedGroups, selectionPoints } from "../../src/app/compare/selections";
import { Recording } from "../../src/app/recording";
import { decodeBenchmark } from "../../src/core/benchmark";
import { CommonDraws } from "../../src/core/common-draws";
import type { Settings } from "../../src/core/controls";
import { cellCode, NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import { withDefaults } from "../../src/core/settings";
import { quantile } from "../../src/core/statistics";

const file = readFileSync("public/benchmarks/nasbench201.bin");
const benchmark = await decodeBenchmark(
  file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
);
const test10 = benchmark.testAccuracy("cifar10");

const [NONE, SKIP, CONV] = [0, 1, 3];
/** Means that decide for an operation on every edge, so much ahead of the others. */
const meansFor = (operation: number, lead = 1) =>
  Float64Array.from({ length: SPACE.size }, (_, i) => (i % 5 === operation ? lead : 0));
const all = (operation: number) => new Array<number>(6).fill(operation);

/** A run of two steps; Gaussians of a width, or none. */
function recordingOf(chosen: Partial<Settings>, means: readonly Float64Array[], width: number | null): Recording {
  const scale = (count: number) => (width === null ? null : new Float64Array(count * SPACE.size).fill(width));
  const recording = new Recording(withDefaults({ steps: 2, ...chosen }), means[0], scale(1));
  const count = means.length - 1;
  const mean = Float64Array.from(means.slice(1).flatMap((each) => [...each]));
  const rest = { evaluations: [], changes: [], result: null, seconds: 1 };
  recording.append({ count, scalars: new Float32Array(6 * count), mean, scale: scale(count), ...rest });
  return recording;
}

const grouped = (...recordings: Recording[]) =>
  groupBySeed(recordings.map((recording, i) => ({ id: String(i), name: "", recording })));

const drawAll = (recording: Recording) => {
  for (let step = 0; step <= recording.steps; step++) curvesOf(recording).samples(step);
};

test("quantiles stand straight between neighbours", () => {
  expect([0, 0.05, 0.5, 0.95, 1].map((share) => quantile([10, 20, 40], share))).toEqual([10, 11, 20, 38, 40]);
  expect(quantile([7], 0.05)).toBe(7);
});

test("samples differ from one distribution to the next only where the distributions do", () => {
  const draws = new CommonDraws(SPACE, 400, 1);
  const flat = new Float64Array(SPACE.size);
  const wide = new Float64Array(SPACE.size).fill(1);
  const first = draws.choices(flat, wide);
  expect(draws.choices(flat, wide)).toEqual(first);
  // One edge decided: the others keep their choices.
  const decided = flat.slice();
  decided[2] = 100;
  expect(draws.choices(decided, wide)).toEqual(first.map((choices) => [2, ...choices.slice(1)]));
  // Gumbel noise: the share of a choice is its softmax, e / (e + 4) = 0.4046, within three standard errors of 400 draws.
  const tilted = flat.slice();
  tilted[0] = 1;
  const share = draws.choices(tilted, null).filter(([choice]) => choice === 0).length / 400;
  expect(Math.abs(share - Math.E / (Math.E + 4))).toBeLessThan(3 * Math.sqrt((0.4046 * 0.5954) / 400));
});

test("a distribution without width is a band without width, at its cell; nothing is drawn before its samples are", () => {
  const recording = recordingOf(
    {},
    [CONV, SKIP, NONE].map((each) => meansFor(each)),
    1e-9,
  );
  const [group] = grouped(recording);
  expect(samplePoints(group, benchmark, "cifar10")).toEqual([]);
  drawAll(recording);
  const points = samplePoints(group, benchmark, "cifar10");
  expect(points).toEqual(
    [CONV, SKIP, NONE].map((operation, step) => {
      const accuracy = test10[cellCode(all(operation))];
      return { step, argmax: accuracy, low: accuracy, median: accuracy, high: accuracy };
    }),
  );
});

test("the samples of a group's runs count together, up to the end of its shortest", () => {
  const convolutions = recordingOf({ seed: 1 }, [meansFor(CONV), meansFor(CONV)], 1e-9);
  const skips = recordingOf({ seed: 2 }, [meansFor(SKIP), meansFor(SKIP), meansFor(SKIP)], 1e-9);
  for (const recording of [convolutions, skips]) drawAll(recording);
  const [group] = grouped(convolutions, skips);
  expect(group.runs).toHaveLength(2);
  const points = samplePoints(group, benchmark, "cifar100");
  expect(points.map(({ step }) => step)).toEqual([0, 1]);
  const [best, worst] = [CONV, SKIP].map((operation) => benchmark.testAccuracy("cifar100")[cellCode(all(operation))]);
  // A hundred of the one and a hundred of the other.
  expect(points[0].argmax).toBeCloseTo((best + worst) / 2, 4);
  expect(points[0].median).toBeCloseTo((best + worst) / 2, 4);
  expect([points[0].low, points[0].high]).toEqual([Math.min(best, worst), Math.max(best, worst)]);
  expect(curvesOf(skips).samples(0)).toHaveLength(SAMPLES);
});

test("eigenvalues are drawn where every run of a group has them", () => {
  const runs = [1, 2, 3].map((seed) =>
    recordingOf(
      { seed: Math.min(seed, 2), method: seed > 2 ? "drnas" : "darts" },
      [meansFor(SKIP), meansFor(SKIP)],
      null,
    ),
  );
  const point = (step: number, eigenvalue: number) => ({ step, eigenvalue, penalty: null });
  runs[0].sharpness = [point(0, 0.1), point(1, 0.5)];
  runs[1].sharpness = [point(1, 0.3)];
  runs[2].sharpness = [point(0, -0.2)];
  expect(eigenvaluePoints(grouped(...runs))).toEqual([
    { step: 0, g1: -0.2 },
    {
      step: 1,
      g0: 0.4,
      g0low: expect.closeTo(0.4 - 0.1 * Math.SQRT2, 10),
      g0high: expect.closeTo(0.4 + 0.1 * Math.SQRT2, 10),
    },
  ]);
});

/** A line as `nas select` prints it, whose picks from 1 and from 5 samples are the same operation on every edge. */
const lineOf = (seed: number, first: number, last: number, rest: object = {}) => {
  const looked = (operation: number) => ({ architecture: SPACE.format(all(operation)), benchmark: null });
  const curve = [
    { samples: 1, ...looked(first) },
    { samples: 5, ...looked(last) },
  ];
  const given = {
    seed,
    samples: 5,
    temperature: 1,
    rankBy: ["naswot", "flops"],
    control: looked(SKIP),
    curve,
    ...rest,
  };
  return JSON.stringify({ kind: "selection", method: "balenas", ...looked(last), ...given });
};

test("selections of a method are the mean of their seeds within a standard deviation, in the colour of its runs", () => {
  const selected = readSelections(
    [
      `{"kind":"candidate"}`,
      lineOf(1, SKIP, CONV),
      lineOf(2, CONV, CONV),
      lineOf(3, SKIP, SKIP, { method: "darts" }),
    ].join("\n"),
  );
  const runs = grouped(recordingOf({ method: "darts" }, [meansFor(CONV), meansFor(CONV)], null));
  const groups = selectedGroups(selected, runs);
  expect(groups.map(({ title, style, runs: { length } }) => [title, style, length])).toEqual([
    ["BaLeNAS: 5 samples by NASWOT and FLOPs", 1, 2],
    ["DARTS: 5 samples by NASWOT and FLOPs", 0, 1],
  ]);
  const [skip, conv] = [SKIP, CONV].map((operation) => test10[cellCode(all(operation))]);
  const [one, five] = selectionPoints(groups, benchmark, "cifar10");
  // The deviation of two values is their distance over the root of two.
  const reach = Math.abs(conv - skip) / Math.SQRT2;
  expect(one).toEqual({
    samples: 1,
    g1: (skip + conv) / 2,
    g1low: expect.closeTo((skip + conv) / 2 - reach, 4),
    g1high: expect.closeTo((skip + conv) / 2 + reach, 4),
    g0: skip,
  });
  expect(five).toMatchObject({ samples: 5, g1: conv, g1low: conv, g1high: conv });
  // Of two selections under a seed the later counts.
  const again = selectedGroups([...selected, ...readSelections(lineOf(1, CONV, CONV))], runs);
  expect(again[0].runs.map(({ seed, curve }) => [seed, curve[0].architecture])).toEqual([
    [1, SPACE.format(all(CONV))],
    [2, SPACE.format(all(CONV))],
  ]);
});

test("a selection that cannot be read says why", () => {
  expect(() => readSelections(`{"kind":"candidate"}\n`)).toThrow(/no selection in it/);
  expect(() => readSelections(`{"kind":"candidate"}\n{"kind":"sel`)).toThrow(/line 2/);
  expect(() => readSelections(lineOf(1, SKIP, CONV, { method: "x" }))).toThrow(/line 1: the method is "x", expected/);
  expect(() => readSelections(lineOf(1, SKIP, CONV, { seed: "1" }))).toThrow(/seed is "1", expected a number/);
  expect(() => readSelections(lineOf(1, SKIP, CONV, { architecture: "|none~0|" }))).toThrow(/line 1: .*node/);
});

test("a short training is a selection of its own beside that of the proxies", () => {
  const trained = { architecture: SPACE.format(all(SKIP)), benchmark: null };
  const [byProxies, byTraining, ...rest] = readSelections(
    lineOf(1, SKIP, CONV, { train: 30, byTraining: { winner: trained, control: null } }),
  );
  expect(rest).toEqual([]);
  expect(byProxies).toMatchObject({ train: 0, winner: { architecture: SPACE.format(all(CONV)) } });
  expect(byTraining).toMatchObject({ train: 30, winner: trained, control: null, curve: [] });
  const groups = selectedGroups([byProxies, byTraining], []);
  expect(groups.map(({ how }) => how)).toEqual([
    "5 samples by NASWOT and FLOPs",
    "5 samples by NASWOT and FLOPs, the best 30 trained",
  ]);
  const points = selectionPoints(groups, benchmark, "cifar10");
  expect(points.map((point) => Object.keys(point).some((key) => key.startsWith(`g${groups[1].style}`)))).toEqual([
    false,
    false,
  ]);
});

test("the table has the paper's figures, those of the runs and of the selections, and the best there is", () => {
  const runs = grouped(
    recordingOf({ seed: 1 }, [meansFor(CONV), meansFor(CONV)], 1),
    recordingOf({ seed: 2 }, [meansFor(CONV), meansFor(SKIP)], 1),
  );
  const selections = selectedGroups(readSelections(`${lineOf(1, SKIP, CONV)}\n${lineOf(2, SKIP, CONV)}`), runs);
  const rows = resultRows(runs, selections, benchmark, bestOf(benchmark));
  expect(rows.map(({ title, note, values }) => `${title} ${note} ${values.cifar10.test.length}`)).toEqual([
    "BaLeNAS-TF in the paper 1",
    "BaLeNAS argmax 2",
    "BaLeNAS pick of 5 samples by NASWOT and FLOPs 2",
    "Random cells pick of 5 samples by NASWOT and FLOPs 2",
    "Best cell of each column 1",
  ]);
  const [paper, argmax, , random, best] = rows.map(({ values }) => values);
  const six = ({ cifar10, cifar100, ...rest }: (typeof rows)[number]["values"]) =>
    [cifar10, cifar100, rest["imagenet16-120"]].flatMap(({ valid, test }) => [valid[0], test[0]]);
  // Zhang et al., CVPR 2022; of the best cell the test accuracies are those that Dong and Yang print, ICLR 2020.
  expect(six(paper)).toEqual([91.52, 94.33, 72.67, 72.95, 46.14, 46.54]);
  expect(six(best).map((value) => value.toFixed(2))).toEqual(["91.61", "94.37", "73.49", "73.51", "46.73", "47.31"]);
  expect(argmax.cifar10.test).toEqual(
    [benchmark.figures(all(CONV)), benchmark.figures(all(SKIP))].map(({ accuracy }) => accuracy.cifar10.test),
  );
  expect(new Set(random.cifar100.valid).size).toBe(1);
  const lines = csvOf(rows).split("\n");
  expect(lines[0]).toMatch(/^method,of,n,cifar10 valid,cifar10 valid s\.d\.,cifar10 test,/);
  expect(lines[1]).toBe(`"BaLeNAS-TF","in the paper",1,91.52,,94.33,,72.67,,72.95,,46.14,,46.54,`);
  expect(lines[2].split(",")).toHaveLength(15);
});
