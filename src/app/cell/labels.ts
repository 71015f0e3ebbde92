import type { Point } from "../charts/path";
import type { EdgeCurve } from "./curve";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A text's place: its baseline, and the room kept for it. */
export interface Label {
  readonly at: Point;
  readonly anchor: "start" | "middle" | "end";
  readonly box: Box;
}

/** Height of a line of small text, and of what lies of it above the baseline, px. */
const LINE = 15;
const ASCENT = 11.5;
/** Room between a bundle and its label, px. */
const GAP = 5;
/** Places along the curve that are tried, as shares of its length, the best first. */
const ALONG = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74];
/** The same for labels on their curves, which have one side only. */
const ON_CURVE = [...ALONG, 0.46, 0.54, 0.38, 0.62, 0.3, 0.7];
/** Rounds in which every label may move again for the sake of the others. */
const ROUNDS = 4;

/** What a place costs: a square pixel over another label, over a node; a point of a curve below the text. */
const COST = { label: 100, node: 10, curve: 12, along: 20 };

/**
 * A place for every edge's label, beside its own curve, or on it where edges are so many that a label beside two of them could be either's,
 * and clear of the other labels first, then of nodes and curves. It depends on sizes alone, never on what the labels say.
 * @param reach half the thickness of an edge, px; null for labels on their curves
 * @param longest width of the longest label, px
 */
export function placeLabels(
  edges: readonly EdgeCurve[],
  obstacles: readonly Box[],
  area: { readonly width: number; readonly height: number },
  reach: number | null,
  longest: number,
): Label[] {
  const sides = reach === null ? [0] : [1, -1];
  const away = reach === null ? 0 : reach + GAP;
  const candidates = edges.map((edge) =>
    (reach === null ? ON_CURVE : ALONG).flatMap((along) =>
      sides.map((side) => {
        const label = beside(edge, along, side, away, longest, area);
        const { box } = label;
        const wide = grown(box, (reach ?? 0) * 0.8);
        const fixed =
          COST.node * obstacles.reduce((sum, obstacle) => sum + overlap(box, obstacle), 0) +
          COST.curve *
            edges.reduce((sum, { points }) => sum + points.filter((point) => within(point, wide)).length, 0) +
          COST.along * Math.abs(along - 0.5);
        return { label, fixed };
      }),
    ),
  );
  const chosen = candidates.map((each) => each[0]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, each] of candidates.entries()) {
      const cost = ({ label, fixed }: (typeof each)[number]) =>
        chosen.reduce(
          (sum, other, j) => (j === i ? sum : sum + COST.label * overlap(label.box, other.label.box)),
          fixed,
        );
      chosen[i] = each.reduce((best, one) => (cost(one) < cost(best) ? one : best), chosen[i]);
    }
  }
  return chosen.map(({ label }) => label);
}

function beside(
  { points, normals }: EdgeCurve,
  along: number,
  side: number,
  away: number,
  width: number,
  area: { readonly width: number; readonly height: number },
): Label {
  const i = Math.round(along * (points.length - 1));
  const [nx, ny] = [side * normals[i][0], side * normals[i][1]];
  const distance = away + (Math.abs(nx) * width + Math.abs(ny) * LINE) / 2;
  const inside = (centre: number, room: number, whole: number) =>
    Math.max(0, Math.min(whole - room, centre - room / 2));
  const x = inside(points[i][0] + nx * distance, width, area.width);
  const y = inside(points[i][1] + ny * distance, LINE, area.height);
  // A text beside a steep curve begins, or ends, at the curve.
  const anchor = side === 0 ? "middle" : nx > 0.5 ? "start" : nx < -0.5 ? "end" : "middle";
  const left = { start: x, middle: x + width / 2, end: x + width }[anchor];
  return { at: [left, y + ASCENT], anchor, box: { x, y, width, height: LINE } };
}

function grown({ x, y, width, height }: Box, by: number): Box {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

function within([x, y]: Point, box: Box): boolean {
  return x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
}

/** Area that two boxes share, px². */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}
