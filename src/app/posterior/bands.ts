import { mixingMoments } from "../../core/posterior";
import { band, type Point, polyline } from "../charts/path";
import { linear, roundReach, type Scale, stepsToDraw } from "../charts/scale";
import type { Recording } from "../recording";
import type { Quantity } from "./quantity";

export interface Band {
  readonly line: string;
  /** Mean plus and minus one standard deviation; empty for a point estimate. */
  readonly area: string;
}

export interface Bands {
  readonly x: Scale;
  /** Its range is the common axis of values. */
  readonly y: Scale;
  /** In the order of the flat vectors. */
  readonly bands: readonly Band[];
  /** The lines' values after a step. */
  readonly centreAt: (step: number) => ArrayLike<number>;
}

/** A mean and a standard deviation of every operation on every edge; no deviation for a point estimate. */
interface Centre {
  readonly mean: ArrayLike<number>;
  readonly spread: ArrayLike<number> | null;
}

/** Most points of a line. */
const POINTS = 100;
/** Mixing weights take a while: fewer points, each of this many draws. */
const MIXING_POINTS = 50;
const DRAWS = 64;

/** What was worked out for a recording's steps: mixing weights take a while. Void when the run it is of changes. */
let known: { recording: Recording; run: number; steps: Map<number, Centre> } | null = null;

function centreOf(recording: Recording, run: number, step: number, quantity: Quantity): Centre {
  const mean = recording.mean(step);
  const scale = recording.scale(step);
  if (quantity === "alpha") return { mean, spread: scale };
  if (known?.recording !== recording || known.run !== run) known = { recording, run, steps: new Map() };
  // The latest step of every redraw is kept too, and few of those are drawn again.
  if (known.steps.size > 8 * POINTS) known.steps.clear();
  const before = known.steps.get(step);
  if (before) return before;
  const moments = mixingMoments(recording.space.rows, mean, scale, DRAWS);
  const centre = { mean: moments.mean, spread: scale && moments.deviation };
  known.steps.set(step, centre);
  return centre;
}

/**
 * Means and standard deviations of the whole run, on one time axis and one axis of values for all rows.
 * @param run counts the recordings shown and the rewinds
 */
export function bandsOf(
  recording: Recording,
  run: number,
  quantity: Quantity,
  end: number,
  width: number,
  height: number,
): Bands {
  const most = quantity === "alpha" ? POINTS : MIXING_POINTS;
  const steps = stepsToDraw(recording.steps, Math.min(most, Math.max(20, width / 2)));
  const centres = steps.map((step) => centreOf(recording, run, step, quantity));
  const size = centres[0].mean.length;
  let reached = 0;
  for (const { mean, spread } of centres) {
    for (let i = 0; i < size; i++) reached = Math.max(reached, Math.abs(mean[i]) + (spread?.[i] ?? 0));
  }
  const reach = roundReach(Math.max(reached, 0.02));
  const x = linear(0, end, 4, width - 4);
  const y = quantity === "alpha" ? linear(-reach, reach, height - 3, 3) : linear(0, Math.min(1, reach), height - 3, 3);
  const bands = Array.from({ length: size }, (_, i): Band => {
    const line: Point[] = steps.map((step, k) => [x(step), y(centres[k].mean[i])]);
    const edge = (sign: 1 | -1): Point[] =>
      steps.map((step, k) => [x(step), y(centres[k].mean[i] + sign * (centres[k].spread?.[i] ?? 0))]);
    return { line: polyline(line), area: centres[0].spread ? band(edge(1), edge(-1)) : "" };
  });
  return { x, y, bands, centreAt: (step) => centreOf(recording, run, step, quantity).mean };
}
