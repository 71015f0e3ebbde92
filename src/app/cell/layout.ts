import type { SearchSpace } from "../../core/space";
import type { Point } from "../charts/path";
import { type EdgeCurve, quadratic } from "./curve";
import { type Label, placeLabels } from "./labels";

/** A hand-drawn arrangement of a cell, as shares of the drawing's width and height: nodes never move. */
interface Arrangement {
  readonly nodes: readonly Point[];
  /** For every edge the control point of its curve. */
  readonly bends: readonly Point[];
}

const ARRANGEMENTS: Readonly<Record<string, { wide: Arrangement; narrow: Arrangement }>> = {
  nasbench201: {
    wide: {
      nodes: [
        [0.05, 0.46],
        [0.35, 0.2],
        [0.65, 0.62],
        [0.95, 0.38],
      ],
      bends: [
        [0.17, 0.2],
        [0.34, 0.62],
        [0.51, 0.36],
        [0.5, 1.36],
        [0.66, 0.1],
        [0.83, 0.56],
      ],
    },
    narrow: {
      nodes: [
        [0.08, 0.45],
        [0.36, 0.14],
        [0.6, 0.58],
        [0.92, 0.36],
      ],
      bends: [
        [0.13, 0.18],
        [0.3, 0.6],
        [0.5, 0.32],
        [0.5, 1.3],
        [0.74, 0.0],
        [0.82, 0.58],
      ],
    },
  },
};

/** Below this width the drawing takes its narrow arrangement and short labels, px. */
export const NARROW = 480;

/** Radius of a node, px. */
export const NODE_RADIUS = 17;

/** Room of the words below the first and the last node, px. */
const CAPTION = { width: 42, height: 15 };

export interface CellDrawing {
  readonly nodes: readonly Point[];
  readonly edges: readonly EdgeCurve[];
}

/** Where a cell's nodes and edges go in a drawing of this size, px. */
export function layoutCell(space: SearchSpace, width: number, height: number): CellDrawing {
  const { wide, narrow } = ARRANGEMENTS[space.id];
  const arrangement = width < NARROW ? narrow : wide;
  const scaled = ([x, y]: Point): Point => [x * width, y * height];
  const nodes = arrangement.nodes.map(scaled);
  const edges = space.edges.map(([from, to], i) => quadratic(nodes[from], scaled(arrangement.bends[i]), nodes[to]));
  return { nodes, edges };
}

/**
 * Where every edge's label goes.
 * @param bundle thickness of a whole edge, px
 * @param longest width of the longest label, px; all have room for it at any time, so that none moves when its words change
 */
export function layoutLabels(
  { nodes, edges }: CellDrawing,
  width: number,
  height: number,
  bundle: number,
  longest: number,
): Label[] {
  const obstacles = nodes.flatMap(([x, y], node) => {
    const side = 2 * NODE_RADIUS;
    const circle = { x: x - NODE_RADIUS, y: y - NODE_RADIUS, width: side, height: side };
    const captioned = node === 0 || node === nodes.length - 1;
    return captioned ? [circle, { ...CAPTION, x: x - CAPTION.width / 2, y: y + NODE_RADIUS + 3 }] : [circle];
  });
  return placeLabels(edges, obstacles, { width, height }, bundle / 2, longest);
}
