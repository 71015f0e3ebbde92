import { afterAll, beforeAll, expect, test } from "vitest";
import { OPERATIONS } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import type { Engine, SupernetSpec, WeightStep } from "../../src/engine/engine";
import { parameterLayout } from "../../src/engine/network";
import { type Case, relativeError, slope, supernetCase } from "../support/cases";
import { scored, scoredDiscrete } from "../support/oracle";

/** Makes engines on the device under test. */
export interface Bench {
  create(spec: SupernetSpec, weights: Float32Array): Promise<Engine>;
  /** Tensors alive on the device; flat over calls that free what they use. */
  tensors(): number;
}

const small = (batch = 4, seed = 1) => supernetCase({ channels: 2, imageChannels: 1 }, batch, "dense", seed);

function oneHot(choices: readonly number[]): number[] {
  return choices.flatMap((choice) => OPERATIONS.map((_, o) => (o === choice ? 1 : 0)));
}

/** The cases every engine has to pass. Tolerances are of float32. */
export function engineCases(open: () => Promise<Bench>): void {
  let bench: Bench;
  beforeAll(async () => {
    bench = await open();
  });

  async function using<T>(made: Case, run: (engine: Engine, network: Case) => Promise<T>): Promise<T> {
    const engine = await bench.create(made.spec, made.weights);
    try {
      return await run(engine, made);
    } finally {
      engine.dispose();
    }
  }

  const shapes: [string, Case][] = [
    ["8 px", small()],
    [
      "colour, two cells a stage, an odd side in the middle (14, 7, 4 px)",
      supernetCase({ channels: 2, cells: 2, image: 14, classes: 3 }, 2),
    ],
    ["an odd image (5, 3, 2 px)", supernetCase({ channels: 2, image: 5, imageChannels: 1 }, 4)],
  ];
  test.each(shapes)("loss and gradients agree with float64 finite differences: %s", async (name, network) => {
    await using(network, async (engine, { spec, weights, mixing, batch }) => {
      const lossAt = (w: ArrayLike<number>, p: ArrayLike<number>) => scored(spec, w, p, batch).loss;
      const expected = scored(spec, weights, mixing, batch);
      const { loss, accuracy, gradient } = await engine.architectureGradient(mixing, batch, false);
      expect(loss).toBeCloseTo(expected.loss, 4);
      expect(accuracy).toBeCloseTo(expected.accuracy, 6);
      const slopes = Array.from(mixing, (_, i) => slope((p) => lossAt(weights, p), mixing, i));
      expect(relativeError(gradient, slopes)).toBeLessThan(1e-3);

      // A few entries of every tensor, the first and the last (borders of kernels) among them.
      const { gradient: byWeights } = await engine.weightGradient(mixing, batch);
      const random = new RandomStream(3, "entries");
      const entries = parameterLayout(spec.space, spec.sizes).flatMap(({ offset, size }) => [
        offset,
        offset + random.integer(size),
        offset + size - 1,
      ]);
      const chosen = name === "8 px" ? entries : entries.filter((_, i) => i % 7 === 0);
      expect(
        relativeError(
          chosen.map((i) => byWeights[i]),
          chosen.map((i) => slope((w) => lossAt(w, mixing), weights, i)),
        ),
      ).toBeLessThan(1e-3);

      // All weights at once, along random directions.
      for (let k = 0; k < 3; k++) {
        const direction = random.normals(weights.length);
        const moved = (t: number) => Float64Array.from(weights, (w, i) => w + t * direction[i]);
        const along = slope(([t]) => lossAt(moved(t), mixing), [0], 0);
        const projected = byWeights.reduce((sum, g, i) => sum + g * direction[i], 0);
        expect(Math.abs(projected - along) / Math.hypot(...byWeights)).toBeLessThan(1e-3);
      }
    });
  });

  test("a one-hot mixing is the discrete network, and dL/dp is right for the operations it leaves out", async () => {
    const cells = [
      [3, 3, 3, 3, 3, 3],
      [4, 1, 2, 4, 3, 4],
      // Node 1 leads nowhere, so its operations get no gradient; node 2 gets nothing.
      [3, 0, 0, 2, 0, 1],
      [0, 0, 0, 0, 0, 0],
    ];
    await using(small(), async (engine, { spec, weights, batch }) => {
      for (const choices of cells) {
        const operations = choices.map((o) => OPERATIONS[o]);
        const expected = scoredDiscrete(spec, weights, operations, batch);
        const mixing = oneHot(choices);
        const score = await engine.evaluate(mixing, batch);
        expect(score.loss).toBeCloseTo(expected.loss, 4);
        expect(score.accuracy).toBeCloseTo(expected.accuracy, 6);
        const { loss, gradient } = await engine.architectureGradient(mixing, batch, false);
        expect(loss).toBeCloseTo(expected.loss, 4);
        const { gradient: weightsAfter } = await engine.weightGradient(mixing, batch);
        expect(weightsAfter.every(Number.isFinite)).toBe(true);
        if (choices.every((o) => o === 0)) continue; // Every map is zero: at the rectifiers' kinks there is no slope.
        const slopes = mixing.map((_, i) => slope((p) => scored(spec, weights, p, batch).loss, mixing, i));
        expect(relativeError(gradient, slopes)).toBeLessThan(1e-3);
        for (let row = 0; row < 6; row++) expect(gradient[5 * row]).toBe(0);
      }
    });
  });

  test("per-example gradients are those of the summed loss, and average to the batch's", async () => {
    await using(small(), async (engine, { spec, weights, mixing, batch }) => {
      const one = await engine.architectureGradient(mixing, batch, false);
      const each = await engine.architectureGradient(mixing, batch, true);
      expect(each.loss).toBeCloseTo(one.loss, 5);
      expect(relativeError(each.gradient, one.gradient)).toBeLessThan(1e-4);
      const rows = each.perExample as Float64Array;
      const mean = one.gradient.map((_, i) => [0, 1, 2, 3].reduce((sum, b) => sum + rows[b * 30 + i] / 4, 0));
      expect(relativeError(mean, one.gradient)).toBeLessThan(1e-4);
      const tiled = Array.from({ length: 4 }, () => Array.from(mixing)).flat();
      const summed = (p: ArrayLike<number>) => 4 * scored(spec, weights, p, batch).loss;
      const slopes = tiled.map((_, i) => slope(summed, tiled, i));
      expect(relativeError(rows, slopes)).toBeLessThan(1e-3);
    });
  });

  test("the update is that of PyTorch's SGD with Nesterov momentum, clipped by the global norm", async () => {
    await using(small(), async (engine, { weights, mixing, batch }) => {
      const { gradient: raw } = await engine.weightGradient(mixing, batch);
      const norm = Math.hypot(...raw);
      const random = new RandomStream(9, "velocity");
      const velocity = Float32Array.from(random.normals(weights.length));
      for (const clip of [norm / 3, 3 * norm]) {
        const step: WeightStep = { rate: 0.1, momentum: 0.9, decay: 0.05, clip };
        const before = new Float32Array(2 * weights.length);
        before.set(weights);
        before.set(velocity, weights.length);
        engine.importState(before);
        await engine.weightStep(mixing, batch, step);
        const after = await engine.exportState();
        const shrink = Math.min(1, clip / (norm + 1e-6));
        const v = Array.from(raw, (g, i) => 0.9 * velocity[i] + g * shrink + 0.05 * weights[i]);
        const w = Array.from(raw, (g, i) => weights[i] - 0.1 * (g * shrink + 0.05 * weights[i] + 0.9 * v[i]));
        expect(relativeError(after.subarray(0, weights.length), w)).toBeLessThan(1e-5);
        expect(relativeError(after.subarray(weights.length), v)).toBeLessThan(1e-5);
      }
    });
  });

  test("the loss of a fixed batch falls, calls keep their order unawaited, and nothing leaks", async () => {
    const step: WeightStep = { rate: 0.05, momentum: 0.9, decay: 0, clip: 5 };
    const start = bench.tensors();
    await using(small(), async (engine, { weights, mixing, batch }) => {
      const first = await engine.weightStep(mixing, batch, step);
      const alive = bench.tensors();
      const later = await Promise.all([
        engine.evaluate(mixing, batch),
        engine.weightStep(mixing, batch, step),
        engine.architectureGradient(mixing, batch, true),
        engine.weightStep(mixing, batch, step),
        engine.exportState(),
        engine.weightStep(mixing, batch, step),
      ]);
      // Each sees the weights that the calls before it left.
      expect(later[0].loss).toBeCloseTo(later[1].loss, 5);
      expect(later[2].loss).toBeCloseTo(later[3].loss, 5);
      expect(later[1].loss).toBeLessThan(first.loss);
      expect(later[3].loss).toBeLessThan(later[1].loss);
      let last = later[5];
      for (let i = 0; i < 6; i++) last = await engine.weightStep(mixing, batch, step);
      expect(last.loss).toBeLessThan(0.7 * first.loss);
      expect(bench.tensors()).toBe(alive);

      engine.importState(later[4]);
      expect((await engine.evaluate(mixing, batch)).loss).toBeCloseTo(later[5].loss, 5);
      expect(relativeError(await engine.exportState(), later[4])).toBe(0);
      expect(weights).toEqual(small().weights);
    });
    expect(bench.tensors()).toBe(start);
  });

  test("dL/dw leaves weights and velocities as they are, to the bit, and is the one that the weight step takes", async () => {
    await using(small(), async (engine, { weights, mixing, batch }) => {
      const state = Float32Array.of(...weights, ...new RandomStream(9, "velocity").normals(weights.length));
      engine.importState(state);
      const { loss, accuracy, gradient } = await engine.weightGradient(mixing, batch);
      expect(await engine.exportState()).toEqual(state);
      expect(gradient).toHaveLength(weights.length);
      const score = await engine.weightStep(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1e9 });
      expect({ loss, accuracy }).toEqual(score);
      expect((await engine.exportState()).subarray(weights.length)).toEqual(gradient);
    });
  });

  test("a smaller batch, and the same step twice from the same state", async () => {
    const { batch } = small(2, 5);
    await using(small(), async (engine, { spec, weights, mixing }) => {
      const { loss } = await engine.evaluate(mixing, batch);
      expect(loss).toBeCloseTo(scored(spec, weights, mixing, batch).loss, 4);
      const state = await engine.exportState();
      const step: WeightStep = { rate: 0.05, momentum: 0.9, decay: 0, clip: 5 };
      await engine.weightStep(mixing, batch, step);
      const once = await engine.exportState();
      engine.importState(state);
      await engine.weightStep(mixing, batch, step);
      expect(await engine.exportState()).toEqual(once);
    });
  });

  test("predictions are the score image by image", async () => {
    for (const made of [small(), supernetCase({ channels: 2, classes: 3 }, 3, "dense", 5)]) {
      await using(made, async (engine, { spec, weights, mixing, batch }) => {
        const { losses, classes, probabilities } = await engine.predict(mixing, batch);
        const expected = scored(spec, weights, mixing, batch);
        expect(relativeError(losses, expected.losses)).toBeLessThan(1e-4);
        expect(classes).toEqual(Uint8Array.from(expected.classes));
        expect(relativeError(probabilities, expected.probabilities)).toBeLessThan(1e-4);
      });
    }
  });

  test("what does not fit is refused", async () => {
    await expect(bench.create(small().spec, new Float32Array(3))).rejects.toThrow(/weights.*, got 3/);
    await using(small(), async (engine, { batch }) => {
      await expect(engine.evaluate([1, 0], batch)).rejects.toThrow(/30 mixing weights, not 2/);
      expect(() => engine.importState(new Float32Array(1))).toThrow(/got 1$/);
    });
  });

  afterAll(() => {
    expect(bench.tensors()).toBe(0);
  });
}
