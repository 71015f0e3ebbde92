import type { Choices } from "../../core/space";
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
  /** Below 1 for the trace of a discarded operation. */
  readonly opacity: number;
}

/** Haze beyond each side for a mixing weight whose standard deviation is one, px; less where bundles are thinner than this. */
const HAZE = 46;
const THIN = 18;

/** Stroke widths of an operation that stands alone. A cut edge is a dotted trace, the identity a thin arc. */
const ALONE_WIDTH: Readonly<Record<string, number>> = {
  none: 1.6,
  skip_connect: 2.6,
  nor_conv_1x1: 4,
  nor_conv_3x3: 7,
  avg_pool_3x3: 5,
  max_pool_3x3: 5,
  sep_conv_3x3: 6,
  sep_conv_5x5: 8,
  dil_conv_3x3: 4.5,
  dil_conv_5x5: 6.5,
};

/** How far the identity's arc bows, px. */
const ARC = 12;

/** Traces of discarded operations: the gap between two, their least width, what a certain win would add, px; and how faint they are. */
const TRACE = { gap: 3, width: 1.1, share: 1.5, opacity: 0.5 };

/**
 * The bundle of all operations, as thick as they are likely to win and as hazy as their mixing weights are uncertain. Where edges are
 * dropped, a bundle is as thick as its edge is likely to be kept.
 * @param bundle thickness of a whole bundle, px
 */
export function bundleStrands({ space, offsets, share, spread }: Moment, bundle: number): Strand[] {
  return space.rows.flatMap((row, r) => {
    const widths = row.choices.map((operation, choice) =>
      drops(space, operation) ? 0 : bundle * share[offsets[r] + choice],
    );
    let edge = -widths.reduce((sum, width) => sum + width, 0) / 2;
    return row.choices.map((operation, choice) => {
      const i = offsets[r] + choice;
      const width = widths[choice];
      edge += width;
      const offset = edge - width / 2;
      return {
        row: r,
        choice,
        operation,
        offset,
        bow: 0,
        width,
        haze: Math.min(1, bundle / THIN) * HAZE * spread[i],
        opacity: 1,
      };
    });
  });
}

/**
 * The most probable operation of every edge, crisp, among faint traces of the others in the bundle's order. Where edges are dropped,
 * these are the traces instead: a cell of so many operations would be all traces.
 */
export function probableStrands({ space, offsets, share, choices }: Moment): Strand[] {
  if (space.keptEdges !== null) {
    return cellStrands({ space }, choices).map((strand) =>
      strand.operation === "none" && strand.choice === choices[strand.row]
        ? { ...strand, width: aloneWidth("none"), opacity: TRACE.opacity }
        : strand,
    );
  }
  return space.rows.flatMap((row, r) => {
    const leader = row.choices[choices[r]];
    const widths = row.choices.map((operation, choice) =>
      choice === choices[r] ? aloneWidth(operation) : TRACE.width + TRACE.share * share[offsets[r] + choice],
    );
    let edge = -(widths.reduce((sum, width) => sum + width, 0) + TRACE.gap * (widths.length - 1)) / 2;
    return row.choices.map((operation, choice) => {
      const width = widths[choice];
      const offset = edge + width / 2;
      edge += width + TRACE.gap;
      const opacity = choice === choices[r] ? 1 : TRACE.opacity;
      return { row: r, choice, operation, offset, bow: bowOf(leader), width, haze: 0, opacity };
    });
  });
}

/** One cell, crisp: the chosen operation of every edge and nothing else. */
export function cellStrands({ space }: Pick<Moment, "space">, choices: Choices): Strand[] {
  return space.rows.flatMap((row, r) =>
    row.choices.map((operation, choice) => {
      const width = choice === choices[r] && !drops(space, operation) ? aloneWidth(operation) : 0;
      const bow = bowOf(row.choices[choices[r]]);
      return { row: r, choice, operation, offset: 0, bow, width, haze: 0, opacity: 1 };
    }),
  );
}

/** Does this choice mean that the edge is dropped? */
function drops({ keptEdges }: Moment["space"], operation: string): boolean {
  return keptEdges !== null && operation === "none";
}

function bowOf(leader: string): number {
  return leader === "skip_connect" ? ARC : 0;
}

function aloneWidth(operation: string): number {
  return ALONE_WIDTH[operation] ?? 4;
}

/** The same strands on their way from one drawing to another. */
export function mixStrands(from: readonly Strand[], to: readonly Strand[], share: number): readonly Strand[] {
  if (from.length !== to.length) return to;
  return to.map((end, i) => {
    const mix = (key: "offset" | "bow" | "width" | "haze" | "opacity") => (1 - share) * from[i][key] + share * end[key];
    return {
      ...end,
      offset: mix("offset"),
      bow: mix("bow"),
      width: mix("width"),
      haze: mix("haze"),
      opacity: mix("opacity"),
    };
  });
}
