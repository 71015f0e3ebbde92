import { formatGenotype, parseGenotype } from "./genotype";
import type { Choices, EdgeSpace, NetworkCost, NetworkSizes } from "./space";

/**
 * The space of DARTS (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019): a normal and a reduction cell,
 * each with two inputs (the outputs of the two cells before), four nodes that sum their incoming edges, and the concatenation of these
 * nodes as its output. Every node may read every node before it, 14 edges a cell, by one of eight operations.
 *
 * An architecture keeps two edges into each node. The choice of an edge that is dropped is `none`; a kept edge never has it.
 */

/** In the order of the paper's code. */
export const DARTS_OPERATIONS = [
  "none",
  "max_pool_3x3",
  "avg_pool_3x3",
  "skip_connect",
  "sep_conv_3x3",
  "sep_conv_5x5",
  "dil_conv_3x3",
  "dil_conv_5x5",
] as const;
const NONE = 0;

const INPUTS = 2;
const NODES = 6;
const KEPT = 2;
const INNER_NODES = [2, 3, 4, 5];

/** Edges of one cell, those into node 2 first. */
const CELL_EDGES = INNER_NODES.flatMap((to) => Array.from({ length: to }, (_, from) => [from, to] as const));
const EDGES = [...CELL_EDGES, ...CELL_EDGES];

const CELL_KINDS = ["normal", "reduce"].map((name, i) => ({
  name,
  first: i * CELL_EDGES.length,
  end: (i + 1) * CELL_EDGES.length,
}));

const ROWS = CELL_KINDS.flatMap(({ name }) =>
  CELL_EDGES.map(([from, to]) => ({ name: `${name}/${to}<-${from}`, choices: DARTS_OPERATIONS })),
);

/** The rows of the edges into every node of both cells. */
const NODE_ROWS = CELL_KINDS.flatMap(({ first, end }) =>
  INNER_NODES.map((node) =>
    ROWS.flatMap((_, row) => (row >= first && row < end && EDGES[row][1] === node ? [row] : [])),
  ),
);

export const DARTS: EdgeSpace = {
  id: "darts",
  title: "DARTS",
  rows: ROWS,
  size: ROWS.length * DARTS_OPERATIONS.length,
  nodes: NODES,
  inputs: INPUTS,
  outputs: INNER_NODES,
  rowsAre: "edges",
  edges: EDGES,
  cellKinds: CELL_KINDS,
  keptEdges: KEPT,
  tabled: false,
  published: { channels: 36, cells: 6, image: 32, imageChannels: 3, classes: 10 },
  searched: { channels: 16, cells: 2, image: 32, imageChannels: 3, classes: 10 },
  discretise,
  format: (choices) => formatGenotype(DARTS, choices),
  parse: (text) => parseGenotype(DARTS, text),
  connected,
  cost,
};

/**
 * Section 2.4 of the paper: an edge is as strong as the largest softmax weight of its operations without `none`; the two strongest
 * edges into every node are kept, of equals the first, each with its strongest operation.
 */
function discretise(preferences: ArrayLike<number>): number[] {
  const choices = new Array<number>(ROWS.length).fill(NONE);
  for (const rows of NODE_ROWS) {
    const best = rows.map((row) => bestOperation(preferences, row));
    const strength = rows.map((row, i) => mixingWeight(preferences, row, best[i]));
    for (let kept = 0; kept < KEPT; kept++) {
      const strongest = strength.indexOf(Math.max(...strength));
      choices[rows[strongest]] = best[strongest];
      strength[strongest] = -1;
    }
  }
  return choices;
}

/** The operation of the largest preference, of equals the first; never `none`. */
function bestOperation(preferences: ArrayLike<number>, row: number): number {
  const offset = row * DARTS_OPERATIONS.length;
  let best = NONE + 1;
  for (let choice = best + 1; choice < DARTS_OPERATIONS.length; choice++) {
    if (preferences[offset + choice] > preferences[offset + best]) best = choice;
  }
  return best;
}

/** Softmax weight of one operation, `none` counted in. */
function mixingWeight(preferences: ArrayLike<number>, row: number, choice: number): number {
  const offset = row * DARTS_OPERATIONS.length;
  let total = 0;
  for (let i = offset; i < offset + DARTS_OPERATIONS.length; i++)
    total += Math.exp(preferences[i] - preferences[offset + choice]);
  return 1 / total;
}

/** Every architecture that `discretise` or `parse` gives is: a kept edge always leads back to an input. */
function connected(choices: Choices): boolean {
  return CELL_KINDS.every(({ first, end }) => {
    const reached = [true, true];
    for (let row = first; row < end; row++) {
      const [from, to] = EDGES[row];
      reached[to] ||= reached[from] && choices[row] !== NONE;
    }
    return INNER_NODES.some((node) => reached[node]);
  });
}

/**
 * Weights and multiply-accumulates of an operation of C channels with affine batch norm. The evaluation network's pools have no batch
 * norm, and the identity of stride 2 is a factorised reduction.
 */
function operationCost(operation: string, channels: number, stride: number, side: number): NetworkCost {
  const norm = 2 * channels;
  const separable = (kernel: number) => kernel ** 2 * channels + channels ** 2;
  const kernel = operation.endsWith("5x5") ? 5 : 3;
  const weights = operation.startsWith("sep_conv")
    ? 2 * separable(kernel)
    : operation.startsWith("dil_conv")
      ? separable(kernel)
      : operation === "skip_connect" && stride === 2
        ? channels ** 2
        : 0;
  const norms = operation.startsWith("sep_conv") ? 2 : weights > 0 ? 1 : 0;
  return { parameters: weights + norms * norm, flops: weights * side ** 2 };
}

/** Channels of the stem's output over those of the first cell's nodes. */
export const STEM_MULTIPLIER = 3;

/** A cell's place in a network. */
export interface PlacedCell {
  readonly isReduction: boolean;
  /** Channels of a node. */
  readonly channels: number;
  /** Channels of the outputs that it reads, the earlier one first. */
  readonly inputs: readonly [number, number];
  /** Whether the earlier input has twice the side of the later one: the cell in between is a reduction. */
  readonly halvesFirst: boolean;
}

/**
 * All cells of a network: N normal ones, a reduction, N normal ones, a reduction, N normal ones. N = 2 gives the eight of the paper's
 * search, N = 6 the twenty of its evaluation, with reductions at a third and at two thirds. A reduction has twice the channels and half
 * the side.
 */
export function placedCells({
  channels: first,
  cells: normal,
}: Pick<NetworkSizes, "channels" | "cells">): PlacedCell[] {
  const cells: PlacedCell[] = [];
  let channels = first;
  let inputs: [number, number] = [STEM_MULTIPLIER * channels, STEM_MULTIPLIER * channels];
  for (let i = 0; i < 3 * normal + 2; i++) {
    const isReduction = i === normal || i === 2 * normal + 1;
    if (isReduction) channels *= 2;
    cells.push({ isReduction, channels, inputs, halvesFirst: cells[i - 1]?.isReduction ?? false });
    inputs = [inputs[1], INNER_NODES.length * channels];
  }
  return cells;
}

/**
 * Cost of the paper's evaluation network for CIFAR (its code's NetworkCIFAR) without the auxiliary head: a stem of 3C channels, the
 * cells, global pooling, a linear classifier. Counts trainable scalars, and multiply-accumulates of convolutions and classifier. The paper prints 3.3 M parameters at N = 6, C = 36.
 * @param choices any choice of every row; two edges a node in an architecture
 */
function cost(choices: Choices, sizes: NetworkSizes): NetworkCost {
  const { channels, image, imageChannels, classes } = sizes;
  let parameters = 0;
  let flops = 0;
  const add = (weights: number, side: number, extra: number) => {
    parameters += weights + extra;
    flops += weights * side ** 2;
  };
  const stem = STEM_MULTIPLIER * channels;
  add(9 * imageChannels * stem, image, 2 * stem);
  let [width, side] = [stem, image];
  for (const { isReduction, channels: own, inputs } of placedCells(sizes)) {
    // Inputs come to C channels by a convolution of 1 x 1, after a reduction cell by a factorised reduction of as many weights.
    for (const input of inputs) add(input * own, side, 2 * own);
    if (isReduction) side = Math.ceil(side / 2);
    const { first, end } = CELL_KINDS[isReduction ? 1 : 0];
    for (let row = first; row < end; row++) {
      const stride = isReduction && EDGES[row][0] < INPUTS ? 2 : 1;
      const work = operationCost(DARTS_OPERATIONS[choices[row]], own, stride, side);
      parameters += work.parameters;
      flops += work.flops;
    }
    width = INNER_NODES.length * own;
  }
  add(width * classes, 1, classes);
  return { parameters, flops };
}
