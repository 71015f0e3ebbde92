import { edgesOf, type SearchSpace } from "../../core/space";
import type { Point } from "../charts/path";
import { type EdgeCurve, quadratic } from "./curve";
import { type Label, placeLabels } from "./labels";

/** A hand-drawn arrangement of a cell, as shares of the drawing's width and height: nodes never move. */
interface Arrangement {
  /** Room on the left and on the right that the shares leave out, px. */
  readonly inset?: number;
  readonly nodes: readonly Point[];
  /** For every edge of a cell the control point of its curve. */
  readonly bends: readonly Point[];
  /** Where nodes are concatenated: where their lines meet, and the control point of each. */
  readonly output?: { readonly at: Point; readonly bends: readonly Point[] };
}

/** Inputs on the left, nodes from left to right, their concatenation on the right. */
const DARTS: Arrangement = {
  inset: 26,
  nodes: [
    [0, 0.2],
    [0, 0.74],
    [0.21, 0.49],
    [0.43, 0.25],
    [0.63, 0.7],
    [0.83, 0.38],
  ],
  bends: [
    [0.12, 0.24],
    [0.12, 0.74],
    [0.21, 0.05],
    [0.39, 0.64],
    [0.28, 0.28],
    [0.4, 0.36],
    [0.31, 0.98],
    [0.4, 0.76],
    [0.57, 0.4],
    [0.45, -0.06],
    [0.67, 1.2],
    [0.53, 0.5],
    [0.65, 0.14],
    [0.79, 0.64],
  ],
  output: {
    at: [1, 0.5],
    bends: [
      [0.63, 0.6],
      [0.83, 0.08],
      [0.88, 0.82],
      [0.92, 0.44],
    ],
  },
};

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
  darts: { wide: DARTS, narrow: DARTS },
};

/** Below this width the drawing takes its narrow arrangement and short labels, px. */
export const NARROW = 480;

/** Above so many edges a cell has thinner bundles, and short labels on their curves. */
export const FEW_EDGES = 6;

/** Radius of a node, px. */
export const NODE_RADIUS = 17;

/** Room of the words below the first and the last node, px. */
const CAPTION = { width: 42, height: 15 };

export interface CellDrawing {
  readonly nodes: readonly Point[];
  /** For every row; all kinds of cell are arranged alike. */
  readonly edges: readonly EdgeCurve[];
  /** Where the output nodes are concatenated, and a line from each; null where one node is the output. */
  readonly output: { readonly at: Point; readonly lines: readonly EdgeCurve[] } | null;
}

/** Where a cell's nodes and edges go in a drawing of this size, px. */
export function layoutCell(space: SearchSpace, width: number, height: number): CellDrawing {
  const { wide, narrow } = ARRANGEMENTS[space.id];
  const arrangement = width < NARROW ? narrow : wide;
  const { inset = 0 } = arrangement;
  const scaled = ([x, y]: Point): Point => [inset + x * (width - 2 * inset), y * height];
  const nodes = arrangement.nodes.map(scaled);
  const { bends, output } = arrangement;
  const edges = edgesOf(space).map(([from, to], row) =>
    quadratic(nodes[from], scaled(bends[row % bends.length]), nodes[to]),
  );
  const at = output && scaled(output.at);
  const lines = space.outputs.map((node, i) => at && quadratic(nodes[node], scaled(output.bends[i]), at));
  return { nodes, edges, output: at ? { at, lines: lines.filter((line) => line !== undefined) } : null };
}

/** How far outwards the words stand where the only input and output are: a long edge passes below their nodes, px. */
const CAPTION_SHIFT = 10;

/** Middle of the words below a node. */
export function captionX({ inputs, outputs }: SearchSpace, node: number, x: number): number {
  if (inputs > 1 || outputs.length > 1) return x;
  return node < inputs ? x - CAPTION_SHIFT : x + CAPTION_SHIFT;
}

/** Words below the inputs and, where it is a node, the output; null for a node between. */
export function captionOf({ inputs, outputs }: SearchSpace, node: number): string | null {
  if (node < inputs) return inputs === 1 ? "input" : `cell k−${inputs - node}`;
  return outputs.length === 1 && node === outputs[0] ? "output" : null;
}

/**
 * Where every edge's label goes.
 * @param space one kind of its cells; all are arranged alike
 * @param bundle thickness of a whole edge, px
 * @param longest width of the longest label, px; all have room for it at any time, so that none moves when its words change
 */
export function layoutLabels(
  space: SearchSpace,
  { nodes, edges, output }: CellDrawing,
  width: number,
  height: number,
  bundle: number,
  longest: number,
): Label[] {
  const obstacles = nodes.flatMap(([x, y], node) => {
    const side = 2 * NODE_RADIUS;
    const circle = { x: x - NODE_RADIUS, y: y - NODE_RADIUS, width: side, height: side };
    const captioned = captionOf(space, node) !== null;
    return captioned
      ? [circle, { ...CAPTION, x: captionX(space, node, x) - CAPTION.width / 2, y: y + NODE_RADIUS + 3 }]
      : [circle];
  });
  if (output) {
    const side = 2 * NODE_RADIUS;
    obstacles.push({ x: output.at[0] - NODE_RADIUS, y: output.at[1] - NODE_RADIUS, width: side, height: side });
  }
  const [{ end }] = space.cellKinds;
  const reach = end > FEW_EDGES ? null : bundle / 2;
  const labels = placeLabels(edges.slice(0, end), obstacles, { width, height }, reach, longest);
  return edges.map((_, row) => labels[row % end]);
}
