/**
 * What a search space is to a method, an engine and the page. A method sees rows of choices; an engine sees the graph behind
 * them; nothing but mixing weights passes between the two.
 */

/** One decision: a row of the architecture parameters, softmaxed on its own. */
export interface Row {
  /** Short and unique within the space, for example "1<-0" for the edge from node 0 to node 1. */
  readonly name: string;
  /** The candidates, in index order, for example operation names. */
  readonly choices: readonly string[];
}

/** Sizes that set the cost of a network. */
export interface NetworkSizes {
  /** Channels of the first stage (C). */
  readonly channels: number;
  /** Cells a stage (N). */
  readonly cells: number;
  /** Side of the square input, pixels. */
  readonly image: number;
  /** 1 for grey images, 3 for colour. */
  readonly imageChannels: number;
  readonly classes: number;
}

/** An architecture: the index of the chosen candidate in every row. */
export type Choices = readonly number[];

export interface NetworkCost {
  /** Trainable scalars. */
  readonly parameters: number;
  /** Multiply-accumulates of one forward pass of one image, counted as the benchmark counts "FLOPs". */
  readonly flops: number;
}

/** One kind of cell that a space searches: the rows from `first` up to, not including, `end`. */
export interface CellKind {
  readonly name: string;
  readonly first: number;
  readonly end: number;
}

export interface SearchSpace {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** Number of architecture parameters: the sum of the rows' lengths. */
  readonly size: number;
  /** Number of nodes of a cell, its inputs first. All kinds of cell have the same nodes. */
  readonly nodes: number;
  /** How many of the nodes are inputs: outputs of the cells before, the earliest first. */
  readonly inputs: number;
  /** The nodes that make the cell's output: one, or several that are concatenated. */
  readonly outputs: readonly number[];
  /** For every row the nodes its edge joins, source then target. */
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** In the order of their rows, which they share out among them. */
  readonly cellKinds: readonly CellKind[];
  /**
   * How many edges into a node an architecture keeps; null where every edge has its operation. Where edges are dropped, the choice of a
   * dropped edge is that of `none`, and no kept edge has it.
   */
  readonly keptEdges: number | null;
  /** Does a table tell the accuracy of every cell? */
  readonly tabled: boolean;
  /** The sizes that the benchmark or the paper trains. */
  readonly published: NetworkSizes;
  /** The sizes of the supernet that the paper searches with. */
  readonly searched: NetworkSizes;
  /** The architecture that a vector of `size` preferences decides for. */
  discretise(preferences: ArrayLike<number>): number[];
  /** The architecture in the space's own notation. */
  format(choices: Choices): string;
  /** @throws {InputError} naming what is wrong and the nearest valid text */
  parse(text: string): number[];
  /** False where no path leads from the cell's input to its output. */
  connected(choices: Choices): boolean;
  /** Cost of the discrete network. */
  cost(choices: Choices, sizes: NetworkSizes): NetworkCost;
}

/** Offsets of the rows in a flat vector of `size` scalars, row by row; one more entry than there are rows. */
export function rowOffsets(rows: readonly Row[]): number[] {
  const offsets = [0];
  for (const row of rows) offsets.push(offsets[offsets.length - 1] + row.choices.length);
  return offsets;
}

/** The index of the largest preference in every row; the first of equals. */
export function argmaxRows(rows: readonly Row[], preferences: ArrayLike<number>): number[] {
  const offsets = rowOffsets(rows);
  return rows.map(({ choices }, row) => {
    let best = 0;
    for (let i = 1; i < choices.length; i++) {
      if (preferences[offsets[row] + i] > preferences[offsets[row] + best]) best = i;
    }
    return best;
  });
}

/**
 * The preferences among which a row's leading operation is sought: where edges are dropped, `none` stands for that and competes with
 * no operation, so that its preference is minus infinity.
 */
export function contenders({ rows, keptEdges }: SearchSpace, preferences: ArrayLike<number>): Float64Array {
  const result = Float64Array.from(preferences);
  if (keptEdges === null) return result;
  const offsets = rowOffsets(rows);
  for (const [row, { choices }] of rows.entries()) {
    result[offsets[row] + choices.indexOf("none")] = Number.NEGATIVE_INFINITY;
  }
  return result;
}

/** The mixing weights of an architecture: 1 for the chosen candidate of every row, 0 for the others; row by row. */
export function oneHot(rows: readonly Row[], choices: Choices): Float64Array {
  return Float64Array.from(rows.flatMap((row, r) => row.choices.map((_, choice) => (choice === choices[r] ? 1 : 0))));
}
