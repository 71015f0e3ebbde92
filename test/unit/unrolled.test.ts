import { describe, expect, test } from "vitest";
import type { Settings } from "../../src/core/controls";
import { InputError } from "../../src/core/errors";
import type { Method } from "../../src/core/method";
import { Balenas } from "../../src/core/methods/balenas";
import { Darts } from "../../src/core/methods/darts";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { checkTogether, stepPasses, withDefaults } from "../../src/core/settings";
import { argmaxRows, type SearchSpace } from "../../src/core/space";
import type { Batch, Engine } from "../../src/engine/engine";
import { open } from "../../src/engine/reference/cpu";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { type BatchStream, Search } from "../../src/search/search";
import { relativeError } from "../support/cases";
import { compareUnrolled } from "../support/unrolled";

const ROWS = [{ name: "1<-0", choices: ["a", "b"] }];
const SPACE: SearchSpace = {
  ...NAS_BENCH_201,
  rows: ROWS,
  size: 2,
  discretise: (preferences) => argmaxRows(ROWS, preferences),
  format: String,
};
const START = Float64Array.of(0.25, -0.5);

/** One weight w and L_train = (w - A p_0)^2 / 2, L_valid = (w - B)^2 / 2 + D p_0. */
const [A, B, D] = [3, -1, 0.5];
const [W, VELOCITY] = [0.5, 0.25];
const [TRAIN, VALID] = [0, 1];

class Toy implements Engine {
  readonly spec = { space: SPACE, sizes: NAS_BENCH_201.published, batch: 1 };
  state = Float32Array.of(W, VELOCITY);
  readonly seen: string[] = [];

  async weightStep(
    mixing: ArrayLike<number>,
    _: Batch,
    { rate, momentum, decay }: Parameters<Engine["weightStep"]>[2],
  ) {
    const pulled = this.state[0] - A * mixing[0] + decay * this.state[0];
    const velocity = momentum * this.state[1] + pulled;
    this.state = Float32Array.of(this.state[0] - rate * (pulled + momentum * velocity), velocity);
    this.seen.push("step");
    return { loss: 0, accuracy: 0 };
  }

  async architectureGradient(mixing: ArrayLike<number>, { labels: [half] }: Batch) {
    const [w] = this.state;
    this.seen.push("architecture");
    const gradient = Float64Array.of(half === TRAIN ? -A * (w - A * mixing[0]) : D, 0);
    return { loss: (w - B) ** 2 / 2 + D * mixing[0], accuracy: 0, gradient };
  }

  async weightGradient(mixing: ArrayLike<number>, { labels: [half] }: Batch) {
    const [w] = this.state;
    this.seen.push("weights");
    return { loss: 0, accuracy: 0, gradient: Float32Array.of(half === TRAIN ? w - A * mixing[0] : w - B) };
  }

  async evaluate() {
    return { loss: 0, accuracy: 0 };
  }

  async predict() {
    return { losses: new Float32Array(0), classes: new Uint8Array(0), probabilities: new Float32Array(0) };
  }

  async exportState() {
    return this.state.slice();
  }

  importState(state: Float32Array) {
    this.state = state.slice();
  }

  dispose() {}
}

const stream = (half: number): BatchStream => ({
  startsEpoch: false,
  next: async () => ({ batch: { images: new Float32Array(0), labels: Uint8Array.of(half) }, epoch: 1 }),
  save: () => null,
  restore: () => {},
});

const settings = (changes: Partial<Settings>) =>
  withDefaults({
    order: "second",
    weightRate: 0.125,
    weightRateEnd: 0.125,
    weightMomentum: 0.5,
    weightDecay: 0.25,
    archRate: 0.1,
    archBeta1: 0.5,
    archBeta2: 0.9,
    archDecay: 0.01,
    posteriorN: 100,
    ...changes,
  });

function toySearch(chosen: Settings, method: Method) {
  const engine = new Toy();
  const search = new Search({
    settings: chosen,
    data: "toy",
    space: SPACE,
    method,
    engine,
    device: { device: "cpu", engine: "reference" },
    weightBatches: stream(TRAIN),
    architectureBatches: stream(VALID),
    evaluationBatches: async () => [],
    benchmark: null,
  });
  return { engine, search };
}

const share = (alpha: ArrayLike<number>) => 1 / (1 + Math.exp(alpha[1] - alpha[0]));

/** dL_valid(w')/dalpha_0 by hand: w' = w - eta (momentum velocity + w - A p + decay w), so dw'/dp = eta A. */
function byHand([w, velocity]: readonly number[] | Float32Array, p: number): number {
  const ahead = w - 0.125 * (0.5 * velocity + (w - A * p) + 0.25 * w);
  return p * (1 - p) * (D + (ahead - B) * 0.125 * A);
}

describe("second order by hand", () => {
  test("DARTS: two steps of the architecture and of the weight", async () => {
    const chosen = settings({ method: "darts" });
    const { engine, search } = toySearch(chosen, new Darts(ROWS, chosen, START));
    let [alpha, w, velocity] = [Array.from(START), W, VELOCITY];
    const totals: number[][] = [];
    for (const t of [0, 1]) {
      const record = await search.step();
      const g = byHand([w, velocity], share(alpha));
      expect(relativeError(record.gradient?.[0] ?? [], [g, -g])).toBeLessThan(1e-4);
      totals.push([g + 0.01 * alpha[0], -g + 0.01 * alpha[1]]);
      alpha = alpha.map((a, i) => {
        const [g1, g2] = [totals[0][i], totals[1]?.[i] ?? 0];
        const m = t === 0 ? g1 : (g1 / 4 + g2 / 2) / (3 / 4);
        const v = t === 0 ? g1 * g1 : (0.09 * g1 * g1 + 0.1 * g2 * g2) / 0.19;
        return a - (0.1 * m) / (Math.sqrt(v) + 1e-8);
      });
      expect(relativeError(record.mean, alpha)).toBeLessThan(1e-4);
      const pulled = w - A * share(alpha) + 0.25 * w;
      velocity = 0.5 * velocity + pulled;
      w -= 0.125 * (pulled + 0.5 * velocity);
      expect(relativeError(engine.state, [w, velocity])).toBeLessThan(1e-4);
    }
  });

  test("BaLeNAS: every sample's gradient is taken ahead at that sample", async () => {
    const chosen = settings({ method: "balenas", samples: 2, weightsAt: "mean" });
    const { engine, search } = toySearch(chosen, new Balenas(ROWS, chosen, START));
    for (let t = 0, before = { mean: [...START], scale: [1, 1] }; t < 2; t++) {
      const state = engine.state.slice();
      const record = await search.step();
      expect(record.noise).toHaveLength(2);
      for (const [k, noise] of (record.noise ?? []).entries()) {
        const g = byHand(state, share(before.mean.map((mean, i) => mean + before.scale[i] * noise[i])));
        expect(relativeError(record.gradient?.[k] ?? [], [g, -g])).toBeLessThan(1e-4);
      }
      before = { mean: [...record.mean], scale: [...(record.scale ?? [])] };
    }
  });

  test("takes the passes that its cost names, and none more to first order", async () => {
    for (const order of ["first", "second"] as const) {
      const chosen = settings({ method: "balenas", samples: 3, order });
      const { engine, search } = toySearch(chosen, new Balenas(ROWS, chosen, START));
      await search.step();
      const count = (kind: string) => engine.seen.filter((each) => each === kind).length;
      expect({ architecture: count("architecture"), weights: count("weights") + count("step"), forward: 0 }).toEqual(
        stepPasses(chosen),
      );
      expect(stepPasses(chosen).weights).toBe(order === "first" ? 1 : 7);
    }
  });

  test("warm-up and half steps: looks ahead where the architecture learns, and there alone", async () => {
    const chosen = settings({ method: "darts", warmupSteps: 1 });
    const { engine, search } = toySearch(chosen, new Darts(ROWS, chosen, START));
    await search.step();
    expect(engine.seen).toEqual(["step"]);
    await search.step("weights");
    expect(engine.seen).toEqual(["step", "step"]);
    const state = engine.state.slice();
    const { weights, trainLoss, gradient } = await search.step("architecture");
    expect([weights, trainLoss]).toEqual([null, null]);
    const g = byHand(state, share(START));
    expect(relativeError(gradient?.[0] ?? [], [g, -g])).toBeLessThan(1e-4);
    expect(engine.state).toEqual(state);
  });
});

test("per-example curvature does not go with second order", () => {
  const together = () => checkTogether(withDefaults({ curvature: "example", order: "second" }));
  expect(together).toThrow(InputError);
  expect(together).toThrow(/curvature batch, or order first/);
  for (const change of [{ method: "drnas" }, { objective: "instant" }, { order: "first" }] as const) {
    expect(() => checkTogether(withDefaults({ curvature: "example", order: "second", ...change }))).not.toThrow();
  }
});

describe("second order on a network", () => {
  test("WASM and the reference agree with finite differences through the step, and with each other", async () => {
    const reference = await open();
    const [expected, wasm] = [
      await compareUnrolled(reference.createEngine.bind(reference)),
      await compareUnrolled((spec, weights) => createWasmEngine(spec, weights)),
    ];
    for (const { second, first, unmoved } of [expected, wasm]) {
      expect(second).toBeLessThan(0.02);
      // The case tells the orders apart.
      expect(first).toBeGreaterThan(0.2);
      expect(unmoved).toBe(true);
    }
    expect(relativeError(wasm.gradient, expected.gradient)).toBeLessThan(5e-3);
    reference.close();
  });
});
