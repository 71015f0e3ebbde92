import { InputError } from "../core/errors";
import { BLOCK_OPERATIONS, NAS_BENCH_1SHOT1, oneShotOf } from "../core/nasbench1shot1";
import { type CellOperation, STACKS } from "../core/nasbench101";
import { type Choices, type NetworkSizes, rowOffsets, type SearchSpace } from "../core/space";
import { graphLayout } from "./graph";
import { appender, type Parameter } from "./parameter";

/**
 * The search network of NAS-Bench-1Shot1 (Zela, Siems and Hutter, ICLR 2020; optimizers/darts/model_search.py of their code,
 * automl/nasbench-1shot1): cells of choice blocks, each of which mixes operations of a mixture of the earlier nodes.
 */

/** The operations with weights: a convolution of so many pixels a side, batch norm and a rectifier. */
export const BLOCK_CONVOLUTIONS = [
  { operation: "conv3x3-bn-relu", kernel: 3 },
  { operation: "conv1x1-bn-relu", kernel: 1 },
] as const;

/** A choice block of a cell. */
export interface Block {
  /** For example "block2". */
  readonly name: string;
  /** Where its operations begin among all mixing weights. */
  readonly first: number;
  /** The same of its inputs: the cell's own, then the blocks before it. Undefined where it takes the sum of all. */
  readonly inputs: number | undefined;
}

/** What all cells of a network have in common. */
export interface CellGraph {
  readonly blocks: readonly Block[];
  /** Where the inputs of the output begin: the cell's own input, then all blocks. */
  readonly output: number;
}

/** The same for every one of the spaces, by their ids. */
export function forOneShot<T>(value: T): Readonly<Record<string, T>> {
  return Object.fromEntries(NAS_BENCH_1SHOT1.map(({ id }) => [id, value]));
}

/** @throws {InputError} where the space is none of the benchmark's, or has other choices */
export function oneShotGraph(given: SearchSpace): CellGraph {
  const { title, rows } = given;
  const space = oneShotOf(given);
  if (!space) throw new InputError(`no network of choice blocks is known for the search space ${title}`);
  const unlike = space.rows.find(({ choices }, r) => choices.join() !== rows[r]?.choices.join());
  if (unlike)
    throw new InputError(`a network of ${title} has the choices ${unlike.choices.join(", ")} in ${unlike.name}`);
  const offsets = rowOffsets(rows);
  const inputsOf = (node: number) => {
    const row = space.rows.findIndex((each) => each.kind === "inputs" && each.node === node);
    return row < 0 ? undefined : offsets[row];
  };
  const blocks = space.rows.flatMap(({ kind, name, node }, r) =>
    kind === "operation" ? [{ name, first: offsets[r], inputs: inputsOf(node) }] : [],
  );
  const output = inputsOf(space.nodes - 1);
  if (output === undefined) throw new Error(`${title} has no row for its output`);
  return { blocks, output };
}

/** Place of an operation of a block among all mixing weights. */
export function operationAt({ first }: Block, operation: CellOperation): number {
  return first + BLOCK_OPERATIONS.indexOf(operation);
}

/** Where a cell stands in the network. */
export interface PlacedCell {
  readonly name: string;
  /** Of every block. */
  readonly channels: number;
  /** Of the cell's input: parts of equal size, side by side; the output has one for every block. */
  readonly parts: number;
  readonly part: number;
  /** Whether a max pool of 2 x 2 comes before it. */
  readonly pooled: boolean;
}

export function oneShotCells(blocks: number, { channels, cells }: NetworkSizes): PlacedCell[] {
  const widthOf = (i: number) => channels * 2 ** Math.floor(i / cells);
  return Array.from({ length: STACKS * cells }, (_, i) => ({
    name: `cell${i}`,
    channels: widthOf(i),
    parts: i === 0 ? 1 : blocks,
    part: i === 0 ? channels : widthOf(i - 1),
    pooled: i > 0 && i % cells === 0,
  }));
}

/** Side behind a max pool of 2 x 2 with stride 2 and padding 1, as the benchmark's code has it. */
export function pooledSide(side: number): number {
  return Math.floor(side / 2) + 1;
}

/**
 * Names of the convolutions of a cell's input: of what each block reads of it, then of what it adds to each block's part of the output.
 * The benchmark's code has one convolution for all parts of the output; side by side they are the same.
 */
export function projections({ name }: PlacedCell, blocks: readonly Block[]): string[] {
  return ["input", "output"].flatMap((role) => blocks.map((block) => `${name}/${block.name}/${role}`));
}

/** Name of a block's convolution. */
export function convolutionName({ name }: PlacedCell, block: Block, operation: CellOperation): string {
  return `${name}/${block.name}/${operation}`;
}

/** The convolution between the cells and the head. */
export const TAIL = "tail/conv";

/**
 * Trainable tensors of the search network. Convolutions have no bias; batch norm is affine but for the tail's. That of an architecture is
 * NAS-Bench-101's.
 * @throws {InputError} for partial channels, for what is no architecture of the space, or where the space has other choices than the
 * benchmark
 */
export function oneShotLayout(
  space: SearchSpace,
  sizes: NetworkSizes,
  architecture?: Choices,
  partial = 1,
): Parameter[] {
  if (partial > 1) throw new InputError(`networks of ${space.title} have no partial channels; set them to 1`);
  if (architecture) return graphLayout(space, sizes, architecture);
  const graph = oneShotGraph(space);
  const layout: Parameter[] = [];
  const add = appender(layout);
  const norm = (name: string, channels: number) => {
    add(`${name}/scale`, [channels], "one");
    add(`${name}/offset`, [channels], "zero");
  };
  add("stem/conv", [3, 3, sizes.imageChannels, sizes.channels], "fan-in");
  norm("stem", sizes.channels);
  const cells = oneShotCells(graph.blocks.length, sizes);
  for (const cell of cells) {
    const { channels, parts, part } = cell;
    for (const name of projections(cell, graph.blocks)) {
      add(name, [1, 1, parts * part, channels], "fan-in", parts);
      norm(name, channels);
    }
    for (const block of graph.blocks) {
      for (const { operation, kernel } of BLOCK_CONVOLUTIONS) {
        const name = convolutionName(cell, block, operation);
        add(name, [kernel, kernel, channels, channels], "fan-in");
        norm(name, channels);
      }
    }
  }
  const { channels: width } = cells[cells.length - 1];
  const parts = graph.blocks.length;
  add(TAIL, [1, 1, parts * width, width], "fan-in", parts);
  add("head/weight", [width, sizes.classes], "fan-in");
  add("head/bias", [sizes.classes], "zero");
  return layout;
}
