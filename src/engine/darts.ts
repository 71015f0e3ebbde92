import { type PlacedCell, placedCells, STEM_MULTIPLIER } from "../core/darts";
import { InputError } from "../core/errors";
import {
  type Choices,
  chosenOperations,
  edgesOf,
  type NetworkSizes,
  type Row,
  rowOffsets,
  type SearchSpace,
} from "../core/space";
import { appender, type Parameter } from "./parameter";

/**
 * The networks of DARTS (Liu, Simonyan and Yang, ICLR 2019; model_search.py and model.py of their code, quark0/darts): a stem, then cells
 * of two inputs each, the outputs of the two cells before it. The discrete network of an architecture is theirs for evaluation
 * (NetworkCIFAR) without its auxiliary head and without dropped paths.
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
  /** Of its first choice among all mixing weights; 0 in a discrete network, which has a single one for all. */
  readonly offset: number;
}

/** A cell of the network. */
export interface DartsCell extends PlacedCell {
  readonly name: string;
  readonly edges: readonly DartsEdge[];
}

/**
 * All cells of the network of a space that has the cells of DARTS; of a discrete network with the edges that it keeps, each with its
 * chosen operation alone.
 * @throws {InputError} where the architecture is not one choice for every row
 */
export function dartsCells(space: SearchSpace, sizes: NetworkSizes, architecture?: Choices): DartsCell[] {
  const { rows, cellKinds } = space;
  const edges = edgesOf(space);
  const offsets = rowOffsets(rows);
  const chosen = architecture && chosenOperations(space, architecture);
  const [normal, reduction] = cellKinds.map(({ first, end }) =>
    rows.slice(first, end).flatMap((row, i): DartsEdge[] => {
      const r = first + i;
      const [from, to] = edges[r];
      if (!chosen) return [{ from, to, row, offset: offsets[r] }];
      const operation = chosen[r];
      return operation === "none" ? [] : [{ from, to, row: { ...row, choices: [operation] }, offset: 0 }];
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
export function applications({ times }: Pick<Separable, "times">): string[] {
  return times === 1 ? [""] : Array.from({ length: times }, (_, i) => String(i + 1));
}

/**
 * Trainable tensors. Convolutions have no bias. Batch norm is affine in the stem alone in the search network, everywhere in a discrete
 * one, as upstream; pools have none in a discrete network.
 * @throws {InputError} where an operation is unknown, or the architecture is not one choice for every row
 */
export function dartsLayout(space: SearchSpace, sizes: NetworkSizes, architecture?: Choices, partial = 1): Parameter[] {
  const layout: Parameter[] = [];
  const add = appender(layout);
  const affine = (name: string, channels: number) => {
    add(`${name}/scale`, [channels], "one");
    add(`${name}/offset`, [channels], "zero");
  };
  const norm = (name: string, channels: number) => {
    if (architecture) affine(name, channels);
  };
  const reduction = (name: string, ins: number, outs: number) => {
    add(`${name}/conv1`, [1, 1, ins, outs / 2], "fan-in");
    add(`${name}/conv2`, [1, 1, ins, outs / 2], "fan-in");
    norm(name, outs);
  };
  const stem = STEM_MULTIPLIER * sizes.channels;
  add("stem/conv", [3, 3, sizes.imageChannels, stem], "fan-in");
  affine("stem", stem);
  const cells = dartsCells(space, sizes, architecture);
  for (const cell of cells) {
    const { name: cellName, channels, inputs, halvesFirst, edges } = cell;
    for (const [i, ins] of inputs.entries()) {
      const name = `${cellName}/input${i}`;
      if (i === 0 && halvesFirst) reduction(name, ins, channels);
      else {
        add(`${name}/conv`, [1, 1, ins, channels], "fan-in");
        norm(name, channels);
      }
    }
    const width = architecture ? channels : channels / partial;
    for (const { from, row } of edges) {
      for (const operation of row.choices) {
        const name = `${cellName}/${row.name}/${operation}`;
        const separable = SEPARABLE[operation];
        if (separable) {
          const { kernel } = separable;
          for (const application of applications(separable)) {
            add(`${name}/depthwise${application}`, [kernel, kernel, width], "fan-in");
            add(`${name}/pointwise${application}`, [1, 1, width, width], "fan-in");
            norm(`${name}/pointwise${application}`, channels);
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
