import {
  CELL_OPERATIONS,
  canonicalCode,
  cellOfCode,
  children,
  type GraphCell,
  MAX_VERTICES,
  ones,
} from "./nasbench101";

/**
 * A cell in numbers, for an estimate of its accuracy. They are taken from the canonical form, so isomorphic cells have the same. Chief
 * among them is the path encoding of White, Neiswanger and Savani ("BANANAS", AAAI 2021): how many paths from input to output there
 * are with each sequence of operations.
 */

const KINDS = CELL_OPERATIONS.length;

/** Sequences of operations are numbered by length, then as numbers of base `KINDS`: 0 the empty one, 1 to 3 those of length 1 ... */
const SEQUENCES = (KINDS ** (MAX_VERTICES - 1) - 1) / (KINDS - 1);

function extended(sequence: number, operation: number): number {
  return KINDS * sequence + 1 + operation;
}

/** How many features a cell has. */
export const FEATURES = 6 + 3 + KINDS * 9 + (KINDS + 1) ** 2 + SEQUENCES;

/**
 * The features of a cell, pruned first: `FEATURES` numbers.
 * @throws {InputError} where no path leads from input to output
 */
export function features(given: GraphCell): Float64Array {
  const cell = cellOfCode(canonicalCode(given));
  const { parents, operations } = cell;
  const output = parents.length - 1;
  const inner = operations.map((_, i) => i + 1);
  const kindOf = (vertex: number) => operations[vertex - 1];
  const joins = (from: number, to: number) => (parents[to] >> from) & 1;
  const total = (vertices: readonly number[], value: (vertex: number) => number) =>
    vertices.reduce((sum, vertex) => sum + value(vertex), 0);

  const sequences = pathSequences(cell);
  const depth = pathValues(cell, Math.max, () => 1);
  const height = heights(cell);
  const width = channelShares(cell);
  const projected = inner.filter((vertex) => joins(0, vertex));
  const kinds = CELL_OPERATIONS.map((_, kind) => inner.filter((vertex) => kindOf(vertex) === kind));

  return Float64Array.from([
    inner.length,
    total([...inner, output], (vertex) => ones(parents[vertex])),
    ones(parents[output] >> 1),
    sequences.length,
    depth[output],
    pathValues(cell, Math.min, () => 1)[output],
    // In units of the cell's width: what projections, 3x3 and 1x1 convolutions cost.
    joins(0, output) + total(projected, (vertex) => width[vertex]),
    total(kinds[0], (vertex) => width[vertex] ** 2),
    total(kinds[1], (vertex) => width[vertex] ** 2),
    ...kinds.flatMap((vertices, kind) => {
      const along = (better: (a: number, b: number) => number) =>
        pathValues(cell, better, (vertex) => (kindOf(vertex) === kind ? 1 : 0))[output];
      return [
        vertices.length,
        total(vertices, (vertex) => width[vertex]),
        Math.max(0, ...vertices.map((vertex) => width[vertex])),
        along(Math.max),
        along(Math.min),
        total(vertices, (vertex) => depth[vertex]),
        total(vertices, (vertex) => height[vertex]),
        total(vertices, (vertex) => joins(0, vertex) * joins(vertex, output)),
        total(vertices, (vertex) => joins(vertex, output) * width[vertex]),
      ];
    }),
    // Edges by what they join.
    ...[[0], ...kinds].flatMap((sources) =>
      [...kinds, [output]].map((targets) => total(sources, (from) => total(targets, (to) => joins(from, to)))),
    ),
    ...histogram(sequences),
  ]);
}

/** The sequence of every path from input to output. */
function pathSequences({ parents, operations }: GraphCell): readonly number[] {
  const ending: number[][] = [[0]];
  for (let vertex = 1; vertex < parents.length; vertex++) {
    const arriving = ending.filter((_, from) => (parents[vertex] >> from) & 1).flat();
    const operation = operations[vertex - 1];
    ending.push(operation === undefined ? arriving : arriving.map((sequence) => extended(sequence, operation)));
  }
  return ending[parents.length - 1];
}

function histogram(sequences: readonly number[]): Float64Array {
  const counts = new Float64Array(SEQUENCES);
  for (const sequence of sequences) counts[sequence]++;
  return counts;
}

/** For every vertex the best sum of values along the paths that lead to it, its own included; the output has no value. */
function pathValues(
  { parents }: GraphCell,
  better: (a: number, b: number) => number,
  value: (vertex: number) => number,
): number[] {
  const best = [0];
  for (let vertex = 1; vertex < parents.length; vertex++) {
    const arriving = best.filter((_, from) => (parents[vertex] >> from) & 1);
    best.push(arriving.reduce((a, b) => better(a, b)) + (vertex < parents.length - 1 ? value(vertex) : 0));
  }
  return best;
}

/** For every vertex the edges on the longest path to the output. */
function heights(cell: GraphCell): number[] {
  const next = children(cell);
  const height = next.map(() => 0);
  for (let vertex = next.length - 2; vertex >= 0; vertex--) {
    height[vertex] = 1 + Math.max(...height.filter((_, to) => (next[vertex] >> to) & 1));
  }
  return height;
}

/** Channels of every inner vertex as a share of the cell's, without the odd channel that a division can leave to some. */
function channelShares(cell: GraphCell): number[] {
  const next = children(cell);
  const output = next.length - 1;
  const joined = ones(cell.parents[output] >> 1);
  const share = next.map(() => 0);
  for (let vertex = output - 1; vertex > 0; vertex--) {
    const ends = (next[vertex] >> output) & 1;
    share[vertex] = ends ? 1 / joined : Math.max(...share.filter((_, to) => (next[vertex] >> to) & 1));
  }
  return share;
}
