import { InputError } from "./errors";
import { argmaxRows, type Choices, type EdgeSpace, type NetworkCost, type NetworkSizes } from "./space";
import { nearest } from "./text";

/**
 * NAS-Bench-201 (Dong and Yang, ICLR 2020): a cell of four nodes, an operation on each of its six edges, a sum at each node.
 * 5^6 = 15,625 cells, 6,466 up to isomorphism.
 */

/** In the benchmark's index order. */
export const OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Source and target of every edge, in the order of the cell's string. */
const EDGES = [
  [0, 1],
  [0, 2],
  [1, 2],
  [0, 3],
  [1, 3],
  [2, 3],
] as const;

const NODES = 4;

/** Number of cells in the space. */
export const CELLS = OPERATIONS.length ** EDGES.length;

const ROWS = EDGES.map(([from, to]) => ({ name: `${to}<-${from}`, choices: OPERATIONS }));

/** Edges into a node, with their row. */
function incoming(node: number): { row: number; from: number }[] {
  return EDGES.flatMap(([from, to], row) => (to === node ? [{ row, from }] : []));
}

const INNER_NODES = [1, 2, 3].map(incoming);

/** As the benchmark trains every cell. */
const SIZES: NetworkSizes = { channels: 16, cells: 5, image: 32, imageChannels: 3, classes: 10 };

export const NAS_BENCH_201: EdgeSpace = {
  id: "nasbench201",
  title: "NAS-Bench-201",
  rows: ROWS,
  size: ROWS.length * OPERATIONS.length,
  nodes: NODES,
  inputs: 1,
  outputs: [NODES - 1],
  rowsAre: "edges",
  edges: EDGES,
  cellKinds: [{ name: "cell", first: 0, end: ROWS.length }],
  keptEdges: null,
  tabled: true,
  published: SIZES,
  searched: SIZES,
  discretise: (preferences) => argmaxRows(ROWS, preferences),
  format,
  parse,
  connected,
  cost,
};

/** `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, the benchmark's notation. */
function format(choices: Choices): string {
  return INNER_NODES.map((edges) =>
    edges
      .map(({ row, from }) => `|${OPERATIONS[choices[row]]}~${from}`)
      .join("")
      .concat("|"),
  ).join("+");
}

function parse(text: string): number[] {
  const example = format([3, 3, 3, 3, 3, 3]);
  const groups = text.trim().split("+");
  if (groups.length !== INNER_NODES.length) {
    throw new InputError(
      `the architecture has ${groups.length} node${groups.length === 1 ? "" : "s"} joined by "+", a NAS-Bench-201 cell has 3; expected for example ${example}`,
    );
  }
  const choices: number[] = [];
  for (const [i, edges] of INNER_NODES.entries()) {
    const group = groups[i];
    const parts = group.split("|");
    if (parts.length !== edges.length + 2 || parts[0] !== "" || parts[parts.length - 1] !== "") {
      throw new InputError(
        `node ${i + 1} of the architecture reads "${group}", expected ${edges.length} edge${edges.length === 1 ? "" : "s"} such as ${example.split("+")[i]}`,
      );
    }
    for (const [j, { from }] of edges.entries()) {
      const [name, source, ...rest] = parts[j + 1].split("~");
      if (source !== String(from) || rest.length > 0) {
        throw new InputError(
          `edge ${j + 1} of node ${i + 1} reads "${parts[j + 1]}", expected it to come from node ${from}, as in "${name || OPERATIONS[3]}~${from}"`,
        );
      }
      const operation = OPERATIONS.indexOf(name as Operation);
      if (operation < 0) {
        throw new InputError(
          `unknown operation "${name}" on the edge from node ${from} to node ${i + 1}, expected one of ${OPERATIONS.join(", ")}; the nearest is ${nearest(name, OPERATIONS)}`,
        );
      }
      choices.push(operation);
    }
  }
  return choices;
}

function connected(choices: Choices): boolean {
  const reached = [true];
  for (const [i, edges] of INNER_NODES.entries()) {
    reached[i + 1] = edges.some(({ row, from }) => reached[from] && OPERATIONS[choices[row]] !== "none");
  }
  return reached[NODES - 1];
}

/** Multiply-accumulates of one weight of a convolution, and its bias-free parameters, in the discrete network with affine batch norm. */
function convolution(side: number, from: number, to: number, image: number): NetworkCost {
  const weights = side * side * from * to;
  return { parameters: weights, flops: weights * image * image };
}

/** Counted as the benchmark counts: trainable scalars; multiply-accumulates of convolutions and classifier, and the classifier's bias. */
function cost(choices: Choices, { channels, cells, image, imageChannels, classes }: NetworkSizes): NetworkCost {
  let parameters = 0;
  let flops = 0;
  const add = (part: NetworkCost, normed: number) => {
    parameters += part.parameters + 2 * normed;
    flops += part.flops;
  };
  add(convolution(3, imageChannels, channels, image), channels);
  for (let stage = 0, side = image; stage < 3; stage++) {
    const width = channels * 2 ** stage;
    if (stage > 0) {
      side = Math.ceil(side / 2);
      add(convolution(3, width / 2, width, side), width);
      add(convolution(3, width, width, side), width);
      add(convolution(1, width / 2, width, side), 0);
    }
    for (const choice of choices) {
      const operation = OPERATIONS[choice];
      if (operation !== "nor_conv_1x1" && operation !== "nor_conv_3x3") continue;
      const { parameters: each, flops: work } = convolution(operation === "nor_conv_1x1" ? 1 : 3, width, width, side);
      add({ parameters: cells * (each + 2 * width), flops: cells * work }, 0);
    }
  }
  const width = 4 * channels;
  const classifier = width * classes + classes;
  add({ parameters: classifier, flops: classifier }, width);
  return { parameters, flops };
}

/** A cell's place when all are counted through, row 0 fastest: 0..15624. Not the benchmark's own index. */
export function cellCode(choices: Choices): number {
  return choices.reduce((code, choice, row) => code + choice * OPERATIONS.length ** row, 0);
}

/** The cell at a place of `cellCode`. */
export function cellOfCode(code: number): number[] {
  return ROWS.map((_, row) => Math.floor(code / OPERATIONS.length ** row) % OPERATIONS.length);
}

/**
 * A name that two cells share exactly when they compute the same function up to the order of sums: `none` annihilates, `skip_connect`
 * is its source, sums are unordered. Gives the benchmark's 6,466 classes.
 */
export function isomorphismKey(choices: Choices): string {
  const names = ["0"];
  for (const [i, edges] of INNER_NODES.entries()) {
    const terms = edges.map(({ row, from }) => {
      const operation = OPERATIONS[choices[row]];
      if (operation === "none" || names[from] === "#") return "#";
      return operation === "skip_connect" ? names[from] : `(${names[from]})@${operation}`;
    });
    names[i + 1] = terms.sort().join("+");
  }
  return names[NODES - 1];
}
