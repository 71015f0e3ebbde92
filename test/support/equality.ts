import { expect } from "vitest";
import type { Engine, WeightStep } from "../../src/engine/engine";
import { type Case, type Mix, partialCase, relativeError, supernetCase } from "./cases";
import { type Outcome, oracle } from "./oracle";

/** A network and the kind of mixing weights on which two engines are compared. */
export interface EqualityCase {
  readonly image: number;
  readonly mix: Mix;
  readonly cells: number;
  readonly batch: number;
  readonly channels: number;
  /** K of partial channels; all of them without it. */
  readonly partial?: number;
}

/**
 * Every size meets every kind of p and number of cells, and these meet every batch and number of channels (a test counts the pairs).
 * No batch divides by anything, so vectors of four images have lanes that are nobody's.
 */
export const EQUALITY_CASES: readonly EqualityCase[] = [
  { image: 14, mix: "dense", cells: 1, batch: 7, channels: 3 },
  { image: 14, mix: "one-hot", cells: 3, batch: 3, channels: 3 },
  { image: 14, mix: "zero", cells: 3, batch: 7, channels: 1 },
  { image: 16, mix: "dense", cells: 3, batch: 5, channels: 2 },
  { image: 16, mix: "one-hot", cells: 1, batch: 7, channels: 2 },
  { image: 16, mix: "zero", cells: 1, batch: 3, channels: 3 },
  { image: 28, mix: "dense", cells: 1, batch: 3, channels: 1 },
  { image: 28, mix: "one-hot", cells: 3, batch: 3, channels: 2 },
  { image: 28, mix: "zero", cells: 1, batch: 5, channels: 1 },
  { image: 32, mix: "dense", cells: 3, batch: 3, channels: 2 },
  { image: 32, mix: "one-hot", cells: 1, batch: 5, channels: 1 },
  { image: 32, mix: "zero", cells: 1, batch: 3, channels: 2 },
];

/** Parts that fill vectors of four and parts that do not, rests that do and do not. */
export const PARTIAL_CASES: readonly EqualityCase[] = [
  { image: 9, mix: "dense", cells: 1, batch: 5, channels: 4, partial: 4 },
  { image: 8, mix: "one-hot", cells: 2, batch: 3, channels: 6, partial: 2 },
  { image: 6, mix: "zero", cells: 1, batch: 6, channels: 6, partial: 3 },
  { image: 8, mix: "dense", cells: 1, batch: 4, channels: 16, partial: 4 },
];

/** Every step starts from the reference's weights, so that more of them are more samples; large networks are dear to the reference. */
export const stepsOf = ({ image, cells, partial }: EqualityCase): number =>
  partial ? 2 : image > 16 || cells > 1 ? 6 : 20;

export const nameOf = ({ image, mix, cells, batch, channels, partial }: EqualityCase): string =>
  `${image} px, ${mix} p, ${cells} cell${cells > 1 ? "s" : ""} a stage, batch ${batch}, C ${channels}${partial ? `, K ${partial}` : ""}`;

/** Network, weights, and the mixing weights and batch of a step: other ones at every step. */
export const caseAt = ({ image, mix, cells, batch, channels, partial }: EqualityCase, step = 0) => {
  const sizes = { image, cells, channels, imageChannels: 1 };
  return partial ? partialCase(partial, sizes, batch, mix, 1 + step) : supernetCase(sizes, batch, mix, 1 + step);
};

/** Without momentum and decay the velocity is the gradient itself, or a scaled one where it was clipped, and the weights move along it. */
const STEP: WeightStep = { rate: 0.05, momentum: 0, decay: 0, clip: 5 };

/** Rectifiers whose input is nearer to zero than this open in one float32 engine and not in another. */
const ROUNDING = 2e-6;

export const TOLERANCE = 1e-4;

/** Largest errors over all steps, each relative to the reference's largest value of that step. */
export interface Errors {
  loss: number;
  accuracy: number;
  /** dL/dw. */
  weights: number;
  /** What the weights moved by, over the rate. */
  moves: number;
  /** dL/dp, relative to the largest mean size of its examples' parts: at p = 0 they cancel, and nothing but rounding is left. */
  mixing: number;
  perExample: number;
  /** Steps that differ where float32 has no verdict; they count in none of the others. */
  undecided: number;
  /** Weights after the last step, of an engine that was left to itself. */
  drift: number;
}

/**
 * Trains the reference and compares an engine with it at every step. Rounding grows along a trajectory, by way of rectifiers that
 * fall on either side of zero, so two right engines part; therefore each step starts from the reference's weights. An engine of its
 * own, which nobody corrects, shows how far they part.
 * @param at the network, and the mixing weights and batch of a step
 * @param truth the network in float64
 */
export async function compareAlong(
  at: (step: number) => Case,
  create: { readonly reference: () => Promise<Engine>; readonly engine: () => Promise<Engine> },
  steps: number,
  truth: typeof oracle = oracle,
): Promise<Errors> {
  const { spec } = at(0);
  const [reference, engine, free] = [await create.reference(), await create.engine(), await create.engine()];
  const worst = { loss: 0, accuracy: 0, weights: 0, moves: 0, mixing: 0, perExample: 0, undecided: 0, drift: 0 };
  let state = await reference.exportState();
  const count = state.length / 2;
  for (let step = 0; step < steps; step++) {
    const { mixing, batch } = at(step);
    const expected = await reference.architectureGradient(mixing, batch, true);
    const trained = await reference.weightStep(mixing, batch, STEP);
    const after = await reference.exportState();
    engine.importState(state);
    // The passes with and without examples are two programs of the engine.
    const [whole, each, score, byWeights, stepped, moved] = await Promise.all([
      engine.architectureGradient(mixing, batch, false),
      engine.architectureGradient(mixing, batch, true),
      engine.evaluate(mixing, batch),
      engine.weightGradient(mixing, batch),
      engine.weightStep(mixing, batch, STEP),
      engine.exportState(),
      free.weightStep(mixing, batch, STEP),
    ]);
    const examples = expected.perExample ?? new Float64Array();
    const gradient = after.subarray(count);
    const scores = [whole, each, score, byWeights, stepped];
    const shrink = Math.min(1, STEP.clip / (Math.hypot(...byWeights.gradient) + 1e-6));
    const errors = {
      loss: Math.max(...scores.map(({ loss }) => relativeError([loss], [trained.loss]))),
      accuracy: Math.max(...scores.map(({ accuracy }) => Math.abs(accuracy - trained.accuracy))),
      weights: Math.max(
        relativeError(moved.subarray(count), gradient),
        relativeError(
          byWeights.gradient.map((g) => g * shrink),
          gradient,
        ),
      ),
      moves: relativeError(
        Float64Array.from(gradient, (_, i) => (state[i] - moved[i]) / STEP.rate),
        gradient,
      ),
      mixing: Math.max(...[whole, each].map((result) => meanError(result.gradient, expected.gradient, examples))),
      perExample: relativeError(each.perExample ?? [], examples),
    };
    const right = Object.values(errors).every((error) => error < TOLERANCE);
    if (!right && undecided(truth(spec, state.subarray(0, count), mixing, batch), examples)) worst.undecided++;
    // Not a number stays so.
    else for (const key of keysOf(errors)) worst[key] = Math.max(worst[key], errors[key]);
    state = after;
  }
  worst.drift = relativeError((await free.exportState()).subarray(0, count), state.subarray(0, count));
  for (const each of [reference, engine, free]) each.dispose();
  return worst;
}

/** Whether float32 has no verdict: a rectifier's input lies within rounding of zero, or the reference itself is far from float64. */
function undecided(truth: Outcome, reference: ArrayLike<number>): boolean {
  return truth.margin < ROUNDING || relativeError(reference, truth.perExample) > TOLERANCE / 10;
}

const keysOf = <T extends object>(record: T) => Object.keys(record) as (keyof T)[];

function meanError(mean: ArrayLike<number>, expected: ArrayLike<number>, examples: ArrayLike<number>): number {
  const { length } = expected;
  const sizes = new Float64Array(length);
  for (let i = 0; i < examples.length; i++) sizes[i % length] += (Math.abs(examples[i]) * length) / examples.length;
  const differences = Array.from(mean, (value, i) => Math.abs(value - expected[i]));
  return Math.max(...differences) / Math.max(...sizes, 1e-9);
}

/** Figures for people. */
export const textOf = (errors: Errors): string =>
  keysOf(errors)
    .map((key) => `${key} ${key === "undecided" ? errors[key] : errors[key].toExponential(1)}`)
    .join(", ");

/** Holds errors to the tolerance, and all but a few steps to a verdict. */
export function expectEqual({ drift: _, undecided, ...errors }: Errors): void {
  for (const [what, error] of Object.entries(errors)) expect(error, what).toBeLessThan(TOLERANCE);
  expect(undecided).toBeLessThanOrEqual(5);
}
