import { type PlacedCell, placedCells, STEM_MULTIPLIER } from "../core/darts";
import { InputError } from "../core/errors";
import { type Choices, edgesOf, type NetworkSizes, type Row, rowOffsets, type SearchSpace } from "../core/space";
import { appender, type Parameter } from "./parameter";

/**
 * The search network of DARTS (Liu, Simonyan and Yang, ICLR 2019; model_search.py of their code, quark0/darts): a stem, then cells of
 * two inputs each, the outputs of the two cells before it.
 */

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
export interface DartsCell extends PlacedCell {
  readonly name: string;
  readonly edges: readonly DartsEdge[];
}

/** All cells of the network of a space that has the cells of DARTS. */
export function dartsCells(space: SearchSpace, sizes: NetworkSizes): DartsCell[] {
  const { rows, cellKinds } = space;
  const edges = edgesOf(space);
  const offsets = rowOffsets(rows);
  const [normal, reduction] = cellKinds.map(({ first, end }) =>
    rows.slice(first, end).map((row, i): DartsEdge => {
      const [from, to] = edges[first + i];
      return { from, to, row, offset: offsets[first + i] };
    }),
  );
  return placedCells(sizes).map((placed, i) => {
    return { ...placed, name: `cell${i}`, edges: placed.isReduction ? reduction : normal };
  });
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
export function dartsLayout(space: SearchSpace, sizes: NetworkSizes, architecture?: Choices, partial = 1): Parameter[] {
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
    const width = channels / partial;
    for (const { from, row } of edges) {
      for (const operation of row.choices) {
        const name = `${cellName}/${row.name}/${operation}`;
        const separable = SEPARABLE[operation];
        if (separable) {
          const { kernel } = separable;
          for (const application of applications(separable)) {
            add(`${name}/depthwise${application}`, [kernel, kernel, width], "fan-in");
            add(`${name}/pointwise${application}`, [1, 1, width, width], "fan-in");
          }
        } else if (!WITHOUT_WEIGHTS.includes(operation)) {
          throw new InputError(`no network is known for the operation "${operation}" of ${space.title}`);
        } else if (operation === "skip_connect" && strideOf(cell, from) === 2) {
          reduction(name, width, width);
        }
      }
    }
  }
  const width = space.outputs.length * cells[cells.length - 1].channels;
  add("head/weight", [width, sizes.classes], "fan-in");
  add("head/bias", [sizes.classes], "zero");
  return layout;
}
