import type { SearchSpace } from "../../core/space";
import type { Point } from "../charts/path";

/** A hand-drawn arrangement of a cell, as shares of the drawing's width and height: nodes never move. */
interface Arrangement {
  readonly nodes: readonly Point[];
  /** For every edge the control point of its curve, and where along it (0..1) its label sits. */
  readonly edges: readonly { readonly bend: Point; readonly label: number }[];
}

const ARRANGEMENTS: Readonly<Record<string, { wide: Arrangement; narrow: Arrangement }>> = {
  nasbench201: {
    wide: {
      nodes: [
        [0.05, 0.5],
        [0.35, 0.17],
        [0.65, 0.6],
        [0.95, 0.34],
      ],
      edges: [
        { bend: [0.17, 0.25], label: 0.5 },
        { bend: [0.34, 0.66], label: 0.5 },
        { bend: [0.51, 0.32], label: 0.5 },
        { bend: [0.5, 1.3], label: 0.5 },
        { bend: [0.68, 0.02], label: 0.52 },
        { bend: [0.83, 0.55], label: 0.45 },
      ],
    },
    narrow: {
      nodes: [
        [0.08, 0.46],
        [0.36, 0.13],
        [0.62, 0.64],
        [0.92, 0.36],
      ],
      edges: [
        { bend: [0.12, 0.2], label: 0.5 },
        { bend: [0.3, 0.68], label: 0.48 },
        { bend: [0.52, 0.32], label: 0.5 },
        { bend: [0.5, 1.32], label: 0.5 },
        { bend: [0.76, 0.0], label: 0.5 },
        { bend: [0.86, 0.62], label: 0.42 },
      ],
    },
  },
};

/** Points along an edge's centre line. */
const SAMPLES = 28;

export interface EdgeCurve {
  readonly points: readonly Point[];
  /** Unit normals at the points, to the left of the direction of travel. */
  readonly normals: readonly Point[];
  readonly label: Point;
}

export interface CellDrawing {
  readonly nodes: readonly Point[];
  readonly edges: readonly EdgeCurve[];
}

/** Where everything of a cell goes in a drawing of this size, px. */
export function layoutCell(space: SearchSpace, width: number, height: number): CellDrawing {
  const { wide, narrow } = ARRANGEMENTS[space.id];
  const arrangement = width < 480 ? narrow : wide;
  const place = ([x, y]: Point): Point => [x * width, y * height];
  const nodes = arrangement.nodes.map(place);
  const edges = space.edges.map(([from, to], i) => {
    const { bend, label } = arrangement.edges[i];
    const curve = quadratic(nodes[from], place(bend), nodes[to]);
    return { ...curve, label: curve.points[Math.round(label * SAMPLES)] };
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
