import type { Choices, NodeSpace } from "../../core/space";
import { picked } from "../../core/space";
import type { Point } from "../charts/path";
import type { Moment } from "../moment";
import { type EdgeCurve, quadratic } from "./curve";

/** A cell whose nodes hold the operations: where its blocks and their inputs go, and how much there is of each. */

/** A possible edge: candidate `candidate` of row `row`, or an edge that every cell has, of no row. */
export interface InputEdge {
  readonly from: number;
  readonly to: number;
  /** Null where the node has no choice. */
  readonly row: number | null;
  readonly candidate: number;
}

/** All edges that a cell of the space may have, those into the first block first. */
export function inputEdges({ rows, nodes }: NodeSpace): InputEdge[] {
  const edges: InputEdge[] = [];
  for (let to = 1; to < nodes; to++) {
    const row = rows.findIndex(({ kind, node }) => kind === "inputs" && node === to);
    for (let from = 0; from < to; from++) edges.push({ from, to, row: row < 0 ? null : row, candidate: from });
  }
  return edges;
}

/** The row of a block's operation; -1 for the input and the output. */
export function operationRow({ rows }: NodeSpace, node: number): number {
  return rows.findIndex(({ kind, node: own }) => kind === "operation" && own === node);
}

export interface BlockDrawing {
  readonly nodes: readonly Point[];
  /** In the order of `inputEdges`. */
  readonly curves: readonly EdgeCurve[];
}

/** Heights of the nodes from left to right, by their number, as shares: a zigzag, so that long edges find a way between. */
const HEIGHTS: Readonly<Record<number, readonly number[]>> = {
  6: [0.5, 0.18, 0.82, 0.2, 0.84, 0.48],
  7: [0.5, 0.2, 0.8, 0.12, 0.9, 0.54, 0.3],
};
/** How far an edge may be bent to pass the nodes by, as shares of the height, the straightest first. */
const BENDS = [0.06, -0.06, 0.14, -0.14, 0.24, -0.24, 0.36, -0.36, 0.5, -0.5, 0.66, -0.66, 0.84, -0.84];

const layouts = new Map<string, BlockDrawing>();
/** A window that is resized goes through many sizes; a page needs a few at a time. */
const MOST_LAYOUTS = 12;

/**
 * Nodes from left to right; every edge takes the least bend that keeps it clear of the other nodes and within the drawing.
 * @param radius of a node, px
 */
export function layoutBlocks(space: NodeSpace, width: number, height: number, radius: number): BlockDrawing {
  const key = [space.id, width, height, radius].join();
  const known = layouts.get(key);
  if (known) return known;
  const inset = radius + 8;
  const last = space.nodes - 1;
  const nodes = Array.from({ length: space.nodes }, (_, node): Point => {
    const share = HEIGHTS[space.nodes][node];
    return [inset + (node / last) * (width - 2 * inset), inset + share * (height - 2 * inset)];
  });
  const curves = inputEdges(space).map(({ from, to }) => {
    const others = nodes.filter((_, node) => node !== from && node !== to);
    return clearest(nodes[from], nodes[to], others, height, radius);
  });
  const drawing = { nodes, curves };
  if (layouts.size >= MOST_LAYOUTS) layouts.clear();
  layouts.set(key, drawing);
  return drawing;
}

function clearest(a: Point, b: Point, others: readonly Point[], height: number, radius: number): EdgeCurve {
  const middle: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const tried = BENDS.map((bend) => {
    const curve = quadratic(a, [middle[0], middle[1] + bend * height], b);
    let cost = 30 * Math.abs(bend);
    for (const [x, y] of curve.points) {
      cost += 4 * Math.max(0, 3 - y) + 4 * Math.max(0, y - height + 3);
      for (const [nx, ny] of others) cost += Math.max(0, 1.9 * radius - Math.hypot(x - nx, y - ny));
    }
    return { curve, cost };
  });
  return tried.reduce((best, each) => (each.cost < best.cost ? each : best)).curve;
}

/** How much is drawn of a candidate. */
export interface Ink {
  /** Of an edge its width, of an operation its part of the block's ring, 0 to 1. */
  readonly amount: number;
  /** Beyond each side of an edge. */
  readonly haze: number;
  readonly opacity: number;
}

const NOTHING: Ink = { amount: 0, haze: 0, opacity: 1 };
const PICKED: Ink = { amount: 0.62, haze: 0, opacity: 1 };

/** Standard deviations of mixing weights as widths of haze, in whole edges. */
const HAZE = 1.6;

/** Every candidate as probable as it is to be chosen, or by its mixing weight, and as hazy as that is uncertain. */
export function weightedInk({ share, spread, space }: Moment): Ink[] {
  const widest = space.rows.flatMap(({ choices, picks = 1 }) => choices.map(() => picks));
  return Array.from(share, (p, i) => ({
    amount: Math.min(1, p),
    haze: widest[i] > 1 ? HAZE * spread[i] : 0,
    opacity: 1,
  }));
}

/** The chosen candidates alone; with the moment's own cell, the others as faint traces. */
export function chosenInk({ space, share, offsets }: Moment, choices: Choices, traces = false): Ink[] {
  return space.rows.flatMap((row, r) => {
    const set = picked(row, choices[r]);
    const single = set.length === 1;
    return row.choices.map((_, candidate): Ink => {
      if (set.includes(candidate)) return single ? { ...PICKED, amount: 1 } : PICKED;
      if (!traces || single) return NOTHING;
      return { amount: 0.06 + 0.1 * Math.min(1, share[offsets[r] + candidate]), haze: 0, opacity: 0.5 };
    });
  });
}

/** The same ink on its way from one drawing to another. */
export function mixInk(from: readonly Ink[], to: readonly Ink[], share: number): readonly Ink[] {
  if (from.length !== to.length) return to;
  return to.map((end, i) => {
    const mix = (key: keyof Ink) => (1 - share) * from[i][key] + share * end[key];
    return { amount: mix("amount"), haze: mix("haze"), opacity: mix("opacity") };
  });
}
