import type { SearchSpace } from "../../core/space";
import type { Point } from "../charts/path";

/** Where an edge's label goes: beside the point at `along` (0..1) of its curve, by so many px. */
interface LabelPlace {
  readonly along: number;
  readonly dx: number;
  readonly dy: number;
  readonly anchor: "start" | "middle" | "end";
}

/** A hand-drawn arrangement of a cell, as shares of the drawing's width and height: nodes never move. */
interface Arrangement {
  readonly nodes: readonly Point[];
  /** For every edge the control point of its curve, and its label. */
  readonly edges: readonly { readonly bend: Point; readonly label: LabelPlace }[];
}

const place = (along: number, dx: number, dy: number, anchor: LabelPlace["anchor"] = "middle"): LabelPlace => ({
  along,
  dx,
  dy,
  anchor,
});

const ARRANGEMENTS: Readonly<Record<string, { wide: Arrangement; narrow: Arrangement }>> = {
  nasbench201: {
    wide: {
      nodes: [
        [0.05, 0.44],
        [0.35, 0.15],
        [0.65, 0.57],
        [0.95, 0.32],
      ],
      edges: [
        { bend: [0.17, 0.18], label: place(0.5, -16, -16, "end") },
        { bend: [0.34, 0.58], label: place(0.5, 0, 29) },
        { bend: [0.51, 0.32], label: place(0.52, -20, 18, "end") },
        { bend: [0.5, 1.28], label: place(0.5, 0, 29) },
        { bend: [0.66, 0.02], label: place(0.5, 0, 33) },
        { bend: [0.83, 0.5], label: place(0.5, -8, -22, "end") },
      ],
    },
    narrow: {
      nodes: [
        [0.08, 0.45],
        [0.36, 0.14],
        [0.6, 0.58],
        [0.92, 0.36],
      ],
      edges: [
        { bend: [0.13, 0.18], label: place(0.45, -10, -12, "end") },
        { bend: [0.3, 0.6], label: place(0.5, 0, 26) },
        { bend: [0.5, 0.32], label: place(0.55, 14, -10, "start") },
        { bend: [0.5, 1.3], label: place(0.5, 0, 27) },
        { bend: [0.74, 0.0], label: place(0.55, 12, -18, "start") },
        { bend: [0.82, 0.58], label: place(0.5, -12, -18, "end") },
      ],
    },
  },
};

/** Below this width the drawing takes its narrow arrangement and short labels, px. */
export const NARROW = 480;

/** Points along an edge's centre line. */
const SAMPLES = 28;

export interface EdgeCurve {
  readonly points: readonly Point[];
  /** Unit normals at the points, to the left of the direction of travel. */
  readonly normals: readonly Point[];
  readonly label: { readonly at: Point; readonly anchor: LabelPlace["anchor"] };
}

export interface CellDrawing {
  readonly nodes: readonly Point[];
  readonly edges: readonly EdgeCurve[];
}

/** Where everything of a cell goes in a drawing of this size, px. */
export function layoutCell(space: SearchSpace, width: number, height: number): CellDrawing {
  const { wide, narrow } = ARRANGEMENTS[space.id];
  const arrangement = width < NARROW ? narrow : wide;
  const scaled = ([x, y]: Point): Point => [x * width, y * height];
  const nodes = arrangement.nodes.map(scaled);
  const edges = space.edges.map(([from, to], i) => {
    const { bend, label } = arrangement.edges[i];
    const curve = quadratic(nodes[from], scaled(bend), nodes[to]);
    const [x, y] = curve.points[Math.round(label.along * SAMPLES)];
    return {
      ...curve,
      label: { at: [x + label.dx, Math.min(height - 4, y + label.dy)] as const, anchor: label.anchor },
    };
  });
  return { nodes, edges };
}

function quadratic(a: Point, b: Point, c: Point): { points: Point[]; normals: Point[] } {
  const points: Point[] = [];
  const normals: Point[] = [];
  for (let i = 0; i <= SAMPLES; i++) {
    const t = i / SAMPLES;
    const mix = (k: 0 | 1) => (1 - t) ** 2 * a[k] + 2 * t * (1 - t) * b[k] + t ** 2 * c[k];
    const slope = (k: 0 | 1) => 2 * (1 - t) * (b[k] - a[k]) + 2 * t * (c[k] - b[k]);
    const [dx, dy] = [slope(0), slope(1)];
    const length = Math.hypot(dx, dy) || 1;
    points.push([mix(0), mix(1)]);
    normals.push([dy / length, -dx / length]);
  }
  return { points, normals };
}

/** The centre line moved sideways by `offset` px, and bowed by `bow` px more at its middle. */
export function strandPoints({ points, normals }: EdgeCurve, offset: number, bow: number): Point[] {
  return points.map(([x, y], i) => {
    const aside = offset + bow * Math.sin((Math.PI * i) / SAMPLES);
    return [x + aside * normals[i][0], y + aside * normals[i][1]];
  });
}
