import { stepsToDraw } from "../charts/scale";
import type { Datum } from "../charts/series";
import type { History, StepScalar } from "../history";

/** Weight of the past in the smoothed line. */
const SMOOTHING = 0.9;
const POINTS = 160;

/**
 * Two scalars of the run as points to draw: raw, and as a running mean (bias-corrected). A step without a value repeats nothing: its
 * raw value is null and the mean stays.
 */
export function curvesOf(history: History, train: StepScalar, valid: StepScalar): Map<number, Datum> {
  const wanted = new Set(stepsToDraw(history.steps, POINTS));
  const points = new Map<number, Datum>();
  const smooth = { train: running(), valid: running() };
  for (let step = 1; step <= history.steps; step++) {
    const raw = { train: history.scalar(step, train), valid: history.scalar(step, valid) };
    const mean = { train: smooth.train(raw.train), valid: smooth.valid(raw.valid) };
    if (!wanted.has(step)) continue;
    points.set(step, {
      step,
      train: mean.train,
      valid: mean.valid,
      trainRaw: Number.isNaN(raw.train) ? null : raw.train,
      validRaw: Number.isNaN(raw.valid) ? null : raw.valid,
    });
  }
  return points;
}

function running(): (value: number) => number | null {
  let sum = 0;
  let weight = 0;
  return (value) => {
    if (!Number.isNaN(value)) {
      sum = SMOOTHING * sum + (1 - SMOOTHING) * value;
      weight = SMOOTHING * weight + (1 - SMOOTHING);
    }
    return weight > 0 ? sum / weight : null;
  };
}
