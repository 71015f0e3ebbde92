import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Trajectory } from "../../src/app/benchmark/trajectory";
import { niceTicks, roundReach, stepsToDraw, timeEnd } from "../../src/app/charts/scale";
import { frequency, plain, short } from "../../src/app/format";
import { drawSamples } from "../../src/app/gallery/samples";
import { History } from "../../src/app/history";
import { fromSlider, notches, toSlider } from "../../src/app/knobs/slider";
import { nearestCell, planeOf } from "../../src/app/map/plane";
import { samplesOf } from "../../src/app/map/samples";
import { momentAt } from "../../src/app/moment";
import { bandsOf } from "../../src/app/posterior/bands";
import { ridgesOf } from "../../src/app/posterior/ridges";
import { Recording } from "../../src/app/recording";
import { formOf, PRESETS, presetOf } from "../../src/app/setup/presets";
import { decodeBenchmark } from "../../src/core/benchmark";
import { CONTROL_KEYS, controlOf } from "../../src/core/controls";
import { CELLS, cellCode, cellOfCode, NAS_BENCH_201 } from "../../src/core/nasbench201";
import { checkSetting, withDefaults } from "../../src/core/settings";
import { type Frame, STEP_SCALARS } from "../../src/worker/protocol";

test("every place of every slider is a value that its control accepts, and sliders are monotonic", () => {
  for (const key of CONTROL_KEYS) {
    const control = controlOf(key);
    if (control.kind !== "number") continue;
    let before = Number.NEGATIVE_INFINITY;
    for (let place = 0; place <= notches(control); place++) {
      const value = fromSlider(place, control);
      expect(checkSetting(key, value), `${key} at ${place}`).toEqual({ value });
      expect(value).toBeGreaterThanOrEqual(before);
      before = value;
    }
    expect(fromSlider(toSlider(control.min, control), control)).toBe(control.min);
    expect(fromSlider(toSlider(control.max, control), control)).toBe(control.max);
  }
});

test("presets hold values that their controls accept, and are recognised under any seed", () => {
  for (const preset of PRESETS) {
    const form = formOf(preset, 7);
    for (const key of CONTROL_KEYS) expect(checkSetting(key, form[key])).toEqual({ value: form[key] });
    expect(presetOf(form)).toBe(preset);
    expect(presetOf({ ...form, steps: 201 })).toBeNull();
  }
});

test("steps to draw keep their places as a run grows, and end with the last", () => {
  expect(stepsToDraw(0, 100)).toEqual([0]);
  for (const last of [1, 99, 100, 101, 5000]) {
    const steps = stepsToDraw(last, 100);
    expect(steps.at(-1)).toBe(last);
    expect(steps.length).toBeLessThanOrEqual(102);
    expect(new Set(steps).size).toBe(steps.length);
    const later = new Set(stepsToDraw(last + 1, 100));
    if (last !== 100) for (const step of steps.slice(0, -1)) expect(later.has(step)).toBe(true);
  }
});

test("axes are round and hold what they show", () => {
  expect(niceTicks(0, 200, 4)).toEqual([0, 50, 100, 150, 200]);
  expect(niceTicks(-0.05, 0.05, 4)).toEqual([-0.05, 0, 0.05]);
  for (const reach of [0.003, 0.9, 1, 2.6, 7.2, 8.1, 41]) expect(roundReach(reach)).toBeGreaterThanOrEqual(reach);
  expect(roundReach(0.52)).toBe(0.6);
  expect(timeEnd(0, 200)).toBe(50);
  expect(timeEnd(51, 200)).toBe(200);
  expect(timeEnd(100, 100)).toBe(100);
});

test("numbers read as people print them", () => {
  expect([plain(0.025), plain(3e-4), plain(25000), plain(-0.5)]).toEqual(["0.025", "3e−4", "25,000", "−0.5"]);
  expect([short(950), short(24_600), short(1_531_546), short(9.97e12)]).toEqual(["950", "24.6 k", "1.53 M", "9.97 T"]);
  expect([1 / 15625, 0.37, 0, 0.9999, 1].map(frequency)).toEqual([
    "1 in 15,625",
    "37 in 100",
    "never",
    "over 99 in 100",
    "100 in 100",
  ]);
});

test("history keeps every step over its growth, and a trajectory follows the cell through it", () => {
  const history = new History();
  const size = NAS_BENCH_201.size;
  const recording = new Recording(withDefaults({}), new Float64Array(size), new Float64Array(size).fill(1));
  history.show(recording);
  const trajectory = new Trajectory();
  expect(trajectory.follow(history)).toEqual([{ step: 0, choices: [0, 0, 0, 0, 0, 0] }]);
  for (let step = 1; step <= 600; step++) {
    // From step 300 on, operation 3 leads on row 0.
    const mean = new Float64Array(size);
    mean[3] = step >= 300 ? step : -1;
    history.append(recording, frame(step, mean, new Float64Array(size).fill(1 / step)));
  }
  expect(recording.steps).toBe(600);
  expect(recording.mean(450)[3]).toBe(450);
  expect(recording.scale(600)?.[7]).toBeCloseTo(1 / 600, 12);
  expect(recording.scalar(123, "trainLoss")).toBe(123);
  expect(trajectory.follow(history)).toEqual([
    { step: 0, choices: [0, 0, 0, 0, 0, 0] },
    { step: 300, choices: [3, 0, 0, 0, 0, 0] },
  ]);
  history.rewind(recording, 200);
  expect(recording.steps).toBe(200);
  expect(recording.mean(200)[3]).toBe(-1);
  expect(trajectory.follow(history)).toHaveLength(1);
  history.append(recording, frame(201, new Float64Array(size).fill(7), new Float64Array(size)));
  expect(recording.mean(201)[3]).toBe(7);
  expect(recording.scalar(201, "trainLoss")).toBe(201);
  history.show(new Recording(withDefaults({ method: "darts" }), new Float64Array(size), null));
  expect(history.recording.scale(0)).toBeNull();
});

function frame(step: number, mean: Float64Array, scale: Float64Array): Frame {
  const scalars = Float32Array.from(STEP_SCALARS, (name) => (name === "trainLoss" ? step : 0));
  const quiet = { evaluations: [], changes: [], result: null, seconds: step };
  return {
    kind: "frame",
    number: step,
    run: 1,
    phase: "running",
    after: step - 1,
    count: 1,
    scalars,
    mean,
    scale,
    ...quiet,
  };
}

describe("the map of the space", async () => {
  const benchmark = await decodeBenchmark(readFileSync("public/benchmarks/nasbench201.bin"));
  const plane = planeOf(benchmark, "cifar10", 300, 180);

  test("holds every cell, the better the higher, and the larger the further right", () => {
    const parameters = benchmark.parameters();
    expect(parameters[7040]).toBe(benchmark.figures(cellOfCode(7040)).parameters);
    expect(parameters.length).toBe(CELLS);
    for (const [i, code] of plane.order.entries()) {
      expect(plane.x[code]).toBeGreaterThan(0);
      expect(plane.x[code]).toBeLessThan(300);
      expect(plane.y[code]).toBeGreaterThan(0);
      expect(plane.y[code]).toBeLessThan(180);
      if (i > 0) expect(plane.y[code]).toBeLessThanOrEqual(plane.y[plane.order[i - 1]]);
    }
    const light = parameters.indexOf(Math.min(...parameters));
    const heavy = parameters.indexOf(Math.max(...parameters));
    expect(plane.x[heavy] - plane.x[light]).toBeGreaterThan(150);
    expect(plane.space.reduce((sum, mass) => sum + mass)).toBeCloseTo(1, 12);
    expect(plane.summary.mean).toBeCloseTo(benchmark.mean("cifar10"), 4);
  });

  test("reads the cell under the pointer", () => {
    const { code } = benchmark.optimum("cifar10");
    const found = nearestCell(plane, plane.x[code], plane.y[code]);
    expect([plane.x[found], plane.y[found]]).toEqual([plane.x[code], plane.y[code]]);
  });
});

test("the map shows the cells that the gallery's seed draws", () => {
  const { size } = NAS_BENCH_201;
  const mean = Float64Array.from({ length: size }, (_, i) => Math.sin(i));
  const distribution = { space: NAS_BENCH_201, mean, scale: new Float64Array(size).fill(0.5) };
  const gallery = drawSamples(distribution, 7, 8).map(({ choices }) => cellCode(choices));
  const shown = samplesOf(distribution, 7);
  expect(new Set(shown.slice(0, 8))).toEqual(new Set(gallery));
  expect(new Set(samplesOf(distribution, 8))).not.toEqual(new Set(shown));
});

test("the mixing weights are drawn on 0..1: ridges with their quantiles, and lines that forget what was rewound", () => {
  const { size } = NAS_BENCH_201;
  const mean = Float64Array.from({ length: size }, (_, i) => (i % 5) / 4);
  const recording = new Recording(withDefaults({}), mean, new Float64Array(size).fill(0.6));
  const append = (value: number) =>
    recording.append({
      count: 1,
      scalars: new Float32Array(STEP_SCALARS.length),
      mean: mean.map((x) => value * x),
      scale: new Float64Array(size).fill(0.3),
      evaluations: [],
      changes: [],
      result: null,
      seconds: 1,
    });
  append(2);
  const moment = momentAt(recording, 0);
  const { x, ridges } = ridgesOf(moment, "mixing", 208, 48);
  expect([x.min, x.max]).toEqual([0, 1]);
  for (const [i, { dots }] of ridges.entries()) {
    expect(dots.length).toBe(20);
    const values = dots.map((dot) => (dot - 4) / 200);
    for (const [k, value] of values.entries()) expect(value).toBeGreaterThanOrEqual(k > 0 ? values[k - 1] : 0);
    const average = values.reduce((sum, value) => sum + value) / 20;
    expect(Math.abs(average - moment.mixing[i])).toBeLessThan(0.01);
  }
  const before = bandsOf(recording, 1, "mixing", 10, 200, 48).centreAt(1)[4];
  expect(before).toBeGreaterThan(moment.mixing[4]);
  recording.rewind(0);
  append(0);
  expect(bandsOf(recording, 2, "mixing", 10, 200, 48).centreAt(1)[4]).toBeCloseTo(0.2, 2);
});
