import { InputError } from "../core/errors";
import { oneShotOf } from "../core/nasbench1shot1";
import { CELL_OPERATIONS, type CellOperation, prune, STACKS, vertexChannels } from "../core/nasbench101";
import { type Choices, type NetworkSizes, optionCount, type SearchSpace } from "../core/space";
import { appender, type Parameter } from "./parameter";

/**
 * The network of NAS-Bench-101 (Ying et al., ICML 2019; lib/model_builder.py of google-research/nasbench), which an architecture of
 * NAS-Bench-1Shot1 stands for: a stem, three stacks of cells with a max pool of 2 x 2 between them, the mean over the positions and a
 * classifier. A cell is a graph whose output has the values of some vertices side by side.
 */

/** Side of a convolution's kernel, for the operations that are one. */
const KERNELS: Readonly<Partial<Record<CellOperation, number>>> = { "conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1 };

/** A vertex of a placed cell behind its input: an operation of the sum of what leads to it, or the output. */
export interface Vertex {
  readonly channels: number;
  /** Name of its convolution 1 x 1 of the cell's input, where an edge leads from there. */
  readonly projection: string | undefined;
  /**
   * Places among the cell's vertices of the others that lead to it. An operation reads the first of their channels, as many as it has;
   * the output has them one after the other.
   */
  readonly sources: readonly number[];
  /** A max pool of 3 x 3 where it is none; nothing in the output. */
  readonly convolution: { readonly name: string; readonly kernel: number } | undefined;
}

export interface PlacedGraph {
  readonly name: string;
  /** Channels of its input. */
  readonly from: number;
  /** Whether a max pool of 2 x 2 comes before it. */
  readonly pooled: boolean;
  /** In an order in which edges lead forward; the output last. */
  readonly vertices: readonly Vertex[];
}

/**
 * The cells of an architecture's network, without the vertices that lead nowhere.
 * @throws {InputError} for what is no architecture of the space, or where the output has fewer channels than vertices lead to it
 */
export function graphCells(
  space: SearchSpace,
  { channels, cells }: NetworkSizes,
  architecture: Choices,
): PlacedGraph[] {
  const oneShot = oneShotOf(space);
  if (!oneShot) throw new InputError(`no network is known for architectures of ${space.title}`);
  requireChoices(space, architecture);
  const cell = prune(oneShot.toCell(architecture));
  if (!cell) throw new Error(`an architecture of ${space.title} is not connected`);
  const { parents, operations } = cell;
  const output = parents.length - 1;
  return Array.from({ length: STACKS * cells }, (_, i) => {
    const name = `cell${i}`;
    const widthOf = (place: number) => channels * 2 ** Math.floor(place / cells);
    const from = widthOf(Math.max(0, i - 1));
    const widths = vertexChannels(cell, from, widthOf(i));
    if (widths.includes(0)) {
      const joined = parents
        .map((_, vertex) => vertex)
        .filter((vertex) => vertex > 0 && (parents[output] >> vertex) & 1);
      throw new InputError(
        `the output of this cell of ${space.title} joins ${joined.length} blocks; choose at least ${joined.length} channels`,
      );
    }
    const vertices = parents.slice(1).map((set, place): Vertex => {
      const vertex = place + 1;
      const own = `${name}/${vertex === output ? "output" : `block${vertex}`}`;
      const operation = CELL_OPERATIONS[operations[vertex - 1]];
      const kernel = vertex === output ? undefined : KERNELS[operation];
      return {
        channels: widths[vertex],
        projection: set & 1 ? `${own}/input` : undefined,
        sources: parents.flatMap((_, source) => (source > 0 && (set >> source) & 1 ? [source - 1] : [])),
        convolution: kernel === undefined ? undefined : { name: `${own}/${operation}`, kernel },
      };
    });
    return { name, from, pooled: i > 0 && i % cells === 0, vertices };
  });
}

function requireChoices({ title, rows }: SearchSpace, architecture: Choices): void {
  if (architecture.length !== rows.length) {
    throw new InputError(`an architecture of ${title} has ${rows.length} choices, got ${architecture.length}`);
  }
  for (const [r, row] of rows.entries()) {
    const [choice, count] = [architecture[r], optionCount(row)];
    if (Number.isInteger(choice) && choice >= 0 && choice < count) continue;
    throw new InputError(`choice ${choice} of row ${row.name} is none of 0 to ${count - 1}`);
  }
}

/** Trainable tensors: convolutions have no bias, batch norm is affine. @throws {InputError} as `graphCells` */
export function graphLayout(space: SearchSpace, sizes: NetworkSizes, architecture: Choices): Parameter[] {
  const layout: Parameter[] = [];
  const add = appender(layout);
  const convolution = (name: string, norm: string, kernel: number, from: number, to: number) => {
    add(name, [kernel, kernel, from, to], "fan-in");
    add(`${norm}/scale`, [to], "one");
    add(`${norm}/offset`, [to], "zero");
  };
  convolution("stem/conv", "stem", 3, sizes.imageChannels, sizes.channels);
  let width = sizes.channels;
  for (const { from, vertices } of graphCells(space, sizes, architecture)) {
    for (const { channels, projection, convolution: own } of vertices) {
      if (projection) convolution(projection, projection, 1, from, channels);
      if (own) convolution(own.name, own.name, own.kernel, channels, channels);
      width = channels;
    }
  }
  add("head/weight", [width, sizes.classes], "fan-in");
  add("head/bias", [sizes.classes], "zero");
  return layout;
}
