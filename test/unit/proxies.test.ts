import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openBenchmark, openData } from "../../src/cli/files";
import { NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import {
  conditionNumber,
  distinctPatterns,
  jacobianScore,
  logDeterminant,
  PROXY_NAMES,
  type ProxyName,
  patternKernelScore,
  type Scores,
} from "../../src/core/proxies";
import type { Choices, NetworkSizes } from "../../src/core/space";
import { rankCorrelation } from "../../src/core/statistics";
import { initialWeights, parameterLayout } from "../../src/engine/network";
import { createWasmProber } from "../../src/engine/wasm/prober";
import { freshStream, type Scoring } from "../../src/search/measures";
import { scoreCandidates, scoringBatch } from "../../src/search/proxies";
import { CELLS, discreteCase } from "../support/cases";
import { proxiesByDefinition } from "../support/proxies";

const SIZES: NetworkSizes = { channels: 4, cells: 1, image: 8, imageChannels: 1, classes: 10 };

async function scored(candidates: readonly Choices[], scoring: Partial<Scoring>): Promise<Scores[]> {
  const whole: Scoring = {
    space: SPACE,
    sizes: SIZES,
    batch: discreteCase(CELLS["every operation"], SIZES, 8).batch,
    seed: 5,
    repeats: 1,
    proxies: PROXY_NAMES,
    device: { createProber: createWasmProber },
    ...scoring,
  };
  const all: Scores[] = [];
  for await (const scores of scoreCandidates(candidates, whole)) all.push(scores);
  return all;
}

describe("the formulas", () => {
  it("by hand: log-determinants, kernels of patterns, distinct patterns, condition numbers", () => {
    // 4 * 3 - 2 * 2 = 8.
    expect(
      logDeterminant([
        [4, 2],
        [2, 3],
      ]),
    ).toBeCloseTo(Math.log(8), 12);
    expect(
      logDeterminant([
        [1, 1],
        [1, 1],
      ]),
    ).toBe(Number.NEGATIVE_INFINITY);
    // Patterns 1100 and 1010 agree in two of four places: det [[4, 2], [2, 4]] = 12.
    const patterns = { units: 4, words: 1, bits: Uint32Array.of(0b0011, 0b0101) };
    expect(patternKernelScore(patterns)).toBeCloseTo(Math.log(12), 12);
    expect(patternKernelScore({ ...patterns, bits: Uint32Array.of(3, 3) })).toBe(Number.NEGATIVE_INFINITY);
    // The highest bits count as any.
    const high = { units: 64, words: 2, bits: Uint32Array.of(0x80000000, 1, 0, 1, 0x80000000, 1, 0, 0x80000001) };
    expect(distinctPatterns(high).size).toBe(3);
    // Gram matrix diag(9, 4).
    expect(conditionNumber([Float64Array.of(3, 0), Float64Array.of(0, 2)])).toBeCloseTo(9 / 4, 12);
    expect(conditionNumber([Float64Array.of(3, 0), Float64Array.of(6, 0)])).toBe(1e5);
  });

  it("by hand: uncorrelated Jacobians score best", () => {
    const uncorrelated = [Float64Array.of(1, -1, 0, 0), Float64Array.of(0, 0, 1, -1)];
    expect(jacobianScore(uncorrelated)).toBeCloseTo(-2 * (Math.log(1 + 1e-5) + 1 / (1 + 1e-5)), 9);
    // Correlation 1/2: eigenvalues 3/2 and 1/2.
    const half = [Float64Array.of(1, -1, 0), Float64Array.of(1, 0, -1)];
    const expected = [1.5, 0.5].reduce((sum, v) => sum - Math.log(v + 1e-5) - 1 / (v + 1e-5), 0);
    expect(jacobianScore(half)).toBeCloseTo(expected, 9);
    expect(jacobianScore(half)).toBeLessThan(jacobianScore(uncorrelated));
  });
});

describe("SynFlow by hand", () => {
  it("of one pixel, one channel and a cell that passes its input on", async () => {
    const architecture = SPACE.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|");
    const sizes = { channels: 1, cells: 1, image: 1, imageChannels: 1, classes: 3 };
    const [{ synflow }] = await scored([architecture], { sizes, proxies: ["synflow"] });
    const layout = parameterLayout(SPACE, sizes, architecture);
    const weights = initialWeights(layout, freshStream(architecture, 5, 0)).map(Math.abs);
    // Of a kernel of 3 x 3 only the centre meets the pixel.
    const matrix = (name: string) => {
      const found = layout.find((parameter) => parameter.name === name);
      if (!found) throw new Error(name);
      const [ins, outs] = found.shape.slice(-2);
      const centre = found.offset + (found.shape[0] === 3 && found.shape.length === 4 ? 4 * ins * outs : 0);
      return (x: readonly number[]) =>
        Array.from({ length: outs }, (_, o) => x.reduce((sum, v, i) => sum + v * weights[centre + i * outs + o], 0));
    };
    const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
    const add = (x: readonly number[], y: readonly number[]) => x.map((v, i) => v + y[i]);
    const branch = (stage: number, x: readonly number[]) =>
      matrix(`reduce${stage}/conv2`)(matrix(`reduce${stage}/conv1`)(x));
    const shortcut = (stage: number, x: readonly number[]) => matrix(`reduce${stage}/shortcut`)(x);
    const out = (x: readonly number[]) => sum(matrix("head/weight")(x));
    const second = (x: readonly number[]) => add(branch(2, x), shortcut(2, x));
    const stem = matrix("stem/conv")([1]);
    const middle = add(branch(1, stem), shortcut(1, stem));
    const whole = out(second(middle));
    // The flow through a layer is what the paths through it bring: all of it through stem and classifier, the branch's part through
    // both of its convolutions, the rest through the shortcut.
    const first = whole + out(second(branch(1, stem)));
    const last = whole + out(branch(2, middle));
    expect(synflow).toBeCloseTo(Math.log(whole + first + last + whole), 4);
  });
});

describe("scores", () => {
  const cells = ["every operation", "a node without output", "sums of terms alone"] as const;
  it.each(cells)("are what the papers define, in float64: %s", async (name) => {
    const sizes = { ...SIZES, channels: 3, cells: 2, image: 7, classes: 4 };
    const { spec, batch } = discreteCase(CELLS[name], sizes, 6);
    const architecture = spec.architecture ?? [];
    const [scores] = await scored([architecture], { sizes, batch, seed: 5 });
    for (const [proxy, expected] of Object.entries(proxiesByDefinition({ ...spec, architecture }, batch, 5))) {
      const value = scores[proxy as ProxyName] ?? Number.NaN;
      const tolerance = proxy === "grasp" ? 0.05 : 1e-4;
      expect(Math.abs(value - expected) / Math.abs(expected), `${proxy} ${value} ${expected}`).toBeLessThan(tolerance);
    }
    expect(scores.params).toBe(SPACE.cost(architecture, SPACE.published).parameters);
    expect(scores.ntk).toBeGreaterThan(1);
    expect(scores.regions).toBeGreaterThan(100);
  });
});

describe("beside published proxies", () => {
  it("ranks cells alike, with a quarter of their channels and three fifths of their cells", async () => {
    const [, header, ...lines] = readFileSync(new URL("../fixtures/nasbench201-proxies.csv", import.meta.url), "utf8")
      .trim()
      .split("\n");
    const columns = header.split(",");
    const rows = lines.filter((_, i) => i % 10 === 0).map((line) => line.split(","));
    const cells = rows.map(([architecture]) => SPACE.parse(architecture));
    const proxies: ProxyName[] = ["synflow", "naswot", "snip", "grasp", "fisher", "grad_norm"];
    const batch = await scoringBatch(await openData("fashion-mnist"), 8);
    const scores = await scored(cells, { sizes: { ...SIZES, cells: 3 }, batch, proxies, seed: 1 });
    const of = (name: ProxyName) => scores.map((each) => each[name] ?? Number.NaN);
    const published = (column: string) => rows.map((row) => Number(row[columns.indexOf(column)]));
    const benchmark = await openBenchmark("nasbench201");
    const accuracy = cells.map((cell) => benchmark.figures(cell).accuracy.cifar10.test);
    const least = { synflow: 0.9, snip: 0.7, grad_norm: 0.7, fisher: 0.5, grasp: 0.1 } as const;
    for (const [name, correlation] of Object.entries(least)) {
      expect(rankCorrelation(of(name as ProxyName), published(name)), name).toBeGreaterThan(correlation);
    }
    expect(rankCorrelation(of("naswot"), accuracy)).toBeGreaterThan(0.5);
  });
});
