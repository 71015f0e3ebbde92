import { InputError } from "./errors";
import {
  type CellOperation,
  cellOfMatrix,
  type GraphCell,
  MAX_VERTICES,
  networkCost,
  PUBLISHED_SIZES,
} from "./nasbench101";
import {
  type Choices,
  choiceOf,
  largest,
  type NodeSpace,
  type PickRow,
  picked,
  rowOffsets,
  type SearchSpace,
} from "./space";
import { nearest } from "./text";

/**
 * NAS-Bench-1Shot1 (Zela, Siems and Hutter, ICLR 2020): three spaces of cells that lie within NAS-Bench-101. A cell has choice blocks,
 * each of which decides for an operation and, where there is a choice, for a given number of the earlier nodes as its inputs; the
 * cell's output decides for a given number of nodes too. After github.com/automl/nasbench-1shot1.
 */

/** Candidates of every choice block, in index order. */
export const BLOCK_OPERATIONS: readonly CellOperation[] = ["maxpool3x3", "conv3x3-bn-relu", "conv1x1-bn-relu"];

/** The least errors in the table over a space's cells and their runs of 108 epochs, each on its own, %. */
export interface TableOptimum {
  readonly validError: number;
  readonly testError: number;
}

/** A space of NAS-Bench-1Shot1. Its cost is that of NAS-Bench-101's network. */
export interface OneShotSpace extends NodeSpace {
  readonly optimum: TableOptimum;
  /** The cell of NAS-Bench-101, of 7 vertices, not pruned: where there are four blocks, an unconnected 1x1 convolution fills up. */
  toCell(choices: Choices): GraphCell;
}

const OUTPUT = "output";

function nodeName(node: number): string {
  return node === 0 ? "input" : `block${node}`;
}

function makeSpace(number: 1 | 2 | 3, parents: readonly number[], optimum: TableOptimum): OneShotSpace {
  const output = parents.length - 1;
  const title = `NAS-Bench-1Shot1 S${number}`;
  const blocks = parents.slice(1, -1).map((_, i) => i + 1);
  const inputRow = (name: string, node: number): PickRow => ({
    name,
    choices: Array.from({ length: node }, (_, earlier) => nodeName(earlier)),
    picks: parents[node],
    node,
    kind: "inputs",
  });
  const rows: PickRow[] = [
    ...blocks.map(
      (node) => ({ name: nodeName(node), choices: BLOCK_OPERATIONS, picks: 1, node, kind: "operation" }) as const,
    ),
    ...blocks.filter((node) => parents[node] < node).map((node) => inputRow(`inputs${node}`, node)),
    inputRow(OUTPUT, output),
  ];
  const offsets = rowOffsets(rows);

  function sources(node: number, choices: Choices): number[] {
    const row = rows.findIndex((each) => each.kind === "inputs" && each.node === node);
    return row < 0 ? Array.from({ length: node }, (_, earlier) => earlier) : picked(rows[row], choices[row]);
  }

  function toCell(choices: Choices): GraphCell {
    const padding = MAX_VERTICES - 1 - output;
    const vertex = (node: number) => (node === output ? MAX_VERTICES - 1 : node);
    const matrix = Array.from({ length: MAX_VERTICES }, () => new Array<number>(MAX_VERTICES).fill(0));
    for (const node of [...blocks, output])
      for (const source of sources(node, choices)) matrix[source][vertex(node)] = 1;
    return cellOfMatrix(matrix, [
      ...blocks.map((_, row) => BLOCK_OPERATIONS[choices[row]]),
      ...new Array<CellOperation>(padding).fill("conv1x1-bn-relu"),
    ]);
  }

  /** Block by block operation and inputs, the output's inputs last; nodes are counted from the cell's input, 0. */
  function format(choices: Choices): string {
    const operations = [...blocks.map((_, row) => BLOCK_OPERATIONS[choices[row]]), OUTPUT];
    return operations.map((name, i) => `${name}(${sources(i + 1, choices)})`).join("|");
  }

  /** The first cell's part for a node, to show what one looks like. */
  function example(node: number): string {
    return format(rows.map(() => 0)).split("|")[node - 1];
  }

  function readInputs(list: string, node: number): number[] {
    const where = node === output ? "the output" : `block ${node}`;
    const given = list === "" ? [] : list.split(",").map(Number);
    const inputs = [...new Set(given)].sort((a, b) => a - b);
    if (inputs.some((each) => !(each < node))) {
      throw new InputError(
        `${where} has the inputs (${list}), expected nodes before it, 0 the cell's input: 0 to ${node - 1}`,
      );
    }
    if (inputs.length !== parents[node] || given.length !== parents[node]) {
      const many = parents[node] === 1 ? "one input" : `${parents[node]} different inputs`;
      throw new InputError(`${where} has the inputs (${list}), expected ${many} in ${title}, as in ${example(node)}`);
    }
    return inputs;
  }

  function parse(text: string): number[] {
    const parts = text.trim().split("|");
    if (parts.length !== output) {
      throw new InputError(
        `the architecture has ${parts.length} part${parts.length === 1 ? "" : "s"} joined by "|", a cell of ${title} has ${output}, ${blocks.length} blocks and the output; expected for example ${format(rows.map(() => 0))}`,
      );
    }
    const read = parts.map((part, i) => {
      const node = i + 1;
      const [, name, list] = /^([\w-]*)\(([\d,]*)\)$/.exec(part) ?? [];
      if (name === undefined || (name === OUTPUT) !== (node === output)) {
        throw new InputError(`part ${node} of the architecture reads "${part}", expected for example ${example(node)}`);
      }
      return { name, inputs: readInputs(list, node) };
    });
    return rows.map((row) => {
      const { name, inputs } = read[row.node - 1];
      if (row.kind === "inputs") return choiceOf(row, inputs);
      const operation = BLOCK_OPERATIONS.indexOf(name as CellOperation);
      if (operation >= 0) return operation;
      throw new InputError(
        `unknown operation "${name}" in block ${row.node}, expected one of ${BLOCK_OPERATIONS.join(", ")}; the nearest is ${nearest(name, BLOCK_OPERATIONS)}`,
      );
    });
  }

  return {
    id: `1shot1-s${number}`,
    title,
    rows,
    size: offsets[rows.length],
    nodes: parents.length,
    inputs: 1,
    outputs: [output],
    rowsAre: "nodes",
    cellKinds: [{ name: "cell", first: 0, end: rows.length }],
    keptEdges: null,
    // A sample of its cells has figures, the others an estimate.
    tabled: false,
    published: PUBLISHED_SIZES,
    searched: { ...PUBLISHED_SIZES, channels: 16 },
    parents,
    optimum,
    sources,
    discretise: (preferences) => largest(rows, preferences),
    format,
    parse,
    // Every block has inputs and the output has more than one.
    connected: () => true,
    cost: (choices, sizes) => networkCost(toCell(choices), sizes),
    toCell,
  };
}

/** The three spaces, with the optima that the benchmark's code states. */
export const NAS_BENCH_1SHOT1 = [
  makeSpace(1, [0, 1, 2, 2, 2, 2], { validError: 4.9279, testError: 5.4487 }),
  makeSpace(2, [0, 1, 1, 2, 2, 3], { validError: 5.1583, testError: 5.7592 }),
  makeSpace(3, [0, 1, 1, 1, 2, 2, 2], { validError: 4.8478, testError: 5.3385 }),
] as const satisfies OneShotSpace[];

/** The space of NAS-Bench-1Shot1 that a search space is; null where it is none. */
export function oneShotOf(space: SearchSpace): OneShotSpace | null {
  return NAS_BENCH_1SHOT1.find(({ id }) => id === space.id) ?? null;
}
