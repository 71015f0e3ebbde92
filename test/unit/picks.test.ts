import { describe, expect, test } from "vitest";
import { CONTROLS } from "../../src/core/controls";
import { createMethod } from "../../src/core/methods";
import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import {
  candidateProbabilities,
  optionProbabilities,
  samplePreferences,
  signalToNoise,
  winProbabilities,
} from "../../src/core/posterior";
import { RandomStream } from "../../src/core/random";
import { clashOf, withDefaults } from "../../src/core/settings";
import { softmaxRows } from "../../src/core/softmax";
import { largest, oneHot, optionCount, picked, rowOffsets } from "../../src/core/space";

const [S1, , S3] = NAS_BENCH_1SHOT1;
/** PC-DARTS weighs edges, which these spaces don't have. */
const METHODS = CONTROLS.method.options.map(({ value }) => value).filter((method) => method !== "pc-darts");

/** Rows of one, two and three picks. */
const ROWS = [
  { name: "one", choices: ["a", "b", "c"] },
  { name: "two", choices: ["a", "b", "c", "d"], picks: 2 },
  { name: "three", choices: ["a", "b", "c", "d", "e"], picks: 3 },
];
const MEAN = [0.2, -0.4, 0.5, 0, 0.1, 0.7, -0.3, 0.4, 0, -0.6, 0.3, 0.2];
const SCALE = [0.9, 0.3, 0.2, 1.2, 0.05, 0.4, 0.6, 0.3, 0.8, 0.5, 0.1, 0.4];

describe("rows of several picks", () => {
  test.each(ROWS)("the row $name has as many choices as it has sets, and says so of any other", (row) => {
    const sets = Array.from({ length: optionCount(row) }, (_, choice) => picked(row, choice).join());
    expect(new Set(sets).size).toBe(optionCount(row));
    for (const choice of [-1, optionCount(row), Number.NaN])
      expect(() => picked(row, choice)).toThrow(`row ${row.name} has no choice ${choice}`);
  });

  test.each([
    ["Gaussians", SCALE],
    ["mixing weights", null],
  ])("every set comes up as often in draws from %s as its probability says", (_, scale) => {
    const random = new RandomStream(3, "draws");
    const draws = 40_000;
    const counts = ROWS.map((row) => new Array<number>(optionCount(row)).fill(0));
    for (let draw = 0; draw < draws; draw++) {
      for (const [row, choice] of largest(ROWS, samplePreferences(MEAN, scale, random)).entries())
        counts[row][choice]++;
    }
    const options = optionProbabilities(ROWS, MEAN, scale);
    for (const [row, all] of options.entries()) {
      expect(all.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
      for (const [choice, p] of all.entries())
        expect(Math.abs(counts[row][choice] / draws - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / draws));
    }
    // What is among the sets, summed over a row, is as many as it picks; a row of one has P(wins), or its softmax.
    const candidates = candidateProbabilities(ROWS, options);
    const offsets = rowOffsets(ROWS);
    for (const [row, { picks = 1 }] of ROWS.entries())
      expect(candidates.subarray(offsets[row], offsets[row + 1]).reduce((sum, p) => sum + p)).toBeCloseTo(picks, 12);
    const single = scale ? winProbabilities(ROWS, MEAN, scale) : softmaxRows(ROWS, MEAN);
    for (let i = 0; i < 3; i++) expect(candidates[i]).toBeCloseTo(single[i], 14);
  });

  test("a point estimate has its largest for certain, and the lead is that of the last picked", () => {
    expect([...winProbabilities(ROWS, MEAN, null)]).toEqual(
      [0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1].map((p, i) => (i === 4 ? 1 : p)),
    );
    // Row two: 0.1 of scale 0.05 before 0 of scale 1.2.
    expect(signalToNoise(ROWS, MEAN, SCALE)[1]).toBeCloseTo(0.1 / Math.hypot(0.05, 1.2), 14);
  });

  test("what is picked shares the mixing weight of its row", () => {
    expect([...oneHot(ROWS, [1, 4, 9])]).toEqual([0, 1, 0, 0, 0.5, 0, 0.5, 0, 0, ...[1, 1, 1].map((p) => p / 3)]);
  });
});

test("PC-DARTS is refused with the nearest method", () => {
  const { problem, keys } = clashOf(withDefaults({ method: "pc-darts", space: "1shot1-s2" })) ?? {};
  expect([problem, keys]).toEqual([
    expect.stringMatching(/NAS-Bench-1Shot1 S2.*nearest valid value is darts/),
    ["method"],
  ]);
});

describe.each(METHODS)("%s on NAS-Bench-1Shot1", (method) => {
  test.each([S1, S3])("$title: proposes and trains on the simplex, learns, and decides for a cell", async (space) => {
    const settings = withDefaults({ method, space: space.id as "1shot1-s1", steps: 20, trials: 5 });
    const learner = createMethod(settings, space);
    const noise = new RandomStream(1, "noise");
    const offsets = rowOffsets(space.rows);
    const expectSimplex = (mixing: Float64Array) => {
      expect(mixing.length).toBe(space.size);
      for (const [row] of space.rows.entries()) {
        const own = mixing.subarray(offsets[row], offsets[row + 1]);
        expect(own.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
        expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
        if (method === "gdas") expect(Math.max(...own)).toBe(1);
      }
    };
    // A loss that is linear in the mixing weights: the last candidates of every row are the best.
    const gradient = Float64Array.from(space.rows.flatMap(({ choices }) => choices.map((_, i) => -i)));
    const loss = (mixing: Float64Array) => mixing.reduce((sum, p, i) => sum + p * gradient[i], 0);
    const trial = {
      score: async (mixing: Float64Array) => ({ loss: loss(mixing), accuracy: 0.5 }),
      differentiate: async () => ({ gradient }),
    };
    const before = loss(softmaxRows(space.rows, learner.mean));
    for (let step = 0; step < settings.steps; step++) {
      const proposals = learner.propose(noise);
      for (const { mixing } of proposals) expectSimplex(mixing);
      if (proposals.length > 0) {
        const perExample = Float64Array.from([...gradient, ...gradient]);
        learner.learn(
          proposals,
          proposals.map(() => ({ gradient, perExample })),
        );
      }
      const planned = learner.trainingMixing(noise);
      expectSimplex(planned);
      if (learner.perturb) expectSimplex(await learner.perturb(planned, noise, trial));
    }
    await learner.decide?.(noise, trial);
    expect(loss(softmaxRows(space.rows, learner.mean))).toBeLessThan(before);
    const choices = space.discretise(learner.mean);
    expect(space.parse(space.format(choices))).toEqual(choices);
  });
});

test("RSPS trains every set of inputs alike, and its decision has the weights that it was tried with", async () => {
  const rsps = createMethod(withDefaults({ method: "rsps", trials: 3 }), S1);
  const noise = new RandomStream(2, "noise");
  const sum = new Float64Array(S1.size);
  const draws = 4000;
  for (let k = 0; k < draws; k++) for (const [i, p] of rsps.trainingMixing(noise).entries()) sum[i] += p;
  const offsets = rowOffsets(S1.rows);
  for (const [row, { choices }] of S1.rows.entries()) {
    const p = 1 / choices.length;
    for (let i = offsets[row]; i < offsets[row + 1]; i++)
      expect(Math.abs(sum[i] / draws - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / draws));
  }
  const tried: Float64Array[] = [];
  await rsps.decide?.(noise, {
    score: async (mixing) => ({ accuracy: 0.1 * tried.push(mixing), loss: 1 }),
    differentiate: () => Promise.reject(new Error("not needed")),
  });
  for (const [i, p] of softmaxRows(S1.rows, rsps.mean).entries()) expect(p).toBeCloseTo(tried[2][i], 7);
  const choices = S1.discretise(rsps.mean);
  for (const [row, each] of S1.rows.entries())
    for (const candidate of picked(each, choices[row])) expect(tried[2][offsets[row] + candidate]).toBe(1 / each.picks);
});
