import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formOf, PRESETS } from "../../src/app/setup/presets";
import { decodeBenchmark } from "../../src/core/benchmark";
import { CONTROL_KEYS, type Control, controlOf, type Settings, type SettingValue } from "../../src/core/controls";
import { ExpectedValue } from "../../src/core/expectation";
import { CELLS, cellCode, cellOfCode, NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { appliesTo, withDefaults } from "../../src/core/settings";
import { softmaxRows } from "../../src/core/softmax";
import type { ArchitectureGradient } from "../../src/engine/engine";
import { InstantEngine, objectiveTable } from "../../src/engine/instant/engine";
import { EXACT, Examples } from "../../src/engine/instant/examples";
import { openSearch } from "../../src/search/open";
import type { StepRecord } from "../../src/search/records";
import type { Search } from "../../src/search/search";

const { rows, size } = NAS_BENCH_201;
const benchmark = await decodeBenchmark(
  readFileSync(new URL("../../public/benchmarks/nasbench201.bin", import.meta.url)),
);
const table = objectiveTable(benchmark, "cifar10");
/** Nats of loss for an error rate of 1 among ten classes. */
const UNIT = Math.log(10) / 0.9;

function randomMixing(seed: number, width = 1): Float64Array {
  return softmaxRows(
    rows,
    new RandomStream(seed, "test").normals(size).map((x) => width * x),
  );
}

function oneHot(code: number): Float64Array {
  const mixing = new Float64Array(size);
  for (const [row, choice] of cellOfCode(code).entries()) mixing[5 * row + choice] = 1;
  return mixing;
}

/** The sum over all cells, one term after another. */
function bruteForce(mixing: ArrayLike<number>) {
  let value = 0;
  const gradient = new Float64Array(size);
  for (let code = 0; code < CELLS; code++) {
    const p = cellOfCode(code).map((choice, row) => mixing[5 * row + choice]);
    value += table.accuracy[code] * p.reduce((a, b) => a * b);
    for (const [row, choice] of cellOfCode(code).entries()) {
      gradient[5 * row + choice] += table.accuracy[code] * p.reduce((a, b, r) => (r === row ? a : a * b), 1);
    }
  }
  return { value, gradient };
}

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));
}

describe("the expectation over all cells", () => {
  const expected = new ExpectedValue(table.accuracy);
  const gradient = new Float64Array(size);

  test("equals the sum of probability times accuracy, and its derivative", () => {
    const offSimplex = new RandomStream(4, "off the simplex").normals(size);
    for (const mixing of [randomMixing(1), randomMixing(2, 3), new Float64Array(size).fill(0.2), offSimplex]) {
      const reference = bruteForce(mixing);
      const magnitude = Math.max(1, ...reference.gradient.map(Math.abs));
      expect(Math.abs(expected.differentiate(mixing, gradient) - reference.value)).toBeLessThan(1e-12 * magnitude);
      expect(largestGap(gradient, reference.gradient)).toBeLessThan(1e-12 * magnitude);
      expect(expected.value(mixing)).toBe(expected.differentiate(mixing, gradient));
    }
  });

  test("is the table's own accuracy where every row is decided; its derivatives are those of the neighbours", () => {
    for (const code of [0, 1, 5, 777, 9999, CELLS - 1]) {
      expect(expected.differentiate(oneHot(code), gradient)).toBe(table.accuracy[code]);
      expect(100 * table.accuracy[code]).toBeCloseTo(benchmark.validAccuracy("cifar10")[code], 4);
      const neighbours = Array.from(gradient, (_, i) => {
        const cell = cellOfCode(code);
        cell[Math.floor(i / 5)] = i % 5;
        return table.accuracy[cellCode(cell)];
      });
      expect([...gradient]).toEqual(neighbours);
    }
  });

  test("refuses a table of another size", () => {
    expect(() => new ExpectedValue(new Float64Array(30))).toThrow(/30 values, expected 15625/);
  });
});

describe("the engine", () => {
  const engine = new InstantEngine(table);

  test("has the gradient that finite differences of its loss have", async () => {
    const mixing = randomMixing(3);
    const { loss, accuracy, gradient } = await engine.architectureGradient(mixing, EXACT, false);
    expect(loss).toBeCloseTo(UNIT * (1 - accuracy), 14);
    for (let i = 0; i < size; i++) {
      const at = async (shift: number) => {
        const moved = mixing.map((p, k) => (k === i ? p + shift : p));
        return (await engine.evaluate(moved, EXACT)).loss;
      };
      // Linear in each weight, so the difference has no error but rounding.
      expect((await at(0.01)) - (await at(-0.01))).toBeCloseTo(0.02 * gradient[i], 12);
    }
  });

  test("scores guessing at the logarithm of the number of classes, and no error at nothing", async () => {
    for (const [set, classes] of [["cifar10", 10] as const, ["cifar100", 100] as const]) {
      const of = (accuracy: number) =>
        new InstantEngine({ ...objectiveTable(benchmark, set), accuracy: new Float64Array(CELLS).fill(accuracy) });
      expect((await of(1 / classes).evaluate(oneHot(0), EXACT)).loss).toBeCloseTo(Math.log(classes), 12);
      expect((await of(1).evaluate(oneHot(0), EXACT)).loss).toBe(0);
    }
  });

  async function many(mixing: Float64Array, seed = 1): Promise<ArchitectureGradient[]> {
    const examples = new Examples(new RandomStream(seed, "objective noise"));
    const answers: ArchitectureGradient[] = [];
    for (let i = 0; i < 80; i++) {
      const { batch } = await examples.next({ objectiveNoise: 256 });
      answers.push(await engine.architectureGradient(mixing, batch, true));
      expect((await engine.evaluate(mixing, batch)).loss).toBeCloseTo(answers[i].loss, 12);
    }
    return answers;
  }

  /** Mean and standard error of each of `width` columns. */
  function statistics(samples: Float64Array, width: number) {
    const count = samples.length / width;
    return Array.from({ length: width }, (_, k) => {
      const column = Float64Array.from({ length: count }, (_, i) => samples[i * width + k]);
      const mean = column.reduce((a, b) => a + b) / count;
      const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1);
      return { mean, variance, error: Math.sqrt(variance / count) };
    });
  }

  test("estimates loss and gradient under noise without bias", async () => {
    const mixing = randomMixing(5);
    const exact = await engine.architectureGradient(mixing, EXACT, false);
    const answers = await many(mixing);
    const perExample = Float64Array.from(answers.flatMap(({ perExample }) => [...(perExample ?? [])]));
    for (const [i, { mean, error }] of statistics(perExample, size).entries()) {
      expect(Math.abs(mean - exact.gradient[i]) / error).toBeLessThan(4.5);
    }
    const [loss] = statistics(
      Float64Array.from(answers, ({ loss }) => loss),
      1,
    );
    expect(Math.abs(loss.mean - exact.loss) / loss.error).toBeLessThan(4.5);
    // A batch's gradient is the mean of its examples'.
    const [{ gradient, perExample: first }] = answers;
    const means = statistics(first as Float64Array, size).map(({ mean }) => mean);
    expect(largestGap(means, gradient)).toBeLessThan(1e-13);
  });

  test("gives a decided cell and its neighbours the benchmark's own spread", async () => {
    const code = 777;
    const answers = await many(oneHot(code));
    const perExample = Float64Array.from(answers.flatMap(({ perExample }) => [...(perExample ?? [])]));
    const columns = statistics(perExample, size);
    for (const [i, { variance }] of columns.entries()) {
      const cell = cellOfCode(code);
      cell[Math.floor(i / 5)] = i % 5;
      const spread = benchmark.figures(cell).spread / 100;
      expect(Math.sqrt(variance) / UNIT).toBeGreaterThan(0.97 * spread - 1e-12);
      expect(Math.sqrt(variance) / UNIT).toBeLessThan(1.03 * spread + 1e-12);
    }
    // Two cells, two training runs: what one gained says nothing of the other.
    const correlated = perExample.reduce(
      (sum, x, k) => (k % size === 0 ? sum + (x - columns[0].mean) * (perExample[k + 1] - columns[1].mean) : sum),
      0,
    );
    const count = perExample.length / size;
    expect(Math.abs(correlated / count / Math.sqrt(columns[0].variance * columns[1].variance))).toBeLessThan(
      4.5 / Math.sqrt(count),
    );
  });

  test("repeats the noise of a seed, and of no other", async () => {
    const mixing = randomMixing(6);
    expect((await many(mixing, 2))[3]).toEqual((await many(mixing, 2))[3]);
    expect((await many(mixing, 2))[3]).not.toEqual((await many(mixing, 3))[3]);
  });
});

/** A valid value that is not the default where there is one. */
function otherValue(control: Control): SettingValue {
  if (control.kind === "switch") return !control.default;
  if (control.kind === "choice")
    return control.options.findLast(({ value }) => value !== control.default)?.value ?? control.default;
  return control.default === control.max ? control.min : control.max;
}

describe("a search on it", () => {
  const open = async (chosen: Partial<Settings>) =>
    (await openSearch(withDefaults({ objective: "instant", ...chosen }), { benchmark })).search;

  async function take(search: Search, count: number): Promise<StepRecord[]> {
    const steps: StepRecord[] = [];
    for (let i = 0; i < count; i++) steps.push(await search.step());
    return steps;
  }

  const rankOf = (search: Search) => benchmark.figures(NAS_BENCH_201.parse(search.architecture)).rank.cifar10;

  test.each([
    ["balenas", 10],
    ["darts", 10],
    ["sdarts-rs", 10],
    ["sdarts-adv", 10],
    ["gdas", 200],
    ["snas", 200],
    ["drnas", 200],
    ["beta-darts", 200],
    ["darts-es", 200],
    ["pc-darts", 200],
    // The best of 100 random cells is below this with a probability of 0.998.
    ["rsps", 1000],
  ] as const)("%s finds one of the %d best of 15,625 cells in 1,000 steps", async (method, best) => {
    for (const seed of [1, 2, 3]) {
      const search = await open({ method, seed, steps: 1000 });
      for (let step = 0; step < 1000 && !search.done; step++) await search.step();
      expect(rankOf(search)).toBeLessThanOrEqual(best);
    }
  });

  test.each(["none", "fixed"] as const)("BaLeNAS whose scales are %s finds one of the ten best too", async (scales) => {
    const search = await open({ scales, seed: 1 });
    const steps = await take(search, 1000);
    expect(rankOf(search)).toBeLessThanOrEqual(10);
    if (scales === "none") expect(steps[0]).toMatchObject({ scale: null, noise: null });
    else expect(steps.at(-1)?.scale).toEqual(Array(size).fill(0.5));
  });

  test("a method that decides by trying cells out has decided when an evaluation is due, and goes on from a checkpoint", async () => {
    const settings = { method: "rsps", steps: 25, evaluateEvery: 10, trials: 20 } as const;
    const [whole, stopped, resumed] = [await open(settings), await open(settings), await open(settings)];
    const steps = await take(whole, 25);
    const decided = steps.map(({ mean }) => Math.max(...mean) > 1);
    expect(decided).toEqual(steps.map(({ step }) => step >= 10));
    expect(
      steps.flatMap(({ step, mean }, i) => (i > 0 && String(mean) !== String(steps[i - 1].mean) ? [step] : [])),
    ).toEqual([10, 20, 25]);
    expect(steps[0]).toMatchObject({ validLoss: null, gradient: null, noise: null, scale: null });
    await take(stopped, 12);
    resumed.restore(JSON.parse(JSON.stringify(await stopped.checkpoint(0))));
    expect(await take(resumed, 13)).toEqual(steps.slice(12));
  });

  test("DARTS-ES ends the search itself, with the parameters of six evaluations earlier, and goes on from a checkpoint", async () => {
    const settings = { method: "darts-es", steps: 300, evaluateEvery: 5, archRate: 0.05, earliestStop: 2 } as const;
    const [whole, stopped, resumed] = [await open(settings), await open(settings), await open(settings)];
    // This objective's curvature falls; stronger decay adds to it, so that the measurement after it ends the search.
    const until = async (search: Search) => {
      const steps = await take(search, 60);
      search.change({ archDecay: 0.05 });
      return steps;
    };
    const steps = await until(whole);
    while (!whole.done) steps.push(await whole.step());
    expect(steps).toHaveLength(65);
    expect(whole.evaluationDue).toBe(true);
    expect(steps[64].mean).toEqual(steps[34].mean);
    expect(steps[63].mean).not.toEqual(steps[33].mean);
    await until(stopped);
    await take(stopped, 3);
    resumed.restore(JSON.parse(JSON.stringify(await stopped.checkpoint(0))));
    expect(await take(resumed, 2)).toEqual(steps.slice(-2));
    expect(resumed.done).toBe(true);
    // What ended stays so, and is taken back by a checkpoint from before.
    const end = JSON.parse(JSON.stringify(await resumed.checkpoint(0)));
    resumed.restore(JSON.parse(JSON.stringify(await stopped.checkpoint(0))));
    expect(resumed.done).toBe(false);
    resumed.restore(end);
    expect([resumed.done, resumed.architecture]).toEqual([true, whole.architecture]);
  });

  test("the preset does so under noise", async () => {
    const preset = PRESETS.find(({ id }) => id === "instant");
    for (const seed of [1, 2, 3]) {
      const search = await open(formOf(preset as (typeof PRESETS)[number], seed));
      await take(search, search.settings.steps);
      expect(search.done).toBe(true);
      expect(rankOf(search)).toBeLessThanOrEqual(10);
    }
  });

  test("trains no weights and says so; its evaluations are exact", async () => {
    const search = await open({ objectiveNoise: 4, objectiveData: "cifar100" });
    expect(search.header).toMatchObject({ data: "cifar100", device: "cpu", engine: "reference" });
    const [step] = await take(search, 1);
    expect(step).toMatchObject({ epoch: 1, trainLoss: null, trainAccuracy: null, weights: null });
    const { validAccuracy } = await search.evaluate();
    const expected = new ExpectedValue(objectiveTable(benchmark, "cifar100").accuracy);
    expect(validAccuracy).toBe(expected.value(softmaxRows(rows, step.mean)));
  });

  test("goes on from a checkpoint as if it had never stopped, noise included", async () => {
    const settings = { objectiveNoise: 3, seed: 9, curvature: "example" } as const;
    const [whole, stopped, resumed] = [await open(settings), await open(settings), await open(settings)];
    const steps = await take(whole, 12);
    await take(stopped, 5);
    resumed.restore(JSON.parse(JSON.stringify(await stopped.checkpoint(0))));
    expect(await take(resumed, 7)).toEqual(steps.slice(5));
  });

  test("noise can be turned on while it runs", async () => {
    const [turned, plain] = [await open({}), await open({})];
    expect(await take(turned, 2)).toEqual(await take(plain, 2));
    turned.change({ objectiveNoise: 1 });
    expect((await take(turned, 1))[0].gradient).not.toEqual((await take(plain, 1))[0].gradient);
  });

  test("no control that is said to be the supernet's has any effect", async () => {
    const chosen = { objective: "instant", objectiveNoise: 2 } as const;
    const steps = await take(await open(chosen), 3);
    const deaf = CONTROL_KEYS.filter((key) => !appliesTo(key, { method: "balenas", objective: "instant" }));
    expect(deaf).toContain("warmupSteps");
    for (const key of deaf) {
      const value = otherValue(controlOf(key));
      expect(await take(await open({ ...chosen, [key]: value }), 3), key).toEqual(steps);
    }
  });

  test("needs the benchmark's table", async () => {
    await expect(openSearch(withDefaults({ objective: "instant" }), { benchmark: null })).rejects.toThrow(
      /needs a table of every cell/,
    );
    await expect(openSearch(withDefaults({}), { benchmark })).rejects.toThrow(/needs images and a device/);
  });
});
