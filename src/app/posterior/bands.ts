import { band, type Point, polyline } from "../charts/path";
import { linear, roundReach, type Scale, stepsToDraw } from "../charts/scale";
import type { Recording } from "../recording";

export interface Band {
  readonly line: string;
  /** Mean plus and minus one standard deviation; empty for a point estimate. */
  readonly area: string;
}

export interface Bands {
  readonly x: Scale;
  readonly y: Scale;
  /** Half-height of the common axis, in units of the architecture parameter. */
  readonly reach: number;
  /** In the order of the flat vectors. */
  readonly bands: readonly Band[];
}

/** Most points of a line. */
const POINTS = 100;

/** Means and standard deviations of the whole run, on one time axis and one axis of values for all rows. */
export function bandsOf(recording: Recording, end: number, width: number, height: number): Bands {
  const steps = stepsToDraw(recording.steps, Math.min(POINTS, Math.max(20, width / 2)));
  const means = steps.map((step) => recording.mean(step));
  const scales = steps.map((step) => recording.scale(step));
  const size = means[0].length;
  let reach = 0;
  for (const [k, mean] of means.entries()) {
    for (let i = 0; i < size; i++) reach = Math.max(reach, Math.abs(mean[i]) + (scales[k]?.[i] ?? 0));
  }
  reach = roundReach(Math.max(reach, 0.02));
  const x = linear(0, end, 4, width - 4);
  const y = linear(-reach, reach, height - 3, 3);
  const bands = Array.from({ length: size }, (_, i): Band => {
    const line: Point[] = steps.map((step, k) => [x(step), y(means[k][i])]);
    const spread = (sign: 1 | -1): Point[] =>
      steps.map((step, k) => [x(step), y(means[k][i] + sign * (scales[k]?.[i] ?? 0))]);
    return { line: polyline(line), area: scales[0] ? band(spread(1), spread(-1)) : "" };
  });
  return { x, y, reach, bands };
}
