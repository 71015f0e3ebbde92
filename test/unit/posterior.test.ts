import { describe, expect, test } from "vitest";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import {
  klToPrior,
  mixingDraws,
  mixingMoments,
  normalCdf,
  normalQuantile,
  rowEntropies,
  samplePreferences,
  signalToNoise,
  winProbabilities,
} from "../../src/core/posterior";
import { RandomStream } from "../../src/core/random";
import { softmaxBackward, softmaxRows } from "../../src/core/softmax";
import { argmaxRows } from "../../src/core/space";

const TWO = [{ name: "1<-0", choices: ["a", "b"] }];
const FIVE = [{ name: "1<-0", choices: ["a", "b", "c", "d", "e"] }];

describe("the normal distribution function", () => {
  // Abramowitz and Stegun, table 26.1.
  test.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [-1, 0.158655253931457],
    [2, 0.977249868051821],
    [3, 0.99865010196837],
    [9, 1],
    [-9, 0],
  ])("at %d", (x, expected) => {
    expect(Math.abs(normalCdf(x) - expected)).toBeLessThan(1e-14);
  });
});

test("the normal quantile is the distribution function's inverse", () => {
  expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
  // Abramowitz and Stegun, table 26.5.
  expect(normalQuantile(0.975)).toBeCloseTo(1.95996398454005, 12);
  for (const p of [1e-10, 1e-4, 0.02, 0.3, 0.77, 0.9999]) {
    expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(1e-15);
    expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 6);
  }
});

describe("P(operation wins)", () => {
  test("of two is the distribution function of their difference", () => {
    for (const [gap, first, second] of [
      [0.3, 1, 1],
      [1, 0.5, 0.02],
      [-2, 0.1, 3],
      [0.05, 0.01, 0.01],
    ]) {
      const [p, q] = winProbabilities(TWO, [gap, 0], [first, second]);
      expect(Math.abs(p - normalCdf(gap / Math.hypot(first, second)))).toBeLessThan(1e-9);
      expect(p + q).toBeCloseTo(1, 14);
    }
  });

  test("of equals is an equal share", () => {
    for (const p of winProbabilities(FIVE, [1, 1, 1, 1, 1], [0.4, 0.4, 0.4, 0.4, 0.4])) expect(p).toBeCloseTo(0.2, 12);
  });

  test("agrees with counting draws", () => {
    const mean = [0.2, -0.4, 0.5, 0, 0.1];
    const scale = [0.9, 0.3, 0.2, 1.2, 0.05];
    const random = new RandomStream(1, "count");
    const wins = [0, 0, 0, 0, 0];
    const draws = 100_000;
    for (let i = 0; i < draws; i++) {
      const values = mean.map((m, j) => m + scale[j] * random.normal());
      wins[values.indexOf(Math.max(...values))]++;
    }
    const exact = winProbabilities(FIVE, mean, scale);
    for (const [i, p] of exact.entries()) {
      expect(Math.abs(wins[i] / draws - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / draws) + 1e-4);
    }
  });

  test("of a point estimate is certain", () => {
    expect([...winProbabilities(FIVE, [0, 3, 1, 2, 2.5], null)]).toEqual([0, 1, 0, 0, 0]);
  });
});

test("entropy is 0 when decided and ln 5 when open", () => {
  expect(rowEntropies(FIVE, [0, 1, 0, 0, 0])[0]).toBeCloseTo(0, 15);
  expect(rowEntropies(FIVE, [0.2, 0.2, 0.2, 0.2, 0.2])[0]).toBeCloseTo(Math.log(5), 14);
});

test("the divergence from the prior is 0 at the prior, and as by hand elsewhere", () => {
  expect(klToPrior([0, 0], [0.5, 0.5], 4)).toBeCloseTo(0, 15);
  // 1/2 (1/4 + 1 - 1 - ln 1/4) for mean 1, scale 1/2, prior precision 1.
  expect(klToPrior([1], [0.5], 1)).toBeCloseTo(0.5 * (0.25 - Math.log(0.25)), 15);
});

test("the softmax's backward pass agrees with finite differences", () => {
  const { rows, size } = NAS_BENCH_201;
  const random = new RandomStream(5, "alpha");
  const alpha = random.normals(size);
  const direction = random.normals(size);
  const loss = (at: Float64Array) => softmaxRows(rows, at).reduce((sum, p, i) => sum + direction[i] * p, 0);
  const gradient = softmaxBackward(rows, softmaxRows(rows, alpha), direction);
  for (let i = 0; i < size; i++) {
    const up = alpha.slice();
    const down = alpha.slice();
    up[i] += 1e-5;
    down[i] -= 1e-5;
    expect(Math.abs((loss(up) - loss(down)) / 2e-5 - gradient[i])).toBeLessThan(1e-9);
  }
});

test("the softmax stands large parameters", () => {
  expect([...softmaxRows(TWO, [1000, 0])]).toEqual([1, 0]);
});

test("mixing weights under a narrow posterior are those at its mean", () => {
  const mean = [0.5, 0, -1, 0.2, 0];
  const at = softmaxRows(FIVE, mean);
  const { mean: average, deviation } = mixingMoments(FIVE, mean, [1e-6, 1e-6, 1e-6, 1e-6, 1e-6]);
  for (let i = 0; i < 5; i++) {
    expect(average[i]).toBeCloseTo(at[i], 5);
    expect(deviation[i]).toBeLessThan(1e-5);
  }
});

describe("architectures drawn from the posterior", () => {
  const ROWS = [...FIVE, ...TWO];
  const DRAWS = 40_000;
  const MEAN = [0.2, -0.4, 0.5, 0, 0.1, 0.3, 0];

  /** How often every choice came up. */
  function frequencies(scale: readonly number[] | null): number[] {
    const random = new RandomStream(2, "draws");
    const counts = MEAN.map(() => 0);
    for (let draw = 0; draw < DRAWS; draw++) {
      const [first, second] = argmaxRows(ROWS, samplePreferences(MEAN, scale, random));
      counts[first]++;
      counts[5 + second]++;
    }
    return counts.map((count) => count / DRAWS);
  }

  test.each([
    ["P(wins)", [0.9, 0.3, 0.2, 1.2, 0.05, 0.4, 0.1]],
    ["the mixing weights of a point estimate", null],
  ])("choose every operation as often as %s say", (_, scale) => {
    const expected = scale ? winProbabilities(ROWS, MEAN, scale) : softmaxRows(ROWS, MEAN);
    for (const [i, frequency] of frequencies(scale).entries()) {
      const p = expected[i];
      expect(Math.abs(frequency - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / DRAWS));
    }
  });
});

test("the signal to noise is the lead over the runner-up in deviations of their difference", () => {
  // (0.8 - 0.5) / sqrt(0.3^2 + 0.4^2); the order of the choices does not matter.
  expect(signalToNoise(FIVE, [0.1, 0.8, -2, 0.5, 0.2], [9, 0.3, 9, 0.4, 9])[0]).toBeCloseTo(0.6, 14);
  expect(signalToNoise(FIVE, [0.8, 0.1, -2, 0.2, 0.5], [0.3, 9, 9, 9, 0.4])[0]).toBeCloseTo(0.6, 14);
  expect(signalToNoise(TWO, [1, 1], [1, 1])[0]).toBe(0);
  const [mean, scale] = [
    [0.3, -0.1],
    [0.5, 0.2],
  ];
  const [wins] = winProbabilities(TWO, mean, scale);
  expect(normalCdf(signalToNoise(TWO, mean, scale)[0])).toBeCloseTo(wins, 9);
});

describe("draws of the mixing weights", () => {
  const rows = [...FIVE, { name: "2<-0", choices: ["a", "b"] }];
  const mean = [0.2, -0.4, 0.5, 0, 0.1, 0.7, 0];
  const scale = [0.9, 0.3, 0.2, 1.2, 0.05, 0.6, 0.8];

  test("are positive, sum to one in every row, and are the same every time", () => {
    const draws = mixingDraws(rows, mean, scale, 50);
    for (let at = 0; at < draws.length; at += 7) {
      const draw = draws.subarray(at, at + 7);
      for (const p of draw) expect(p).toBeGreaterThan(0);
      expect(draw.subarray(0, 5).reduce((sum, p) => sum + p)).toBeCloseTo(1, 14);
      expect(draw[5] + draw[6]).toBeCloseTo(1, 14);
    }
    expect(mixingDraws(rows, mean, scale, 50)).toEqual(draws);
  });

  test("have the moments of two hundred thousand random ones", () => {
    const random = new RandomStream(4, "mixing");
    const [sum, squares] = [new Float64Array(7), new Float64Array(7)];
    const count = 200_000;
    for (let k = 0; k < count; k++) {
      const p = softmaxRows(
        rows,
        mean.map((m, i) => m + scale[i] * random.normal()),
      );
      for (let i = 0; i < 7; i++) {
        sum[i] += p[i] / count;
        squares[i] += p[i] ** 2 / count;
      }
    }
    const found = mixingMoments(rows, mean, scale, 400);
    for (let i = 0; i < 7; i++) {
      expect(Math.abs(found.mean[i] - sum[i])).toBeLessThan(0.003);
      expect(Math.abs(found.deviation[i] - Math.sqrt(squares[i] - sum[i] ** 2))).toBeLessThan(0.004);
    }
  });
});
