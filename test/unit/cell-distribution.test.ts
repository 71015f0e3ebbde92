import { expect, test } from "vitest";
import { ascending, cellProbabilities, massInBins, summarise } from "../../src/core/cell-distribution";
import { CELLS, cellCode, cellOfCode, NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { softmaxRows } from "../../src/core/softmax";

const { rows, size } = NAS_BENCH_201;
const share = softmaxRows(rows, new RandomStream(3, "share").normals(size));

test("a cell's probability is the product of its operations' shares, and all sum to one", () => {
  const probabilities = cellProbabilities(share);
  expect(probabilities.length).toBe(CELLS);
  for (let code = 0; code < CELLS; code++) {
    const product = cellOfCode(code).reduce((p, choice, row) => p * share[5 * row + choice], 1);
    expect(Math.abs(probabilities[code] / product - 1)).toBeLessThan(1e-12);
  }
  expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
});

test("when every edge is decided one cell has all the mass", () => {
  const choices = [3, 1, 4, 0, 2, 3];
  const decided = new Float64Array(size);
  for (const [row, choice] of choices.entries()) decided[5 * row + choice] = 1;
  const probabilities = cellProbabilities(decided);
  expect(probabilities[cellCode(choices)]).toBe(1);
  expect(probabilities.reduce((sum, p) => sum + p)).toBe(1);
});

test("mean and quantiles of values under their probabilities, by hand", () => {
  const values = Float32Array.of(30, 10, 20, 40);
  const order = ascending(values);
  expect([...order]).toEqual([1, 2, 0, 3]);
  expect([...ascending(Float32Array.of(0.5, 94.37, 0, 94.36, 0.5))]).toEqual([2, 0, 4, 3, 1]);
  expect(summarise(values, [0.25, 0.125, 0.5, 0.125], order)).toEqual({ mean: 23.75, low: 10, median: 20, high: 40 });
  expect(summarise(values, [0.25, 0.03, 0.7, 0.02], order)).toMatchObject({ low: 20, median: 20, high: 30 });
  expect(summarise(values, [0, 0, 0, 1], order)).toEqual({ mean: 40, low: 40, median: 40, high: 40 });
});

test("a histogram holds all the mass", () => {
  expect([...massInBins([2, 0, 2], [0.5, 0.2, 0.3], 4)]).toEqual([0.2, 0, 0.8, 0]);
});
