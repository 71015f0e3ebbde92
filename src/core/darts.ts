import { formatGenotype, parseGenotype } from "./genotype";
import type { Choices, NetworkCost, NetworkSizes, SearchSpace } from "./space";

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

export const DARTS: SearchSpace = {
  id: "darts",
  title: "DARTS",
  rows: ROWS,
  size: ROWS.length * DARTS_OPERATIONS.length,
  nodes: NODES,
  inputs: INPUTS,
  outputs: INNER_NODES,
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

/**
 * Cost of the paper's evaluation network for CIFAR (its code's NetworkCIFAR) without the auxiliary head: a stem of 3C channels, 3N + 2
 * cells of which the N+1st and the 2N+2nd are reduction cells that double the channels, global pooling, a linear classifier. Counts
 * trainable scalars, and multiply-accumulates of convolutions and classifier. The paper prints 3.3 M parameters at N = 6, C = 36.
 * @param choices any choice of every row; two edges a node in an architecture
 */
function cost(choices: Choices, { channels, cells, image, imageChannels, classes }: NetworkSizes): NetworkCost {
  let parameters = 0;
  let flops = 0;
  const add = (weights: number, side: number, extra: number) => {
    parameters += weights + extra;
    flops += weights * side ** 2;
  };
  const stem = 3 * channels;
  add(9 * imageChannels * stem, image, 2 * stem);
  let [beforeLast, last, width, side] = [stem, stem, channels, image];
  for (let cell = 0; cell < 3 * cells + 2; cell++) {
    const reduction = cell === cells || cell === 2 * cells + 1;
    if (reduction) width *= 2;
    // Inputs come to C channels by a convolution of 1 x 1, after a reduction cell by a factorised reduction of as many weights.
    add(beforeLast * width, side, 2 * width);
    add(last * width, side, 2 * width);
    const half = Math.ceil(side / 2);
    const { first, end } = CELL_KINDS[reduction ? 1 : 0];
    for (let row = first; row < end; row++) {
      const stride = reduction && EDGES[row][0] < INPUTS ? 2 : 1;
      const work = operationCost(DARTS_OPERATIONS[choices[row]], width, stride, reduction ? half : side);
      parameters += work.parameters;
      flops += work.flops;
    }
    if (reduction) side = half;
    [beforeLast, last] = [last, INNER_NODES.length * width];
  }
  add(last * classes, 1, classes);
  return { parameters, flops };
}
