import { type Point, polyline } from "../charts/path";
import { linear, roundReach } from "../charts/scale";
import type { Moment } from "../moment";

/** Standard deviations to each side that a ridge is drawn for. */
const TAILS = 3.2;
const POINTS = 44;

export interface Ridge {
  readonly outline: string;
  readonly area: string;
  /** Where the ridge stands and peaks, px. */
  readonly base: number;
  readonly peak: Point;
}

export interface Ridges {
  /** Half-width of the common axis, in units of the architecture parameter. */
  readonly reach: number;
  /** In the order of the flat vectors. */
  readonly ridges: readonly Ridge[];
}

/**
 * The densities of all rows on one axis and one scale of height, so that what overlaps is undecided. Within a row each operation
 * stands on a line of its own, in their fixed order. A point estimate is a stick.
 */
export function ridgesOf({ space, offsets, mean, scale }: Moment, width: number, height: number): Ridges {
  let reach = 0;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < mean.length; i++) {
    reach = Math.max(reach, Math.abs(mean[i]) + 2.6 * (scale?.[i] ?? 0));
    narrowest = Math.min(narrowest, scale?.[i] ?? 1);
  }
  reach = roundReach(Math.max(reach, scale ? 0.5 : 0.05));
  const x = linear(-reach, reach, 4, width - 4);
  const tallest = 0.46 * height;
  const ridges = space.rows.flatMap((row, r) =>
    row.choices.map((_, choice): Ridge => {
      const i = offsets[r] + choice;
      const share = row.choices.length > 1 ? choice / (row.choices.length - 1) : 1;
      const base = tallest + 3 + (height - tallest - 6) * share;
      const centre = x(mean[i]);
      if (!scale) {
        const top = base - 0.6 * tallest;
        return {
          outline: `M${centre.toFixed(1)} ${base.toFixed(1)}V${top.toFixed(1)}`,
          area: "",
          base,
          peak: [centre, top],
        };
      }
      const sigma = scale[i];
      const peak = (tallest * narrowest) / sigma;
      const points: Point[] = [];
      for (let k = 0; k <= POINTS; k++) {
        const z = TAILS * ((2 * k) / POINTS - 1);
        const at = mean[i] + sigma * z;
        if (Math.abs(at) <= reach) points.push([x(at), base - peak * Math.exp(-0.5 * z * z)]);
      }
      const outline = polyline(points);
      const [first, last] = [points[0], points[points.length - 1]];
      const area = first ? `${outline}V${base.toFixed(1)}H${first[0].toFixed(1)}Z` : "";
      return { outline, area: last ? area : "", base, peak: [centre, base - peak] };
    }),
  );
  return { reach, ridges };
}
