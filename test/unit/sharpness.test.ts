import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { extremes, hessianProduct, symmetricEigen, symmetricEigenvalues } from "../../src/core/eigen";
import { createMethod } from "../../src/core/methods";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import {
  expectedExcess,
  gradientsOf,
  type Landscape,
  landscapeOf,
  measureSharpness,
  restrictedCovariance,
  sliceLoss,
} from "../../src/core/sharpness";
import { softmaxRows } from "../../src/core/softmax";
import { SPACES } from "../../src/core/spaces";
import { openDataset } from "../../src/engine/data/packed";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { openSearch, type Surroundings } from "../../src/search/open";
import type { StepRecord } from "../../src/search/records";
import { relativeError } from "../support/cases";

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));
const random = (name = "test") => new RandomStream(1, name);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

/** x^T A x / 2 + b x with A of chosen eigenvalues on the axes' reflections; counts its calls. */
function quadratic(values: readonly number[], scale: Float64Array | null) {
  const size = values.length;
  const v = random("mirror").normals(size);
  const square = dot(v, v);
  const mirror = (x: ArrayLike<number>) => Float64Array.from(v, (w, i) => x[i] - (2 * dot(x, v) * w) / square);
  const gradientAt = (x: Float64Array) => mirror(mirror(x).map((y, i) => values[i] * y)).map((g, i) => g + 0.1 * i);
  const calls = { loss: 0, gradient: 0 };
  const landscape: Landscape = {
    at: random("at").normals(size),
    scale,
    loss: async (x) => {
      calls.loss += 1;
      return x.reduce((sum, xi, i) => sum + (xi * (gradientAt(x)[i] + 0.1 * i)) / 2, 0);
    },
    gradient: async (x) => {
      calls.gradient += 1;
      return gradientAt(x);
    },
  };
  const diagonal = values.map((_, i) => {
    const axis = mirror(values.map((_, j) => (i === j ? 1 : 0)));
    return dot(
      axis,
      axis.map((y, j) => y * values[j]),
    );
  });
  return { landscape, calls, mirror, diagonal };
}

const ROWS = [
  { name: "a", choices: ["1", "2", "3", "4", "5"] },
  { name: "b", choices: ["1", "2", "3"] },
];
const COSTS = [0.9, -1.3, 0.4, 2, -0.6, 0.3, 1.2, -0.8];

/** L(alpha) = (c . softmax(alpha))^2 / 2 + c . softmax(alpha), row after row, whose Hessian is written out. */
function toy(at: Float64Array, scale: Float64Array | null) {
  const p = softmaxRows(ROWS, at);
  const m = dot(p, COSTS);
  const slope = 1 + m;
  const own = (i: number) => (i < 5 ? [0, 1, 2, 3, 4] : [5, 6, 7]);
  const centre = (i: number) => own(i).reduce((sum, k) => sum + p[k] * COSTS[k], 0);
  const hessian =
    at.map(() => 0) &&
    Array.from(at, (_, i) =>
      Array.from(at, (_, j) => {
        const outer = p[i] * (COSTS[i] - centre(i)) * p[j] * (COSTS[j] - centre(j));
        if (!own(i).includes(j)) return outer;
        const curved =
          i === j
            ? p[i] * (1 - 2 * p[i]) * (COSTS[i] - centre(i))
            : p[i] * p[j] * (2 * centre(i) - COSTS[i] - COSTS[j]);
        return outer + slope * curved;
      }),
    );
  const trial = {
    score: async (mixing: Float64Array) => ({ loss: dot(mixing, COSTS) ** 2 / 2 + dot(mixing, COSTS), accuracy: 0 }),
    differentiate: async (mixing: Float64Array) => ({
      gradient: Float64Array.from(COSTS, (c) => c * (1 + dot(mixing, COSTS))),
    }),
  };
  return { hessian, landscape: landscapeOf(ROWS, { mean: at, scale }, trial) };
}

test("of a quadratic, measured whole: eigenvalues, leading vectors and trace are its own", async () => {
  const values = [0.5, -4, 3, 0, 0.01, 1];
  const scale = Float64Array.of(0.2, 1, 0.5, 2, 0.1, 0.7);
  const { landscape, calls, mirror, diagonal } = quadratic(values, scale);
  const found = await measureSharpness(landscape, random());
  expect(found.whole).toBe(true);
  expect(calls.gradient).toBe(12);
  expect(gradientsOf(landscape)).toBe(12);
  expect(found.eigenvalue).toBeCloseTo(-4, 9);
  expect(
    relativeError(
      found.eigenvalues,
      values.toSorted((a, b) => b - a),
    ),
  ).toBeLessThan(1e-9);
  for (const [i, axis] of [1, 2].entries()) {
    const exact = mirror(values.map((_, j) => (j === axis ? 1 : 0)));
    expect(Math.abs(dot(found.leading.vectors[i], exact))).toBeCloseTo(1, 9);
    expect(found.leading.values[i]).toBeCloseTo(values[axis], 9);
  }
  expect(found.penalty).toBeCloseTo(
    0.5 *
      dot(
        scale.map((s) => s * s),
        diagonal,
      ),
    9,
  );
  expect((await measureSharpness({ ...landscape, scale: null }, random())).penalty).toBeNull();
  // To second order the penalty is what the noise adds: here there are no further orders.
  const excess = await expectedExcess(landscape, scale, 400, random("noise"));
  expect(Math.abs(excess.mean - Number(found.penalty))).toBeLessThan(3 * excess.error);
  expect(excess.error).toBeLessThan(0.2 * Math.abs(excess.mean));
});

test("of a large quadratic by power iteration: the outermost eigenvalues, and the trace within its error", async () => {
  const values = [-6, 5, 3, ...Array.from({ length: 57 }, (_, i) => 1 - i / 40)];
  const scale = Float64Array.from(values, (_, i) => 0.3 + (i % 5) / 10);
  const { landscape, calls, mirror, diagonal } = quadratic(values, scale);
  const found = await measureSharpness(landscape, random());
  expect(found.whole).toBe(false);
  expect(calls.gradient).toBe(gradientsOf(landscape));
  expect(found.eigenvalue).toBeCloseTo(-6, 4);
  expect(found.leading.values[1]).toBeCloseTo(5, 4);
  for (const [i, axis] of [0, 1].entries()) {
    const exact = mirror(values.map((_, j) => (j === axis ? 1 : 0)));
    expect(Math.abs(dot(found.leading.vectors[i], exact))).toBeCloseTo(1, 4);
  }
  // None outside of the matrix's own.
  expect(found.eigenvalues[0]).toBeLessThan(5 + 1e-9);
  expect(found.eigenvalues.at(-1)).toBeGreaterThan(-6 - 1e-9);
  const exact =
    0.5 *
    dot(
      scale.map((s) => s * s),
      diagonal,
    );
  expect(found.penaltyError).toBeGreaterThan(0);
  expect(Math.abs(Number(found.penalty) - exact)).toBeLessThan(4 * found.penaltyError);
});

test("power iteration ends where the matrix maps no further, and takes a small matrix for what it is", async () => {
  const { landscape } = quadratic([3, 0, 0, 0, 0], null);
  const { values } = await extremes(hessianProduct(landscape.gradient, landscape.at), random().normals(5));
  expect(values.length).toBeLessThanOrEqual(3);
  expect(Math.max(...values)).toBeCloseTo(3, 9);
  const tiny = quadratic([3e-9, 1e-9, -2e-9], null).landscape;
  const small = await extremes(
    hessianProduct(
      tiny.gradient,
      tiny.at.map(() => 0),
    ),
    random().normals(3),
  );
  expect(small.values.length).toBe(3);
});

test("of a loss of a softmax, against its Hessian written out, by both ways", async () => {
  const at = Float64Array.of(0.2, -0.4, 0.7, 1.1, 0.3, -0.2, 0.5, 0.1);
  const scale = Float64Array.from(at, (_, i) => 0.1 + 0.02 * i);
  const { hessian, landscape } = toy(at, scale);
  const exact = symmetricEigen(hessian);
  const largest = exact.values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  const found = await measureSharpness(landscape, random());
  // The third derivatives cancel, the fourth are left: the parameters move by 0.1.
  expect(
    relativeError(
      found.eigenvalues,
      exact.values.toSorted((a, b) => b - a),
    ),
  ).toBeLessThan(0.015);
  expect(Math.abs(found.eigenvalue / largest - 1)).toBeLessThan(0.015);
  const penalty = 0.5 * hessian.reduce((sum, row, i) => sum + scale[i] ** 2 * row[i], 0);
  // Its terms are of both signs.
  const terms = 0.5 * hessian.reduce((sum, row, i) => sum + scale[i] ** 2 * Math.abs(row[i]), 0);
  expect(Math.abs(Number(found.penalty) - penalty)).toBeLessThan(0.015 * terms);
  const { values } = await extremes(hessianProduct(landscape.gradient, landscape.at), random().normals(at.length));
  expect(Math.abs(values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)) / largest - 1)).toBeLessThan(1e-3);
  const excess = await expectedExcess(landscape, scale, 2000, random("noise"));
  expect(Math.abs(excess.mean - penalty)).toBeLessThan(0.02 * terms + 3 * excess.error);
});

test("edges with weights of their own keep them", async () => {
  const settings = withDefaults({ method: "pc-darts", space: "darts" });
  const space = SPACES.darts;
  const method = createMethod(settings, space);
  const seen: Float64Array[] = [];
  const trial = {
    score: async (mixing: Float64Array) => {
      seen.push(mixing);
      return { loss: mixing.reduce((sum, p, i) => sum + p * Math.sin(i), 0), accuracy: 0 };
    },
    differentiate: async (mixing: Float64Array) => ({ gradient: mixing.map((_, i) => Math.sin(i)) }),
  };
  const landscape = landscapeOf(space.rows, method, trial);
  await landscape.loss(landscape.at);
  expect(relativeError(seen[0], method.meanMixing as Float64Array)).toBeLessThan(1e-12);
  const gradient = await landscape.gradient(landscape.at);
  for (const i of [0, 17, 120]) {
    const h = 1e-5;
    const [up, down] = await Promise.all(
      [h, -h].map((step) => landscape.loss(landscape.at.map((a, j) => (i === j ? a + step : a)))),
    );
    expect(gradient[i]).toBeCloseTo((up - down) / (2 * h), 8);
  }
});

test("a slice has the mean in its middle and comes finer; the ellipse is the Gaussian restricted to the plane", async () => {
  const scale = Float64Array.of(1, 0.5, 2, 1, 1, 1);
  const { landscape, calls } = quadratic([1, 2, 3, 4, 5, 6], scale);
  const turned = [Float64Array.of(0.6, 0.8, 0, 0, 0, 0), Float64Array.of(-0.8, 0.6, 0, 0, 0, 0)];
  const sides: number[] = [];
  for await (const { side, reach, losses } of sliceLoss(landscape, turned)) {
    sides.push(side);
    const [row, column] = [1, side - 1];
    const [x, y] = [reach, reach * (1 - 2 / (side - 1))];
    expect(losses[row * side + column]).toBeCloseTo(
      await landscape.loss(landscape.at.map((a, i) => a + x * turned[0][i] + y * turned[1][i])),
      9,
    );
    expect(losses[(side * side - 1) / 2]).toBeCloseTo(await landscape.loss(landscape.at), 12);
    // The plane holds the first two axes: the widest direction in it is the first.
    expect(reach).toBeCloseTo(2.5, 9);
  }
  expect(sides).toEqual([5, 9, 17]);
  expect(calls.loss).toBe(17 * 17 + 2 * sides.length);
  const [uu, uv, vv] = restrictedCovariance(scale, turned);
  expect(
    symmetricEigenvalues([
      [uu, uv],
      [uv, vv],
    ]).toSorted(),
  ).toEqual([expect.closeTo(0.25, 12), expect.closeTo(1, 12)]);
  // A plane across both: projected it were (1 + 4) / 2.
  const across = [Float64Array.of(Math.SQRT1_2, 0, Math.SQRT1_2, 0, 0, 0), Float64Array.of(0, 0, 0, 1, 0, 0)];
  expect(restrictedCovariance(scale, across)[0]).toBeCloseTo(1 / ((1 + 1 / 4) / 2), 12);
});

const SMALL = { images: 1250, image: 8, channels: 2, batch: 64, evaluateImages: 64, seed: 3 } as const;

async function supernet(chosen: Parameters<typeof withDefaults>[0]) {
  const dataset = await openDataset(read, "fashion-mnist");
  const createEngine: Surroundings["createEngine"] = (spec, weights) => createWasmEngine(spec, weights, 1);
  const device = { device: "wasm", engine: "compiled" } as const;
  return openSearch(withDefaults({ ...SMALL, ...chosen }), { dataset, device, createEngine, benchmark: null });
}

test("on a supernet: half the trace agrees with what noise of 0.2 adds, and power iteration with the whole Hessian", async () => {
  const { search, close } = await supernet({ steps: 60 });
  while (!search.done) await search.step();
  const landscape = await search.landscape();
  const scale = landscape.at.map(() => 0.2);
  const { penalty, eigenvalue, eigenvalues } = await measureSharpness({ ...landscape, scale }, random());
  const excess = await expectedExcess(landscape, scale, 150, random("noise"));
  console.log(`half the trace ${penalty}, E[L] - L(mean) ${excess.mean} +- ${excess.error}, eigenvalue ${eigenvalue}`);
  expect(excess.mean).toBeGreaterThan(5 * excess.error);
  expect(Math.abs(Number(penalty) / excess.mean - 1)).toBeLessThan(0.3);
  const product = hessianProduct(landscape.gradient, landscape.at, 0.1 * Math.sqrt(landscape.at.length));
  const iterated = await extremes(product, random("start").normals(landscape.at.length));
  console.log(
    `whole ${eigenvalues[0]} ${eigenvalues.at(-1)}, iterated ${Math.max(...iterated.values)} ${Math.min(...iterated.values)}`,
  );
  expect(Math.abs(Math.max(...iterated.values) / eigenvalues[0] - 1)).toBeLessThan(0.2);
  close();
});

test("a search that measures goes on as one that does not, and the weights stay to the bit", async () => {
  const runs: StepRecord[][] = [];
  for (const sharpnessEvery of [0, 2]) {
    const { search, close } = await supernet({ steps: 5, batch: 4, channels: 1, sharpnessEvery });
    const steps: StepRecord[] = [];
    const due: number[] = [];
    while (!search.done) {
      steps.push(await search.step());
      if (!search.sharpnessDue) continue;
      due.push(search.steps);
      const before = await search.checkpoint(0);
      const first = await search.measure(await search.landscape());
      expect(await search.checkpoint(0)).toEqual(before);
      expect(search.sharpnessDue).toBe(false);
      expect(await search.measure(await search.landscape())).toEqual(first);
    }
    expect(due).toEqual(sharpnessEvery ? [2, 4, 5] : []);
    runs.push(steps);
    close();
  }
  expect(runs[1]).toEqual(runs[0]);
});
