import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { DARTS } from "../../src/core/darts";
import type { Engine } from "../../src/engine/engine";
import { ReferenceEngine } from "../../src/engine/reference/engine";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { type Case, relativeError } from "../support/cases";
import { dartsCase, partialDartsCase } from "../support/darts";

const TOLERANCE = 1e-4;

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("TensorFlow.js and WASM agree on DARTS networks", () => {
  const operations = DARTS.rows[0].choices;
  const drawn = dartsCase({ image: 6 }, 3);
  const cases: { name: string; made: Case }[] = [
    ...operations.map((operation, k) => ({
      name: `${operation} everywhere`,
      made: { ...drawn, mixing: drawn.mixing.map((_, i) => (i % operations.length === k ? 1 : 0)) },
    })),
    {
      name: "all operations, three channels",
      made: dartsCase({ channels: 3, image: 6, imageChannels: 3 }, 3),
    },
    { name: "all operations on half of the channels", made: partialDartsCase(2, { channels: 4, image: 6 }, 3) },
  ];
  for (const { name, made } of cases) {
    it(name, async () => {
      const { spec, weights, mixing, batch } = made;
      const outcome = async (engine: Engine) => {
        const { loss, gradient } = await engine.architectureGradient(mixing, batch, false);
        const { loss: evaluated } = await engine.evaluate(mixing, batch);
        const byWeights = (await engine.weightGradient(mixing, batch)).gradient;
        engine.dispose();
        return { loss, evaluated, gradient, byWeights };
      };
      const before = tf.memory().numTensors;
      const reference = await outcome(new ReferenceEngine(spec, weights));
      expect(tf.memory().numTensors).toBe(before);
      const compiled = await outcome(await createWasmEngine(spec, weights, 1));
      expect(relativeError([compiled.loss], [reference.loss])).toBeLessThan(TOLERANCE);
      expect(relativeError([compiled.evaluated], [reference.evaluated])).toBeLessThan(TOLERANCE);
      expect(relativeError(compiled.gradient, reference.gradient)).toBeLessThan(TOLERANCE);
      expect(relativeError(compiled.byWeights, reference.byWeights)).toBeLessThan(TOLERANCE);
    });
  }

  it("image by image", async () => {
    const { spec, weights, mixing, batch } = drawn;
    const engines = [new ReferenceEngine(spec, weights), await createWasmEngine(spec, weights, 1)];
    const rows = await Promise.all(engines.map((engine) => engine.architectureGradient(mixing, batch, true)));
    for (const engine of engines) engine.dispose();
    expect(relativeError(rows[1].perExample ?? [], rows[0].perExample ?? [])).toBeLessThan(TOLERANCE);
  });
});

it("random searches stay finite", async () => {
  const { spec, weights, mixing, batch } = dartsCase({ channels: 4 }, 4);
  const engine = await createWasmEngine(spec, weights, 1);
  const scores: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { mixing: other, batch: data } = dartsCase({ channels: 4 }, 4, i % 2 === 0 ? "dense" : "one-hot", i);
    const { gradient } = await engine.architectureGradient(other, data, false);
    const { loss } = await engine.weightStep(other, data, { rate: 0.025, momentum: 0.9, decay: 3e-4, clip: 5 });
    scores.push(loss, ...gradient);
  }
  expect(scores.every(Number.isFinite)).toBe(true);
  // What it learns from one batch over and over it keeps.
  let { loss } = await engine.evaluate(mixing, batch);
  const before = loss;
  for (let i = 0; i < 10; i++) {
    ({ loss } = await engine.weightStep(mixing, batch, { rate: 0.05, momentum: 0.9, decay: 0, clip: 5 }));
  }
  expect(loss).toBeLessThan(0.7 * before);
  engine.dispose();
});
