import { InputError } from "../core/errors";
import type { Choices, NetworkSizes, Row, SearchSpace } from "../core/space";
import { appender, type Parameter } from "./parameter";

/**
 * The search network of DARTS (Liu, Simonyan and Yang, ICLR 2019; model_search.py of their code, quark0/darts): a stem, then cells of
 * two inputs each, the outputs of the two cells before it.
 */

/** Nodes of a cell that are neither input nor output; the output is all of them, side by side. */
export const STEPS = 4;

/** Channels of the stem's output over those of the first cell's nodes. */
export const STEM_MULTIPLIER = 3;

/** A candidate with weights: side of the kernel, pixels from tap to tap, and how often it is applied. */
interface Separable {
  readonly kernel: number;
  readonly dilation: number;
  readonly times: number;
}

/** Rectifier, depthwise and pointwise convolution, batch norm; twice for those of dilation 1. */
export const SEPARABLE: Readonly<Record<string, Separable>> = {
  sep_conv_3x3: { kernel: 3, dilation: 1, times: 2 },
  sep_conv_5x5: { kernel: 5, dilation: 1, times: 2 },
  dil_conv_3x3: { kernel: 3, dilation: 2, times: 1 },
  dil_conv_5x5: { kernel: 5, dilation: 2, times: 1 },
};

const WITHOUT_WEIGHTS = ["none", "skip_connect", "max_pool_3x3", "avg_pool_3x3"];

/** An edge of a cell; inputs are the nodes 0 and 1. */
export interface DartsEdge {
  readonly from: number;
  readonly to: number;
  readonly row: Row;
  /** Of its first choice among all mixing weights. */
  readonly offset: number;
}

/** A cell of the network. */
export interface DartsCell {
  readonly name: string;
  readonly isReduction: boolean;
  /** Channels of a node. */
  readonly channels: number;
  /** Channels of the outputs that it reads, the earlier one first. */
  readonly inputs: readonly [number, number];
  /** Whether the earlier input has twice the side of the later one: the cell in between is a reduction. */
  readonly halvesFirst: boolean;
  readonly edges: readonly DartsEdge[];
}

/**
 * All cells: N normal ones, a reduction, N normal ones, a reduction, N normal ones; N = 2 gives the eight of the paper, with reductions
 * at a third and at two thirds. A reduction has twice the channels and half the side.
 */
export function dartsCells(space: SearchSpace, sizes: NetworkSizes): DartsCell[] {
  const { cells: normal } = sizes;
  const cells: DartsCell[] = [];
  let channels = sizes.channels;
  let inputs: [number, number] = [STEM_MULTIPLIER * channels, STEM_MULTIPLIER * channels];
  for (let i = 0; i < 3 * normal + 2; i++) {
    const isReduction = i === normal || i === 2 * normal + 1;
    if (isReduction) channels *= 2;
    const halvesFirst = cells[i - 1]?.isReduction ?? false;
    cells.push({ name: `cell${i}`, isReduction, channels, inputs, halvesFirst, edges: edgesOf(space, isReduction) });
    inputs = [inputs[1], STEPS * channels];
  }
  return cells;
}

/** The edges of one kind of cell, whose rows lie in the order of the nodes; those of the reduction follow those of the normal cell. */
function edgesOf({ rows }: SearchSpace, isReduction: boolean): DartsEdge[] {
  const half = rows.length / 2;
  let offset = 0;
  let to = 2;
  let from = 0;
  const edges: DartsEdge[] = [];
  for (const [r, row] of rows.entries()) {
    if (r < half === !isReduction) {
      edges.push({ from, to, row, offset });
      from = (from + 1) % to;
      if (from === 0) to++;
    }
    offset += row.choices.length;
  }
  return edges;
}

/** Step from pixel to pixel of an edge: reductions halve the side on the way from their inputs. */
export function strideOf({ isReduction }: DartsCell, from: number): 1 | 2 {
  return isReduction && from < 2 ? 2 : 1;
}

/** Parts of the names of an operation's depthwise and pointwise convolutions, in the order in which they are applied. */
export function applications({ times }: Separable): string[] {
  return times === 1 ? [""] : Array.from({ length: times }, (_, i) => String(i + 1));
}

/**
 * Trainable tensors. Convolutions have no bias, and batch norm is affine in the stem alone, as upstream.
 * @throws {InputError} for a discrete network, or where an operation is unknown
 */
export function dartsLayout(space: SearchSpace, sizes: NetworkSizes, architecture?: Choices): Parameter[] {
  if (architecture) {
    throw new InputError(`discrete networks of ${space.title} cannot be trained; search without training the outcome`);
  }
  const layout: Parameter[] = [];
  const add = appender(layout);
  const reduction = (name: string, ins: number, outs: number) => {
    add(`${name}/conv1`, [1, 1, ins, outs / 2], "fan-in");
    add(`${name}/conv2`, [1, 1, ins, outs / 2], "fan-in");
  };
  const stem = STEM_MULTIPLIER * sizes.channels;
  add("stem/conv", [3, 3, sizes.imageChannels, stem], "fan-in");
  add("stem/scale", [stem], "one");
  add("stem/offset", [stem], "zero");
  const cells = dartsCells(space, sizes);
  for (const cell of cells) {
    const { name: cellName, channels, inputs, halvesFirst, edges } = cell;
    if (halvesFirst) reduction(`${cellName}/input0`, inputs[0], channels);
    else add(`${cellName}/input0/conv`, [1, 1, inputs[0], channels], "fan-in");
    add(`${cellName}/input1/conv`, [1, 1, inputs[1], channels], "fan-in");
    for (const { from, row } of edges) {
      for (const operation of row.choices) {
        const name = `${cellName}/${row.name}/${operation}`;
        const separable = SEPARABLE[operation];
        if (separable) {
          const { kernel } = separable;
          for (const application of applications(separable)) {
            add(`${name}/depthwise${application}`, [kernel, kernel, channels], "fan-in");
            add(`${name}/pointwise${application}`, [1, 1, channels, channels], "fan-in");
          }
        } else if (!WITHOUT_WEIGHTS.includes(operation)) {
          throw new InputError(`no network is known for the operation "${operation}" of ${space.title}`);
        } else if (operation === "skip_connect" && strideOf(cell, from) === 2) {
          reduction(name, channels, channels);
        }
      }
    }
  }
  const width = STEPS * cells[cells.length - 1].channels;
  add("head/weight", [width, sizes.classes], "fan-in");
  add("head/bias", [sizes.classes], "zero");
  return layout;
}
