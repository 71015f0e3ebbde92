import { InputError } from "./errors";
import type { NetworkCost, NetworkSizes } from "./space";

/**
 * NAS-Bench-101 (Ying et al., ICML 2019): a cell is a directed acyclic graph of at most 7 vertices and 9 edges, an operation on each
 * vertex between the input and the output. 423,624 cells up to isomorphism.
 */

/** In the benchmark's index order. */
export const CELL_OPERATIONS = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"] as const;
export type CellOperation = (typeof CELL_OPERATIONS)[number];

export const MAX_VERTICES = 7;
export const MAX_EDGES = 9;

/** A cell. Vertex 0 is the input, the last the output; edges lead from lower to higher vertices only. */
export interface GraphCell {
  /** For every vertex the vertices with an edge to it, as a set of bits: bit 0 the input. The input's own is 0. */
  readonly parents: readonly number[];
  /** Indices into `CELL_OPERATIONS`, for the vertices between input and output. */
  readonly operations: readonly number[];
}

/** Stacks of the network; each but the first opens with a max-pool of stride 2, and has twice the channels of the one before. */
export const STACKS = 3;

/** What the benchmark trained: C=128, three cells a stack. */
export const PUBLISHED_SIZES: NetworkSizes = { channels: 128, cells: 3, image: 32, imageChannels: 3, classes: 10 };

/**
 * A cell from the benchmark's notation.
 * @param matrix square, 0 or 1, zero on and below the diagonal; row the source, column the target
 * @param operations the names of all vertices but the first and the last
 * @throws {InputError} where that is no cell of at most 7 vertices
 */
export function cellOfMatrix(matrix: readonly (readonly number[])[], operations: readonly CellOperation[]): GraphCell {
  const vertices = matrix.length;
  if (vertices < 2 || vertices > MAX_VERTICES) {
    throw new InputError(`a NAS-Bench-101 cell has 2 to ${MAX_VERTICES} vertices, this matrix has ${vertices} rows`);
  }
  if (operations.length !== vertices - 2) {
    throw new InputError(
      `${vertices} vertices need ${vertices - 2} operations between input and output, got ${operations.length}`,
    );
  }
  const wrong = matrix.findIndex(
    (row, from) => row.length !== vertices || row.some((bit, to) => bit !== 0 && (bit !== 1 || to <= from)),
  );
  if (wrong >= 0) {
    throw new InputError(
      `row ${wrong} of the matrix is [${matrix[wrong]}], expected ${vertices} numbers, 0 or 1, and 0 up to the diagonal`,
    );
  }
  return {
    parents: matrix.map((_, to) => matrix.reduce((set, row, from) => set | (row[to] << from), 0)),
    operations: operations.map((name) => {
      const operation = CELL_OPERATIONS.indexOf(name);
      if (operation >= 0) return operation;
      throw new InputError(`unknown operation "${name}", expected one of ${CELL_OPERATIONS.join(", ")}`);
    }),
  };
}

/** The adjacency matrix as the benchmark is queried with: 0 or 1, row the source, column the target. */
export function matrixOfCell({ parents }: GraphCell): number[][] {
  return parents.map((_, from) => parents.map((set) => (set >> from) & 1));
}

/** A cell as the benchmark is asked for it: adjacency matrix, and the operation of every vertex with the input and the output. */
export function queryOf(cell: GraphCell): { readonly matrix: number[][]; readonly operations: string[] } {
  const operations = cell.operations.map((operation) => CELL_OPERATIONS[operation]);
  return { matrix: matrixOfCell(cell), operations: ["input", ...operations, "output"] };
}

/** Number of edges. */
export function edgeCount({ parents }: GraphCell): number {
  return parents.reduce((sum, set) => sum + ones(set), 0);
}

/** Elements of a set of bits. */
export function ones(set: number): number {
  let count = 0;
  for (let rest = set; rest > 0; rest &= rest - 1) count++;
  return count;
}

/** For every vertex the vertices that it has an edge to, as a set of bits. */
export function children({ parents }: GraphCell): number[] {
  return parents.map((_, from) => parents.reduce((set, sources, to) => set | (((sources >> from) & 1) << to), 0));
}

/**
 * The cell without the vertices that lie on no path from input to output, as the benchmark prunes it before training; the others keep
 * their order. Undefined where there is no such path.
 */
export function prune(cell: GraphCell): GraphCell | undefined {
  const { parents } = cell;
  const last = parents.length - 1;
  let fromInput = 1;
  for (let vertex = 1; vertex <= last; vertex++) if (parents[vertex] & fromInput) fromInput |= 1 << vertex;
  let toOutput = 1 << last;
  for (let vertex = last; vertex > 0; vertex--) if ((toOutput >> vertex) & 1) toOutput |= parents[vertex];
  const kept = parents.map((_, vertex) => vertex).filter((vertex) => ((fromInput & toOutput) >> vertex) & 1);
  if (kept[0] !== 0 || kept[kept.length - 1] !== last || last === 0) return undefined;
  return {
    parents: kept.map((to) => kept.reduce((set, from, place) => set | (((parents[to] >> from) & 1) << place), 0)),
    operations: kept.slice(1, -1).map((vertex) => cell.operations[vertex - 1]),
  };
}

/** Numbers of ways to label the inner vertices of the largest cell, and bits of its adjacency. */
const LABELLINGS = CELL_OPERATIONS.length ** (MAX_VERTICES - 2);
const ADJACENCIES = 2 ** ((MAX_VERTICES * (MAX_VERTICES - 1)) / 2);

/**
 * A number, below 2^32, that two cells share exactly when they are isomorphic once pruned: what the benchmark's own graph hash stands
 * for, but without its chance of collisions. It spells the cell with its inner vertices in the topological order that makes their
 * descriptions (operation, edge to the output, earlier vertices with an edge to it) least one after the other.
 * @throws {InputError} where no path leads from input to output
 */
export function canonicalCode(cell: GraphCell): number {
  const pruned = prune(cell);
  if (!pruned) throw new InputError("no path leads from the cell's input to its output: connect them");
  const steps = leastTail(pruned, [0]);
  const vertices = pruned.parents.length;
  let labels = 0;
  let bits = 0;
  let output = pruned.parents[vertices - 1] & 1;
  for (const [i, step] of steps.entries()) {
    const { operation, parents, last } = readStep(step);
    labels = labels * CELL_OPERATIONS.length + operation;
    bits += parents * 2 ** columnStart(i + 1);
    output |= last << (i + 1);
  }
  bits += output * 2 ** columnStart(vertices - 1);
  return ((vertices - 2) * LABELLINGS + labels) * ADJACENCIES + bits;
}

/** The cell that a `canonicalCode` spells. */
export function cellOfCode(code: number): GraphCell {
  const bits = code % ADJACENCIES;
  const rest = Math.floor(code / ADJACENCIES);
  const inner = Math.floor(rest / LABELLINGS);
  return {
    parents: Array.from({ length: inner + 2 }, (_, vertex) => (bits >> columnStart(vertex)) & ((1 << vertex) - 1)),
    operations: Array.from(
      { length: inner },
      (_, i) => Math.floor((rest % LABELLINGS) / CELL_OPERATIONS.length ** (inner - 1 - i)) % CELL_OPERATIONS.length,
    ),
  };
}

/** Place of a vertex's column in the bits of an upper triangle that is written column by column. */
function columnStart(vertex: number): number {
  return (vertex * (vertex - 1)) / 2;
}

/** Description of one vertex in an order of all: larger than another exactly if it comes later. */
function writeStep(operation: number, last: number, parents: number): number {
  return ((operation << 1) | last) * 2 ** MAX_VERTICES + parents;
}

function readStep(step: number): { operation: number; last: number; parents: number } {
  const head = step >> MAX_VERTICES;
  return { operation: head >> 1, last: head & 1, parents: step & (2 ** MAX_VERTICES - 1) };
}

/** The least descriptions of the vertices that remain once `order` is placed. Equals are tried one and all. */
function leastTail({ parents, operations }: GraphCell, order: readonly number[]): number[] {
  const output = parents.length - 1;
  if (order.length === output) return [];
  let least = Number.POSITIVE_INFINITY;
  let equals: number[] = [];
  for (let vertex = 1; vertex < output; vertex++) {
    if (order.includes(vertex)) continue;
    const known = order.reduce((set, placed, place) => set | (((parents[vertex] >> placed) & 1) << place), 0);
    if (ones(known) < ones(parents[vertex])) continue;
    const step = writeStep(operations[vertex - 1], (parents[output] >> vertex) & 1, known);
    if (step < least) equals = [];
    if (step <= least) equals.push(vertex);
    least = Math.min(least, step);
  }
  const tails = equals.map((vertex) => leastTail({ parents, operations }, [...order, vertex]));
  return [least, ...tails.reduce((best, tail) => (before(tail, best) ? tail : best))];
}

/** Is one sequence before another of the same length in lexicographic order? */
function before(a: readonly number[], b: readonly number[]): boolean {
  const differs = a.findIndex((value, i) => value !== b[i]);
  return differs >= 0 && a[differs] < b[differs];
}

/**
 * Channels of every vertex of a pruned cell: the output's are shared equally among the vertices that it concatenates, the first of
 * them taking one more where that leaves a remainder; the others have as many as the widest vertex they lead to.
 * @param from channels of the cell's input
 * @param to of its output
 */
export function vertexChannels({ parents }: GraphCell, from: number, to: number): number[] {
  const output = parents.length - 1;
  const channels = parents.map(() => 0);
  channels[0] = from;
  channels[output] = to;
  const joined = ones(parents[output] >> 1);
  let remainder = joined > 0 ? to % joined : 0;
  for (let vertex = output - 1; vertex > 0; vertex--) {
    if ((parents[output] >> vertex) & 1) channels[vertex] = Math.floor(to / joined);
  }
  for (let vertex = 1; remainder > 0; vertex++) {
    if ((parents[output] >> vertex) & 1) {
      channels[vertex]++;
      remainder--;
    }
  }
  for (let vertex = output - 1; vertex > 0; vertex--) {
    if ((parents[output] >> vertex) & 1) continue;
    for (let target = vertex + 1; target < output; target++) {
      if ((parents[target] >> vertex) & 1) channels[vertex] = Math.max(channels[vertex], channels[target]);
    }
  }
  return channels;
}

/**
 * Cost of the benchmark's network of a cell, which is pruned first. Parameters are the benchmark's "trainable parameters"; the
 * multiply-accumulates, which it does not publish, are those of convolutions and classifier, and the classifier's bias.
 * @throws {InputError} where no path leads from input to output
 */
export function networkCost(
  cell: GraphCell,
  { channels, cells, image, imageChannels, classes }: NetworkSizes,
): NetworkCost {
  const pruned = prune(cell);
  if (!pruned) throw new InputError("no path leads from the cell's input to its output: connect them");
  const { parents, operations } = pruned;
  const output = parents.length - 1;
  let parameters = 0;
  let flops = 0;
  let side = image;
  const convolution = (kernel: number, from: number, to: number) => {
    const weights = kernel * kernel * from * to;
    parameters += weights + 2 * to;
    flops += weights * side * side;
  };
  convolution(3, imageChannels, channels);
  let from = channels;
  for (let stack = 0; stack < STACKS; stack++) {
    const to = channels * 2 ** stack;
    if (stack > 0) side = Math.ceil(side / 2);
    for (let i = 0; i < cells; i++) {
      const width = vertexChannels(pruned, from, to);
      for (let vertex = 1; vertex <= output; vertex++) {
        // What comes from the cell's input is projected.
        if (parents[vertex] & 1) convolution(1, from, width[vertex]);
        const operation = CELL_OPERATIONS[operations[vertex - 1]];
        if (operation === "conv3x3-bn-relu") convolution(3, width[vertex], width[vertex]);
        if (operation === "conv1x1-bn-relu") convolution(1, width[vertex], width[vertex]);
      }
      from = to;
    }
  }
  const classifier = from * classes + classes;
  return { parameters: parameters + classifier, flops: flops + classifier };
}
