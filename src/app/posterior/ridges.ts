import { mixingDraws, normalQuantile } from "../../core/posterior";
import { type Point, polyline } from "../charts/path";
import { linear, roundReach, type Scale } from "../charts/scale";
import type { Moment } from "../moment";
import type { Quantity } from "./quantity";

/** Standard deviations to each side that a ridge is drawn for. */
const TAILS = 3.2;
const POINTS = 44;
/** Draws behind the ridges of the mixing weights, and the places that they are counted at. */
const DRAWS = 320;
const BINS = 64;
/** Each stands for a twentieth of the mass. */
export const DOTS = 20;

export interface Ridge {
  readonly outline: string;
  readonly area: string;
  /** Where the ridge stands and peaks, px. */
  readonly base: number;
  readonly peak: Point;
  /** Along the axis, px, the quantiles at 1/40, 3/40, ...: twenty equally likely values. Empty for a point estimate. */
  readonly dots: readonly number[];
}

export interface Ridges {
  /** Its range is the axis that all rows share. */
  readonly x: Scale;
  /** In the order of the flat vectors. */
  readonly ridges: readonly Ridge[];
}

/** A density over the axis, before it is given a height. */
interface Density {
  readonly values: readonly (readonly [at: number, density: number])[];
  readonly centre: number;
  readonly dots: readonly number[];
}

/**
 * The densities of all rows on one axis and one scale of height, so that what overlaps is undecided. Within a row each operation
 * stands on a line of its own, in their fixed order. A point estimate is a stick.
 */
export function ridgesOf(moment: Moment, quantity: Quantity, width: number, height: number): Ridges {
  const { space, offsets, mean, scale, mixing } = moment;
  const x = quantity === "alpha" ? alphaAxis(moment, width) : linear(0, 1, 4, width - 4);
  const densities = !scale ? null : quantity === "alpha" ? gaussians(mean, scale, x) : mixingDensities(moment, scale);
  const highest = Math.max(...(densities ?? []).map(highestOf));
  const tallest = 0.46 * height;
  const ridges = space.rows.flatMap((row, r) =>
    row.choices.map((_, choice): Ridge => {
      const i = offsets[r] + choice;
      const share = row.choices.length > 1 ? choice / (row.choices.length - 1) : 1;
      const base = tallest + 3 + (height - tallest - 6) * share;
      if (!densities) {
        const centre = x((quantity === "alpha" ? mean : mixing)[i]);
        const top = base - 0.6 * tallest;
        const outline = `M${centre.toFixed(1)} ${base.toFixed(1)}V${top.toFixed(1)}`;
        return { outline, area: "", base, peak: [centre, top], dots: [] };
      }
      const { values, centre, dots } = densities[i];
      // An operation that all but never counts piles up at 0: by the square root it doesn't flatten the others.
      const part = (density: number) => (quantity === "alpha" ? density / highest : Math.sqrt(density / highest));
      const points = values.map(([at, density]): Point => [x(at), base - tallest * part(density)]);
      const outline = polyline(points);
      const first = points[0];
      const area = first ? `${outline}V${base.toFixed(1)}H${first[0].toFixed(1)}Z` : "";
      const peak = base - tallest * part(highestOf(densities[i]));
      return { outline, area, base, peak: [x(centre), peak], dots: dots.map(x) };
    }),
  );
  return { x, ridges };
}

const highestOf = ({ values }: Density) => values.reduce((most, [, density]) => Math.max(most, density), 0);

function alphaAxis({ mean, scale }: Moment, width: number): Scale {
  let reach = 0;
  for (let i = 0; i < mean.length; i++) reach = Math.max(reach, Math.abs(mean[i]) + 2.6 * (scale?.[i] ?? 0));
  reach = roundReach(Math.max(reach, scale ? 0.5 : 0.05));
  return linear(-reach, reach, 4, width - 4);
}

const LEVELS = Array.from({ length: DOTS }, (_, k) => (k + 0.5) / DOTS);
const NORMAL_DOTS = LEVELS.map(normalQuantile);

function gaussians(mean: Float64Array, scale: Float64Array, { min, max }: Scale): Density[] {
  return Array.from(mean, (centre, i) => {
    const values: [number, number][] = [];
    for (let k = 0; k <= POINTS; k++) {
      const z = TAILS * ((2 * k) / POINTS - 1);
      const at = centre + scale[i] * z;
      if (at >= min && at <= max) values.push([at, Math.exp(-0.5 * z * z) / scale[i]]);
    }
    return { values, centre, dots: NORMAL_DOTS.map((z) => centre + scale[i] * z) };
  });
}

/** Weights of a bin's neighbours and its own: the draws are smoothed by a bin and a half. */
const SMOOTH = [0.03, 0.11, 0.22, 0.28, 0.22, 0.11, 0.03];

/** Logistic-normal densities by their draws, counted in bins, smoothed, and reflected at 0 and 1, past which there is nothing. */
function mixingDensities({ space, mean, mixing }: Moment, scale: Float64Array): Density[] {
  const draws = mixingDraws(space.rows, mean, scale, DRAWS);
  const size = mean.length;
  return Array.from(mean, (_, i) => {
    const sorted = new Float64Array(DRAWS);
    const counts = new Float64Array(BINS);
    for (let draw = 0; draw < DRAWS; draw++) {
      const p = draws[draw * size + i];
      sorted[draw] = p;
      counts[Math.min(BINS - 1, Math.floor(p * BINS))]++;
    }
    sorted.sort();
    const smooth = Array.from(counts, (_, bin) =>
      SMOOTH.reduce((sum, weight, k) => {
        const from = bin + k - 3;
        return sum + weight * counts[from < 0 ? -1 - from : from >= BINS ? 2 * BINS - 1 - from : from];
      }, 0),
    );
    // From the first to the last bin that holds anything.
    const first = smooth.findIndex((value) => value > 0);
    const last = smooth.findLastIndex((value) => value > 0);
    const values: [number, number][] = [];
    if (first === 0) values.push([0, smooth[0]]);
    for (let bin = first; bin <= last; bin++) values.push([(bin + 0.5) / BINS, smooth[bin]]);
    if (last === BINS - 1) values.push([1, smooth[last]]);
    return { values, centre: mixing[i], dots: LEVELS.map((level) => sorted[Math.floor(level * DRAWS)]) };
  });
}
