import { InputError } from "./errors";

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
  /** How many different candidates an architecture takes; one where absent. They share the one softmax. */
  readonly picks?: number;
}

/** A row that belongs to a node. */
export interface PickRow extends Row {
  readonly picks: number;
  /** The node that decides: 1 to `nodes` - 2 a choice block, `nodes` - 1 the output. */
  readonly node: number;
  readonly kind: "operation" | "inputs";
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

/**
 * An architecture, a number for every row: the index of the chosen candidate, and where a row picks several the place of their set
 * among all sets of that size in lexicographic order.
 */
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

/** What all search spaces have. */
interface AnySpace {
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
  /** In the order of their rows, which they share out among them. */
  readonly cellKinds: readonly CellKind[];
  /**
   * How many edges into a node an architecture keeps; null where every row decides on its own. Where edges are dropped, the choice of a
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

/** A space that decides for an operation on every edge. */
export interface EdgeSpace extends AnySpace {
  readonly rowsAre: "edges";
  /** For every row the nodes its edge joins, source then target. */
  readonly edges: readonly (readonly [from: number, to: number])[];
}

/** A space in which nodes hold the operations, and decide for them and for their inputs. */
export interface NodeSpace extends AnySpace {
  readonly rowsAre: "nodes";
  readonly rows: readonly PickRow[];
  /** How many inputs every node has, the cell's input with none first. */
  readonly parents: readonly number[];
  /** The nodes that a node of an architecture has as its inputs, ascending. A node without a choice has all earlier ones. */
  sources(node: number, choices: Choices): number[];
}

export type SearchSpace = EdgeSpace | NodeSpace;

/** The edges of a space's rows. @throws {Error} for a space whose rows are none */
export function edgesOf(space: SearchSpace): EdgeSpace["edges"] {
  if (space.rowsAre === "edges") return space.edges;
  throw new Error(`the rows of ${space.title} are not edges`);
}

/** Offsets of the rows in a flat vector of `size` scalars, row by row; one more entry than there are rows. */
export function rowOffsets(rows: readonly Row[]): number[] {
  const offsets = [0];
  for (const row of rows) offsets.push(offsets[offsets.length - 1] + row.choices.length);
  return offsets;
}

/** The index of the largest preference in every row, one however many it picks; the first of equals. */
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

/** Number of sets of `picks` out of `count`. */
function binomial(count: number, picks: number): number {
  let result = 1;
  for (let i = 1; i <= picks; i++) result = (result * (count - picks + i)) / i;
  return result;
}

/** Number of choices that a row has. */
export function optionCount({ choices, picks = 1 }: Row): number {
  return binomial(choices.length, picks);
}

/** The candidates that a choice stands for, ascending. @throws where the row has no such choice */
export function picked(row: Row, choice: number): number[] {
  const { name, choices, picks = 1 } = row;
  // Counted down without end otherwise.
  if (!(choice >= 0 && choice < optionCount(row))) throw new Error(`row ${name} has no choice ${choice}`);
  const set: number[] = [];
  let before = choice;
  for (let candidate = 0; set.length < picks; candidate++) {
    const starting = binomial(choices.length - candidate - 1, picks - set.length - 1);
    if (before < starting) set.push(candidate);
    else before -= starting;
  }
  return set;
}

/** The choice that stands for a set of candidates, given ascending. */
export function choiceOf({ choices, picks = 1 }: Row, set: readonly number[]): number {
  let before = 0;
  for (const [i, candidate] of set.entries()) {
    for (let skipped = i === 0 ? 0 : set[i - 1] + 1; skipped < candidate; skipped++) {
      before += binomial(choices.length - skipped - 1, picks - i - 1);
    }
  }
  return before;
}

/** The architecture of the largest preferences, as many in every row as it picks; of equals the first. */
export function largest(rows: readonly Row[], preferences: ArrayLike<number>): number[] {
  const offsets = rowOffsets(rows);
  return rows.map((row, r) => {
    const order = row.choices.map((_, i) => i);
    order.sort((a, b) => preferences[offsets[r] + b] - preferences[offsets[r] + a] || a - b);
    return choiceOf(
      row,
      order.slice(0, row.picks ?? 1).sort((a, b) => a - b),
    );
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

/** The mixing weights of an architecture, row by row: the candidates that a row picks share it equally, the others have 0. */
export function oneHot(rows: readonly Row[], choices: Choices): Float64Array {
  return Float64Array.from(
    rows.flatMap((row, r) => {
      const set = picked(row, choices[r]);
      return row.choices.map((_, candidate) => (set.includes(candidate) ? 1 / set.length : 0));
    }),
  );
}

/**
 * The operation that an architecture has in every row.
 * @throws {InputError} where the architecture is not one choice for every row
 */
export function chosenOperations({ rows, title }: SearchSpace, architecture: Choices): string[] {
  if (architecture.length !== rows.length) {
    throw new InputError(`an architecture of ${title} has ${rows.length} choices, got ${architecture.length}`);
  }
  return rows.map(({ name, choices }, r) => {
    const operation = choices[architecture[r]];
    if (operation !== undefined) return operation;
    throw new InputError(`choice ${architecture[r]} of row ${name} is none of 0 to ${choices.length - 1}`);
  });
}
