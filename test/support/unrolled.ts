import { RandomStream } from "../../src/core/random";
import type { Batch, Engine, SupernetSpec } from "../../src/engine/engine";
import { unrolledGradient } from "../../src/search/unrolled";
import { relativeError, slope, supernetCase } from "./cases";
import { oracle, scored } from "./oracle";

/** A weight step long enough that looking across it changes the gradient. */
const STEP = { rate: 0.1, momentum: 0.9, decay: 0.01 };

const drawn = (seed: number) => supernetCase({ channels: 1, image: 5, imageChannels: 1, classes: 3 }, 2, "dense", seed);

/**
 * A seed under which no rectifier of the tiny network changes sides within the span of the second derivative: where one does, dL/dp
 * jumps, and a finite difference takes the jump for a slope.
 */
const SMOOTH = 109;

/** dL_valid/dp after the step on the training batch, by central differences through the whole step, in float64. */
function exact(spec: SupernetSpec, state: Float32Array, mixing: Float64Array, train: Batch, valid: Batch): number[] {
  const count = state.length / 2;
  const { rate, momentum, decay } = STEP;
  const loss = (p: Float64Array) => {
    const { weights: g } = oracle(spec, state.subarray(0, count), p, train);
    const ahead = Float64Array.from(g, (gi, i) => {
      const w = state[i];
      return w - rate * (momentum * state[count + i] + gi + decay * w);
    });
    return scored(spec, ahead, p, valid).loss;
  };
  return Array.from(mixing, (_, k) => slope(loss, mixing, k));
}

/** Relative errors of an engine's second-order gradient, and of its first-order one in its place; both leave the state as it was. */
export async function compareUnrolled(
  create: (spec: SupernetSpec, weights: Float32Array) => Promise<Engine>,
): Promise<{ second: number; first: number; loss: number; unmoved: boolean; gradient: Float64Array }> {
  const { spec, weights, mixing, batch: train } = drawn(SMOOTH);
  const { batch: valid } = drawn(SMOOTH + 100);
  const engine = await create(spec, weights);
  const velocities = new RandomStream(4, "velocity").normals(weights.length).map((v) => 0.05 * v);
  const state = Float32Array.of(...weights, ...velocities);
  engine.importState(state);
  const expected = exact(spec, state, mixing, train, valid);
  const { gradient, loss } = await unrolledGradient(engine, mixing, { train, valid }, STEP);
  const first = await engine.architectureGradient(mixing, valid, false);
  const after = await engine.exportState();
  engine.dispose();
  return {
    second: relativeError(gradient, expected),
    first: relativeError(first.gradient, expected),
    loss: Math.abs(loss - first.loss),
    unmoved: after.every((value, i) => value === state[i]),
    gradient,
  };
}
