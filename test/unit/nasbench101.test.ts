import { describe, expect, test } from "vitest";
import {
  CELL_OPERATIONS,
  type CellOperation,
  canonicalCode,
  cellOfCode,
  cellOfMatrix,
  edgeCount,
  type GraphCell,
  MAX_EDGES,
  matrixOfCell,
  networkCost,
  PUBLISHED_SIZES,
  prune,
} from "../../src/core/nasbench101";
import { RandomStream } from "../../src/core/random";

const [CONV3, CONV1, POOL] = CELL_OPERATIONS;

/** Any upper triangle over `vertices`, written column by column as the benchmark's generator does. */
function cellOfBits(bits: number, operations: readonly number[]): GraphCell {
  const vertices = operations.length + 2;
  const column = (vertex: number) => (bits >> ((vertex * (vertex - 1)) / 2)) & ((1 << vertex) - 1);
  return { parents: Array.from({ length: vertices }, (_, vertex) => column(vertex)), operations };
}

function* labellings(count: number): Generator<number[]> {
  for (let code = 0; code < 3 ** count; code++) {
    yield Array.from({ length: count }, (_, i) => Math.floor(code / 3 ** i) % 3);
  }
}

/** All cells of exactly so many vertices that pruning leaves alone. */
function* fullCells(vertices: number): Generator<GraphCell> {
  for (let bits = 0; bits < 2 ** ((vertices * (vertices - 1)) / 2); bits++) {
    const bare = cellOfBits(bits, new Array<number>(vertices - 2).fill(0));
    if (edgeCount(bare) > MAX_EDGES || prune(bare)?.parents.length !== vertices) continue;
    for (const operations of labellings(vertices - 2)) yield { ...bare, operations };
  }
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((each) => each !== item)).map((rest) => [item, ...rest]));
}

/** The least spelling over all orders of the inner vertices, topological or not: the definition of isomorphism. */
function bruteForceName(cell: GraphCell): string {
  const matrix = matrixOfCell(cell);
  const last = matrix.length - 1;
  const inner = matrix.map((_, vertex) => vertex).slice(1, -1);
  const names = permutations(inner).map((order) => {
    const all = [0, ...order, last];
    return `${all.map((from) => all.map((to) => matrix[from][to]).join("")).join()} ${order.map((v) => cell.operations[v - 1])}`;
  });
  return names.sort()[0];
}

describe("isomorphism", () => {
  test("up to 5 vertices, two cells share a code exactly when some permutation makes them equal", () => {
    for (const vertices of [2, 3, 4, 5]) {
      const codeOf = new Map<string, number>();
      const nameOf = new Map<number, string>();
      for (const cell of fullCells(vertices)) {
        const name = bruteForceName(cell);
        const code = canonicalCode(cell);
        expect(codeOf.get(name) ?? code).toBe(code);
        expect(nameOf.get(code) ?? name).toBe(name);
        codeOf.set(name, code);
        nameOf.set(code, name);
      }
    }
  });

  test("the space has as many cells of 2 to 6 vertices as the benchmark", () => {
    // With the 359,082 of 7 vertices, which take longer to count, the 423,624 of the paper.
    const counts = [2, 3, 4, 5, 6].map((vertices) => {
      const codes = new Set<number>();
      for (const cell of fullCells(vertices)) codes.add(canonicalCode(cell));
      return codes.size;
    });
    expect(counts).toEqual([1, 6, 84, 2441, 62010]);
    expect(counts.reduce((sum, count) => sum + count, 359_082)).toBe(423_624);
  });

  test("a cell of 7 vertices has one code in every order of its vertices, and the code spells the cell", () => {
    const random = new RandomStream(1, "cells");
    let cells = 0;
    while (cells < 300) {
      const operations = Array.from({ length: 5 }, () => random.integer(3));
      const cell = prune(cellOfBits(random.integer(2 ** 21), operations));
      if (!cell) continue;
      cells++;
      const code = canonicalCode(cell);
      const last = cell.parents.length - 1;
      const matrix = matrixOfCell(cell);
      for (const inner of permutations(cell.operations.map((_, i) => i + 1)).slice(0, 40)) {
        const order = [0, ...inner, last];
        const moved = order.map((from) => order.map((to) => matrix[from][to]));
        if (moved.some((row, from) => row.some((bit, to) => bit === 1 && to <= from))) continue;
        const names = inner.map((vertex) => CELL_OPERATIONS[cell.operations[vertex - 1]]);
        expect(canonicalCode(cellOfMatrix(moved, names))).toBe(code);
      }
      expect(canonicalCode(cellOfCode(code))).toBe(code);
      expect(bruteForceName(cellOfCode(code))).toBe(bruteForceName(cell));
    }
  });
});

describe("pruning", () => {
  test("leaves out what lies on no path from input to output", () => {
    // 0-1-4, while 2 leads nowhere and nothing leads to 3.
    const cell = cellOfMatrix(
      [
        [0, 1, 1, 0, 0],
        [0, 0, 1, 0, 1],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
      ],
      [POOL, CONV3, CONV1],
    );
    const pruned = prune(cell);
    expect(pruned).toEqual(cellOfMatrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [POOL])); // biome-ignore format: a matrix
  });

  test("finds no cell where input and output are apart", () => {
    const apart = cellOfMatrix([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [POOL]); // biome-ignore format: a matrix
    expect(prune(apart)).toBeUndefined();
    expect(() => canonicalCode(apart)).toThrow(/connect/);
    expect(() => networkCost(apart, PUBLISHED_SIZES)).toThrow(/connect/);
  });
});

/** From the table: upper triangle row by row, operations by index, trainable parameters. */
const PUBLISHED: readonly [triangle: string, operations: string, parameters: number][] = [
  ["1", "", 882570],
  ["111", "1", 2793866],
  ["100110100001001010101", "02001", 8555530],
  ["100000100001000111101", "11010", 5878154],
  ["100010100101000101101", "02121", 3729162],
  ["101000100001001100101", "10212", 3729162],
  // Three vertices share the output's channels, which leaves a remainder.
  ["100100100001010101011", "22200", 2653744],
  ["100001100001010101011", "01220", 3357767],
];

test("parameters are the published ones", () => {
  for (const [triangle, operations, parameters] of PUBLISHED) {
    const vertices = operations.length + 2;
    let next = 0;
    const matrix = Array.from({ length: vertices }, (_, from) =>
      Array.from({ length: vertices }, (_, to) => (to > from ? Number(triangle[next++]) : 0)),
    );
    const names = [...operations].map((digit): CellOperation => CELL_OPERATIONS[Number(digit)]);
    expect(networkCost(cellOfMatrix(matrix, names), PUBLISHED_SIZES).parameters).toBe(parameters);
  }
});

test("multiply-accumulates of a projection from input to output, counted by hand", () => {
  const stem = 27 * 4 * 64;
  // Two cells a stack at 8, 4 and 2 pixels; the first of each takes half the channels.
  const stacks = (4 * 4 + 4 * 4) * 64 + (4 * 8 + 8 * 8) * 16 + (8 * 16 + 16 * 16) * 4;
  const sizes = { channels: 4, cells: 2, image: 8, imageChannels: 3, classes: 10 };
  expect(networkCost(cellOfMatrix([[0, 1], [0, 0]], []), sizes).flops).toBe(stem + stacks + 170); // biome-ignore format: a matrix
});

test.each<[string, number[][], CellOperation[], RegExp]>([
  ["too many vertices", Array.from({ length: 8 }, () => new Array<number>(8).fill(0)), [], /2 to 7 vertices.*8 rows/],
  ["a missing operation", [[0, 1, 1], [0, 0, 1], [0, 0, 0]], [], /need 1 operations.*got 0/],
  ["an edge backwards", [[0, 1], [1, 0]], [], /row 1 of the matrix is \[1,0\]/],
  ["a ragged row", [[0, 1], [0]], [], /row 1 of the matrix is \[0\]/],
])("%s is refused", (_, matrix, operations, message) => {
  expect(() => cellOfMatrix(matrix, operations)).toThrow(message);
}); // biome-ignore format: matrices
