import type { NetworkSizes } from "../../src/core/space";
import type { Engine, WeightStep } from "../../src/engine/engine";
import { parameterLayout } from "../../src/engine/network";
import { type Mix, relativeError, supernetCase } from "./cases";

/** A network and the kind of mixing weights on which two engines are compared. */
export interface EqualityCase {
  readonly image: number;
  readonly mix: Mix;
  readonly cells: number;
  readonly batch: number;
  readonly channels: number;
}

/**
 * Every pair of values of any two columns occurs (the test of this table counts them). No batch divides by two, so the lanes that
 * pad it to vectors of four are never empty of consequence.
 */
export const EQUALITY_CASES: readonly EqualityCase[] = [
  { image: 14, mix: "dense", cells: 1, batch: 3, channels: 1 },
  { image: 14, mix: "one-hot", cells: 3, batch: 5, channels: 3 },
  { image: 14, mix: "zero", cells: 1, batch: 7, channels: 2 },
  { image: 16, mix: "dense", cells: 3, batch: 5, channels: 2 },
  { image: 16, mix: "one-hot", cells: 3, batch: 7, channels: 1 },
  { image: 16, mix: "zero", cells: 1, batch: 3, channels: 3 },
  { image: 28, mix: "dense", cells: 1, batch: 7, channels: 3 },
  { image: 28, mix: "one-hot", cells: 1, batch: 3, channels: 2 },
  { image: 28, mix: "zero", cells: 3, batch: 5, channels: 1 },
  { image: 32, mix: "dense", cells: 3, batch: 3, channels: 1 },
  { image: 32, mix: "one-hot", cells: 1, batch: 5, channels: 3 },
  { image: 32, mix: "zero", cells: 1, batch: 7, channels: 2 },
];

export const nameOf = ({ image, mix, cells, batch, channels }: EqualityCase): string =>
  `${image} px, ${mix} p, ${cells} cell${cells > 1 ? "s" : ""} a stage, batch ${batch}, C ${channels}`;

/** Network, weights, and the mixing weights and batch of a step: other ones at every step. */
export const caseAt = ({ image, mix, cells, batch, channels }: EqualityCase, step = 0) =>
  supernetCase({ image, cells, channels, imageChannels: 1 }, batch, mix, 1 + step);

/** Plain gradient descent: velocities become the gradient itself, and the weights move along it. */
const STEP: WeightStep = { rate: 0.05, momentum: 0, decay: 0, clip: 1e9 };

/** Largest errors over all steps, each relative to the reference's largest value of that step. */
export interface Errors {
  loss: number;
  accuracy: number;
  /** dL/dw as a whole, and tensor by tensor. */
  weights: number;
  tensors: number;
  /** What the weights moved by, over the rate. */
  moves: number;
  mixing: number;
  perExample: number;
  /** Weights after the last step of an engine that was left to itself. */
  drift: number;
}

/**
 * Trains the reference and compares an engine with it at every step. Rounding grows along a trajectory, by way of rectifiers that
 * fall on either side of zero, so two right engines part; therefore each step starts from the reference's weights. An engine of its
 * own, which nobody corrects, shows how far they part.
 */
export async function compareAlong(
  tried: EqualityCase,
  create: { readonly reference: () => Promise<Engine>; readonly engine: () => Promise<Engine> },
  steps = 20,
): Promise<Errors> {
  const { spec } = caseAt(tried);
  const layout = parameterLayout(spec.space, spec.sizes);
  const [reference, engine, free] = [await create.reference(), await create.engine(), await create.engine()];
  const errors = { loss: 0, accuracy: 0, weights: 0, tensors: 0, moves: 0, mixing: 0, perExample: 0, drift: 0 };
  const note = (what: keyof Errors, values: ArrayLike<number>, expected: ArrayLike<number>) => {
    // Not a number stays so.
    errors[what] = Math.max(errors[what], relativeError(values, expected));
  };
  let state = await reference.exportState();
  const count = state.length / 2;
  for (let step = 0; step < steps; step++) {
    const { mixing, batch } = caseAt(tried, step);
    // Both passes that give dL/dp are the engine's own; the reference needs one.
    const expected = await reference.architectureGradient(mixing, batch, true);
    engine.importState(state);
    const whole = await engine.architectureGradient(mixing, batch, false);
    const each = await engine.architectureGradient(mixing, batch, true);
    note("mixing", whole.gradient, expected.gradient);
    note("mixing", each.gradient, expected.gradient);
    note("perExample", each.perExample ?? [], expected.perExample ?? []);
    const scores = [whole, each, await engine.evaluate(mixing, batch), await engine.weightStep(mixing, batch, STEP)];
    const trained = await reference.weightStep(mixing, batch, STEP);
    for (const { loss, accuracy } of scores) {
      note("loss", [loss], [trained.loss]);
      errors.accuracy = Math.max(errors.accuracy, Math.abs(accuracy - trained.accuracy));
    }
    const [after, moved] = [await reference.exportState(), await engine.exportState()];
    const [gradient, got] = [after.subarray(count), moved.subarray(count)];
    note("weights", got, gradient);
    for (const { offset, size } of layout) {
      note("tensors", got.subarray(offset, offset + size), gradient.subarray(offset, offset + size));
    }
    note(
      "moves",
      Float64Array.from(got, (_, i) => (state[i] - moved[i]) / STEP.rate),
      gradient,
    );
    await free.weightStep(mixing, batch, STEP);
    state = after;
  }
  note("drift", (await free.exportState()).subarray(0, count), state.subarray(0, count));
  for (const each of [reference, engine, free]) each.dispose();
  return errors;
}
