import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_1SHOT1, type OneShotSpace } from "../../src/core/nasbench1shot1";
import { CELL_OPERATIONS, canonicalCode, cellOfCode, cellOfMatrix, type GraphCell } from "../../src/core/nasbench101";
import { FEATURES, features } from "../../src/core/nasbench101-features";
import { decodeEstimate, decodeSample, Estimate, LEAF, NasBench101 } from "../../src/core/nasbench101-figures";
import { assess, type EstimateReport, heldOut } from "../../src/core/nasbench101-quality";
import { RandomStream } from "../../src/core/random";
import { optionCount } from "../../src/core/space";
import { boost, fileBody } from "../../src/tools/boosting";

const read = (name: string) => readFileSync(new URL(`../../public/benchmarks/${name}`, import.meta.url));
const sample = await decodeSample(read("nasbench101.bin"));
const estimate = await decodeEstimate(read("nasbench101-estimate.bin"));
const report: EstimateReport = JSON.parse(read("nasbench101-estimate.json").toString());
const benchmark = new NasBench101(sample, estimate);

const [CONV3, CONV1, POOL] = CELL_OPERATIONS;

/** Every `step`th combination of choices of a space. */
function* cellsOf({ rows, toCell }: OneShotSpace, step: number): Generator<GraphCell> {
  const all = rows.reduce((product, row) => product * optionCount(row), 1);
  for (let i = 0; i < all; i += step) {
    let rest = i;
    const choices = rows.map((row) => {
      const choice = rest % optionCount(row);
      rest = (rest - choice) / optionCount(row);
      return choice;
    });
    yield toCell(choices);
  }
}

describe("the sample", () => {
  test("has the table's figures", () => {
    expect(sample.codes.length).toBe(20_001);
    // From the table: an edge from input to output and nothing else; one 1x1 convolution beside it; the first by hash.
    const bare = cellOfMatrix([[0, 1], [0, 0]], []); // biome-ignore format: a matrix
    const residual = cellOfMatrix([[0, 1, 1], [0, 0, 1], [0, 0, 0]], [CONV1]); // biome-ignore format: a matrix
    const first = cellOfMatrix(
      [
        [0, 1, 0, 0, 1, 1, 0],
        [0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
      ],
      [CONV3, POOL, CONV3, CONV3, CONV1],
    );
    for (const [cell, accuracy] of [[bare, 83.5837], [residual, 84.0545], [first, 93.0489]] as const) {
      const figures = benchmark.figures(cell);
      expect(figures.exact).toBe(true);
      expect(figures.validAccuracy).toBeCloseTo(accuracy, 4);
    } // biome-ignore format: a table
  });

  test("holds as large a share of every space as of the benchmark, and none of it beats the space's optimum", () => {
    for (const space of NAS_BENCH_1SHOT1) {
      const known = new Map<number, number | undefined>();
      // S3 is large: a part of it, which a step without common factors spreads evenly.
      for (const cell of cellsOf(space, space.size > 30 ? 61 : 1)) {
        const code = canonicalCode(cell);
        if (!known.has(code)) known.set(code, sample.find(code));
      }
      const accuracies = [...known.values()].filter((value) => value !== undefined);
      expect(Math.abs(accuracies.length / known.size - 20_001 / 423_624)).toBeLessThan(0.015);
      expect(Math.max(...accuracies)).toBeLessThan(100 - space.optimum.validError + 0.0001);
    }
  });
});

describe("the estimate", () => {
  test("is as good on the tenth held out as the file beside it says, and good enough", () => {
    const places = heldOut(sample.codes.length, report.seed);
    expect(new Set(places).size).toBe(2000);
    expect(report.trainingCells).toBe(18_001);
    expect(assess(estimate, sample, places)).toEqual(report.heldOut);
    expect(report.heldOut.spearman).toBeGreaterThan(0.9);
    for (const space of NAS_BENCH_1SHOT1.slice(0, 2)) {
      const codes = new Set([...cellsOf(space, 1)].map(canonicalCode));
      const inside = places.filter((place) => codes.has(sample.codes[place]));
      expect(assess(estimate, sample, inside)).toEqual(report.spaces[space.id]);
    }
  });

  test("is the same for isomorphic cells, and marked as one", () => {
    // A diamond of a pool and a convolution, on a 1x1 convolution, written in two orders and with a vertex that leads nowhere.
    const one = cellOfMatrix(
      [
        [0, 1, 0, 0, 1],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
      ],
      [CONV1, POOL, CONV3],
    );
    const other = cellOfMatrix(
      [
        [0, 1, 1, 0, 0, 1],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0],
      ],
      [CONV1, CONV3, CONV3, POOL],
    );
    expect(benchmark.figures(other)).toEqual(benchmark.figures(one));
    expect(benchmark.figures(one).exact).toBe(false);
  });

  test("is a plausible accuracy for random cells of the spaces", () => {
    const random = new RandomStream(3, "cells");
    for (const space of NAS_BENCH_1SHOT1) {
      for (let i = 0; i < 300; i++) {
        const cell = space.toCell(space.rows.map((row) => random.integer(optionCount(row))));
        const { validAccuracy, exact } = benchmark.figures(cell);
        // A run of the sample may have diverged.
        if (!exact && !(validAccuracy > 78 && validAccuracy < 95.5))
          expect.fail(`${canonicalCode(cell)}: ${validAccuracy}`);
      }
    }
  });
});

test("the features of a cell, counted by hand", () => {
  // 0 -> conv3 -> pool -> output, and 0 -> pool.
  const cell = cellOfMatrix([[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], [CONV3, POOL]); // biome-ignore format: a matrix
  const expected = new Float64Array(FEATURES);
  // Inner vertices, edges, vertices joined; paths, the longest and the shortest; projections and convolutions.
  expected.set([2, 4, 1, 2, 2, 1, 2, 1, 0]);
  // 3x3: how many, their channels, the widest, on the path with most and with least, depth, height, alone on a path, joined channels.
  expected.set([1, 1, 1, 1, 0, 1, 2, 0, 0], 9);
  expected.set([1, 1, 1, 1, 1, 2, 1, 1, 1], 27);
  // Edges from input, 3x3, 1x1, pool to 3x3, 1x1, pool, output.
  expected.set([1, 0, 1, 0], 36);
  expected.set([0, 0, 1, 0], 40);
  expected.set([0, 0, 0, 1], 48);
  // The paths: a pool is the third of length 1; a 3x3 convolution, then a pool the third of length 2.
  expected[52 + 3] = 1;
  expected[52 + 4 + 2] = 1;
  expect(features(cell)).toEqual(expected);
});

test("features are finite numbers for every cell of the sample", () => {
  for (const code of sample.codes.filter((_, i) => i % 5 === 0)) {
    const all = features(cellOfCode(code));
    if (all.length !== FEATURES || !all.every(Number.isFinite)) expect.fail(`${code}: ${all}`);
  }
});

test("boosted trees learn a step and a product, and their file's form says the same", () => {
  const random = new RandomStream(1, "rows");
  const rows = Array.from({ length: 800 }, () => Float64Array.from({ length: 3 }, () => random.integer(8)));
  const targets = rows.map(([a, b]) => (a > 3 ? 5 : 0) + 0.2 * a * b);
  const settings = { trees: 150, leaves: 8, leafRows: 5, rate: 0.2, rowShare: 0.8, columnShare: 0.9, shrinkage: 1 };
  const fitted = boost(rows, targets, settings, new RandomStream(2, "trees"));
  const model = new Estimate(fileBody(fitted));
  const error = rows.map((row, i) => Math.abs(model.target(row) - targets[i]));
  expect(error.reduce((sum, each) => sum + each, 0) / error.length).toBeLessThan(0.1);
  expect(boost(rows, targets, settings, new RandomStream(2, "trees"))).toEqual(fitted);
});

test("a tree read by hand", () => {
  const nodes: [feature: number, value: number][] = [[1, 0.5], [LEAF, 10], [0, 2], [LEAF, 20], [LEAF, 30], [LEAF, 0.25]]; // biome-ignore format: trees
  const [feature, value] = [nodes.map(([asked]) => asked), nodes.map(([, each]) => each)];
  const model = new Estimate(fileBody({ start: 1, feature, value }));
  expect([[0, 0], [2, 1], [3, 1]].map((of) => model.target(Float64Array.from(of)))).toEqual([11.25, 21.25, 31.25]); // biome-ignore format: cases
});

describe("a file that is none is refused", () => {
  test("another's, one cut short, one of another size", async () => {
    const file = read("nasbench101-estimate.bin");
    await expect(decodeSample(file)).rejects.toThrow(/not nasbench101\.bin.*NB101\.01/);
    await expect(decodeEstimate(file.subarray(0, 5000))).rejects.toThrow(/damaged or cut short/);
    await expect(decodeSample(read("nasbench101.bin").subarray(0, 4))).rejects.toThrow(InputError);
    const short = Buffer.concat([Buffer.from("NB101.01"), gzipSync(Buffer.alloc(7))]);
    await expect(decodeSample(short)).rejects.toThrow(/damaged or cut short/);
  });
});
