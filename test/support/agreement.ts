import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import type { Engine } from "../../src/engine/engine";
import { ReferenceEngine } from "../../src/engine/reference/engine";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { type Case, relativeError } from "./cases";

const TOLERANCE = 1e-4;

/** Everything that a discrete network's engine does, from fresh running statistics over two steps. */
async function outcome(engine: Engine, { batch }: Case) {
  const fresh = await engine.evaluate([], batch);
  const { loss, gradient } = await engine.weightGradient([], batch);
  const losses = [fresh.loss, loss];
  for (let i = 0; i < 2; i++) {
    losses.push((await engine.weightStep([], batch, { rate: 0.02, momentum: 0.9, decay: 3e-4, clip: 1 })).loss);
  }
  const evaluated = await engine.evaluate([], batch);
  const predictions = await engine.predict([], batch);
  const state = await engine.exportState();
  // A checkpoint brings everything back.
  await engine.weightStep([], batch, { rate: 0.1, momentum: 0, decay: 0, clip: 1 });
  engine.importState(state);
  expect(await engine.evaluate([], batch)).toEqual(evaluated);
  await expect(engine.architectureGradient([], batch, false)).rejects.toThrow(/no mixing weights/);
  engine.dispose();
  return { losses: [...losses, evaluated.loss], gradient, state, evaluated, predictions };
}

/** Holds WASM to TensorFlow.js: losses, dL/dw, evaluation by running statistics, predictions and state. */
export async function expectAgreement(made: Case): Promise<void> {
  await tf.setBackend("cpu");
  const { spec, weights, batch } = made;
  const before = tf.memory().numTensors;
  const reference = await outcome(new ReferenceEngine(spec, weights), made);
  expect(tf.memory().numTensors).toBe(before);
  const compiled = await outcome(await createWasmEngine(spec, weights, 1), made);
  expect(relativeError(compiled.losses, reference.losses)).toBeLessThan(TOLERANCE);
  expect(relativeError(compiled.gradient, reference.gradient)).toBeLessThan(TOLERANCE);
  const count = weights.length;
  for (const [from, to] of [
    [0, count],
    [2 * count, reference.state.length],
  ]) {
    expect(relativeError(compiled.state.subarray(from, to), reference.state.subarray(from, to))).toBeLessThan(
      TOLERANCE,
    );
  }
  for (const { evaluated, predictions } of [reference, compiled]) {
    const images = predictions.losses.length;
    const mean = predictions.losses.reduce((sum, each) => sum + each / images, 0);
    expect(mean).toBeCloseTo(evaluated.loss, 5);
    const hits = predictions.classes.filter((label, b) => label === batch.labels[b]).length;
    expect(hits / images).toBeCloseTo(evaluated.accuracy, 6);
  }
  expect(compiled.predictions.classes).toEqual(reference.predictions.classes);
  expect(relativeError(compiled.predictions.probabilities, reference.predictions.probabilities)).toBeLessThan(
    TOLERANCE,
  );
}
