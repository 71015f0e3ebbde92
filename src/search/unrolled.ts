import type { ArchitectureGradient, Batch, Engine, WeightStep } from "../engine/engine";

/** Length of the step in weight space across which a second derivative is measured, as DARTS sets it. */
const SPAN = 0.01;

/**
 * The gradient of second-order DARTS (Liu, Simonyan and Yang, ICLR 2019, equations 6 to 8): of the validation loss at the weights after
 * one step on the training batch, which depend on the architecture themselves. With w' = w - eta (momentum buffer + dL_train/dw + decay w),
 * v = dL_valid/dw at w', and w+- = w +- R v with R = 0.01 / |v|,
 *   dL_valid(w')/dp - eta (dL_train(w+)/dp - dL_train(w-)/dp) / 2R,
 * all of it at the same mixing weights p. As in the authors' code the imagined step has plain momentum and no clipping; the step that the
 * weights then take has Nesterov's and is clipped.
 *
 * Weights and velocities are afterwards what they were, to the bit. Nobody else may call the engine meanwhile.
 * @returns the score of the validation batch at w', and the gradient by the mixing weights
 */
export async function unrolledGradient(
  engine: Engine,
  mixing: ArrayLike<number>,
  batches: { readonly train: Batch; readonly valid: Batch },
  { rate, momentum, decay }: Omit<WeightStep, "clip">,
): Promise<ArchitectureGradient> {
  const { train, valid } = batches;
  const state = await engine.exportState();
  const count = state.length / 2;
  const weights = state.subarray(0, count);
  const velocities = state.subarray(count);
  const moveTo = (at: (i: number) => number) => {
    const moved = state.slice();
    for (let i = 0; i < count; i++) moved[i] = at(i);
    engine.importState(moved);
  };
  try {
    const byWeights = (await engine.weightGradient(mixing, train)).gradient;
    moveTo((i) => weights[i] - rate * (momentum * velocities[i] + byWeights[i] + decay * weights[i]));
    const ahead = await engine.architectureGradient(mixing, valid, false);
    const direction = (await engine.weightGradient(mixing, valid)).gradient;
    const norm = Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0));
    // Where the validation loss does not depend on the weights, neither does the gradient on their step.
    if (norm === 0) return ahead;
    const radius = SPAN / norm;
    moveTo((i) => weights[i] + radius * direction[i]);
    const above = (await engine.architectureGradient(mixing, train, false)).gradient;
    moveTo((i) => weights[i] - radius * direction[i]);
    const below = (await engine.architectureGradient(mixing, train, false)).gradient;
    const gradient = ahead.gradient.map((g, k) => g - (rate * (above[k] - below[k])) / (2 * radius));
    return { ...ahead, gradient };
  } finally {
    engine.importState(state);
  }
}
