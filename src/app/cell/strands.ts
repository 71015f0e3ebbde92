import type { Moment } from "../moment";

/** One operation of one edge as it is drawn: a strand of the edge's bundle. */
export interface Strand {
  readonly row: number;
  readonly choice: number;
  readonly operation: string;
  /** Sideways from the edge's centre line, px. */
  readonly offset: number;
  /** Extra sideways bow at the middle, px. */
  readonly bow: number;
  readonly width: number;
  /** Reach of the haze beyond each side of the strand, px. */
  readonly haze: number;
}

/** Haze beyond each side for a mixing weight whose standard deviation is one, px. */
const HAZE = 46;

/** Stroke widths of the most probable operation. A cut edge is a dotted trace, the identity a thin arc. */
const DECIDED_WIDTH: Readonly<Record<string, number>> = {
  none: 1.6,
  skip_connect: 2,
  nor_conv_1x1: 4,
  nor_conv_3x3: 7,
  avg_pool_3x3: 5,
};

/**
 * The strands of every edge between two views: 0 is the most probable cell, 1 the bundle of all operations, as thick as they are
 * likely to win and as hazy as their mixing weights are uncertain.
 * @param bundle thickness of a whole bundle, px
 */
export function strandsOf(moment: Moment, view: number, bundle: number): Strand[] {
  const { space, offsets, share, spread, choices } = moment;
  return space.rows.flatMap((row, r) => {
    let edge = -bundle / 2;
    return row.choices.map((operation, choice) => {
      const i = offsets[r] + choice;
      const thick = bundle * share[i];
      const centre = edge + thick / 2;
      edge += thick;
      const decided = choices[r] === choice;
      const alone = decided ? (DECIDED_WIDTH[operation] ?? 4) : 0;
      return {
        row: r,
        choice,
        operation,
        offset: view * centre,
        bow: decided && operation === "skip_connect" ? (1 - view) * 12 : 0,
        width: view * thick + (1 - view) * alone,
        haze: view * HAZE * spread[i],
      };
    });
  });
}
