import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BENCHMARK_SETS, type Benchmark, decodeBenchmark } from "../../src/core/benchmark";
import { InputError } from "../../src/core/errors";
import { cellOfCode, NAS_BENCH_201 } from "../../src/core/nasbench201";

const file = readFileSync(new URL("../../public/benchmarks/nasbench201.bin", import.meta.url));
const benchmark = await decodeBenchmark(file);

const [header, ...rows] = readFileSync(new URL("../fixtures/nasbench201-sample.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .map((line) => line.split(","));
const sample = rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));

describe("figures of single cells", () => {
  it("agree with the published table", () => {
    expect(sample.length).toBeGreaterThan(190);
    for (const row of sample) {
      const figures = benchmark.figures(NAS_BENCH_201.parse(row.arch));
      for (const [set, column] of [
        ["cifar10", "cifar10"],
        ["cifar100", "cifar100"],
        ["imagenet16-120", "imagenet16"],
      ] as const) {
        for (const split of ["valid", "test"] as const) {
          // Exact, so no further off than the table's own rounding to four decimals.
          expect(Math.abs(figures.accuracy[set][split] - Number(row[`${column}_${split}`]))).toBeLessThan(0.0000501);
        }
      }
      expect(figures).toMatchObject({
        index: Number(row.index),
        runs: Number(row.runs),
        isomorphismClass: Number(row.class_id),
        parameters: Math.round(Number(row.params_mb) * 1e6),
        flops: Math.round(Number(row.flops_m) * 1e6),
      });
      expect(Math.abs(figures.spread - Number(row.cifar10_valid_std))).toBeLessThan(0.000501);
    }
  });

  it("give the all-3x3 cell's published size", () => {
    expect(benchmark.figures([3, 3, 3, 3, 3, 3]).parameters).toBe(1_531_546);
  });
});

describe("the space", () => {
  it("has the published optima", () => {
    const best = BENCHMARK_SETS.map((set) => benchmark.optimum(set));
    expect(best.map(({ index }) => index)).toEqual([6111, 9930, 857]);
    expect(best.map(({ test }) => test.toFixed(2))).toEqual(["94.37", "73.51", "47.31"]);
    for (const [i, set] of BENCHMARK_SETS.entries()) {
      const figures = benchmark.figures(cellOfCode(best[i].code));
      expect(figures.rank[set]).toBe(1);
      expect(figures.accuracy[set].test).toBe(best[i].test);
    }
  });

  it("has the published means", () => {
    expect(BENCHMARK_SETS.map((set) => benchmark.mean(set).toFixed(2))).toEqual(["87.06", "61.41", "33.59"]);
  });

  it("ranks as many cells better as there are", () => {
    for (const set of BENCHMARK_SETS) {
      const accuracy = benchmark.testAccuracy(set);
      const rank = benchmark.testRank(set);
      for (const code of [0, 1, 777, 9000, 15_624]) {
        expect(rank[code]).toBe(1 + accuracy.filter((other) => other > accuracy[code]).length);
      }
    }
  });

  it("holds every index once and every class", () => {
    const cells = Array.from({ length: benchmark.size }, (_, code) => benchmark.figures(cellOfCode(code)));
    expect(new Set(cells.map(({ index }) => index)).size).toBe(15_625);
    expect(new Set(cells.map(({ isomorphismClass }) => isomorphismClass)).size).toBe(6_466);
  });

  it("gives charts its columns in the order of cell codes", () => {
    const choices = [4, 2, 3, 0, 1, 2];
    const code = 4 + 2 * 5 + 3 * 25 + 1 * 625 + 2 * 3125;
    expect(benchmark.testAccuracy("cifar100")[code]).toBeCloseTo(benchmark.figures(choices).accuracy.cifar100.test, 4);
    expect(benchmark.validAccuracy("cifar100")[code]).toBeCloseTo(
      benchmark.figures(choices).accuracy.cifar100.valid,
      4,
    );
  });
});

describe("a bad file", () => {
  const refused = async (bytes: Uint8Array): Promise<unknown> =>
    decodeBenchmark(bytes).then(
      (decoded: Benchmark) => decoded,
      (error: unknown) => error,
    );

  it.each([
    ["empty", new Uint8Array(0), /cut short at 0 bytes: download/],
    ["cut short", file.subarray(0, file.length - 20_000), /damaged or cut short.*download/],
    ["without its last byte", file.subarray(0, file.length - 1), /damaged or cut short.*download/],
    ["foreign", new TextEncoder().encode("<!doctype html>"), /not the file of benchmark figures/],
    ["shorter inside", repacked((body) => body.subarray(0, 1000)), /1000 of \d+ bytes/],
  ])("is refused when %s", async (_, bytes, message) => {
    const error = await refused(bytes);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(message);
  });

  it("is refused when a byte has changed", async () => {
    for (const place of [9, 5000, file.length - 6]) {
      const changed = Uint8Array.from(file);
      changed[place] ^= 0x40;
      expect(await refused(changed)).toBeInstanceOf(InputError);
    }
  });

  function repacked(change: (body: Uint8Array) => Uint8Array): Uint8Array {
    return Buffer.concat([file.subarray(0, 8), gzipSync(change(gunzipSync(file.subarray(8))))]);
  }
});
