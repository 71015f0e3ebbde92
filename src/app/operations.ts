import type { SearchSpace } from "../core/space";

/** How an operation looks and reads, the same everywhere on the page: a hue, a dash pattern as the second cue, and words. */
export interface OperationLook {
  readonly id: string;
  /** At most four letters, for where room is short. */
  readonly short: string;
  readonly name: string;
  readonly colour: string;
  /** Text on top of the hue. */
  readonly onColour: string;
  /** SVG dash pattern of a thin line; empty for a solid one. */
  readonly dash: string;
  /** One sentence: what it computes. */
  readonly note: string;
}

const look = (id: string, hue: string, short: string, name: string, dash: string, note: string): OperationLook => ({
  id,
  short,
  name,
  dash,
  note,
  colour: `var(--op-${hue})`,
  onColour: `var(--on-${hue})`,
});

const LOOKS: Readonly<Record<string, OperationLook>> = Object.fromEntries(
  [
    look("none", "none", "none", "none", "1.5 3", "The edge is cut: it passes zeros on."),
    look(
      "skip_connect",
      "skip",
      "skip",
      "skip",
      "7 2 1.5 2",
      "The identity: the edge passes its node on unchanged and has no parameters.",
    ),
    look("nor_conv_1x1", "conv1", "1×1", "conv 1×1", "4.5 2.5", "ReLU, 1×1 convolution, batch norm."),
    look("nor_conv_3x3", "conv3", "3×3", "conv 3×3", "", "ReLU, 3×3 convolution, batch norm."),
    look(
      "sep_conv_3x3",
      "conv3",
      "sep3",
      "sep conv 3×3",
      "",
      "Twice ReLU, depthwise 3×3, pointwise 1×1 convolution, batch norm.",
    ),
    look(
      "sep_conv_5x5",
      "sep5",
      "sep5",
      "sep conv 5×5",
      "12 2",
      "Twice ReLU, depthwise 5×5, pointwise 1×1 convolution, batch norm.",
    ),
    look(
      "dil_conv_3x3",
      "conv1",
      "dil3",
      "dil conv 3×3",
      "4.5 2.5",
      "ReLU, depthwise 3×3 with gaps of one pixel (dilation 2), pointwise 1×1 convolution, batch norm.",
    ),
    look(
      "dil_conv_5x5",
      "dil5",
      "dil5",
      "dil conv 5×5",
      "3 2",
      "ReLU, depthwise 5×5 with gaps of one pixel (dilation 2), pointwise 1×1 convolution, batch norm.",
    ),
    look(
      "max_pool_3x3",
      "max",
      "max",
      "max pool 3×3",
      "10 2 3 2",
      "3×3 max pooling: it keeps the strongest and has no weights.",
    ),
    look("avg_pool_3x3", "pool", "avg", "avg pool 3×3", "10 3", "3×3 average pooling: it smooths and has no weights."),
    look("conv3x3-bn-relu", "conv3", "3×3", "conv 3×3", "", "3×3 convolution, batch norm, ReLU."),
    look("conv1x1-bn-relu", "conv1", "1×1", "conv 1×1", "4.5 2.5", "1×1 convolution, batch norm, ReLU."),
    look(
      "maxpool3x3",
      "max",
      "max",
      "max pool 3×3",
      "10 2 3 2",
      "3×3 max pooling: it keeps the strongest and has no weights.",
    ),
    look(
      "input",
      "none",
      "in",
      "input",
      "1.5 3",
      "The cell's input, brought to the block's channels by a 1×1 convolution, batch norm and ReLU.",
    ),
    ...["skip", "pool", "sep5", "dil5", "ink"].map((hue, i) =>
      look(
        `block${i + 1}`,
        hue,
        `b${i + 1}`,
        `block ${i + 1}`,
        ["7 2 1.5 2", "10 3", "12 2", "3 2", ""][i],
        `What block ${i + 1} makes.`,
      ),
    ),
  ].map((each) => [each.id, each]),
);

export function lookOf(operation: string): OperationLook {
  return LOOKS[operation] ?? look(operation, "none", operation.slice(0, 4), operation, "", "");
}

/** What a row decided for: where edges are dropped, `none` is that the edge is. */
export function outcomeOf({ keptEdges }: SearchSpace, operation: string): Pick<OperationLook, "name" | "short"> {
  return keptEdges !== null && operation === "none" ? { name: "dropped", short: "drop" } : lookOf(operation);
}

/** An edge as people read it, from source to target: "0→1". */
export function arrow([from, to]: readonly [number, number]): string {
  return `${from}→${to}`;
}

/** What a row decides for in few letters: an edge, "0→1", or where nodes decide the row's own name, "block1". */
export function shortName(space: SearchSpace, row: number): string {
  return space.rowsAre === "edges" ? arrow(space.edges[row]) : space.rows[row].name;
}

/** The same with its kind of cell, where a space has more than one: "normal 0→2". */
export function edgeName(space: SearchSpace, row: number): string {
  const { cellKinds } = space;
  if (cellKinds.length === 1) return shortName(space, row);
  return `${cellKinds.find(({ end }) => row < end)?.name} ${shortName(space, row)}`;
}
