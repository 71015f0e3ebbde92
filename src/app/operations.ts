import { picked, type SearchSpace } from "../core/space";

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

/** What a row decides for in few letters: an edge, "0→1"; a block's operation, "b2"; inputs, "→b3" or "→out". */
export function shortName(space: SearchSpace, row: number): string {
  if (space.rowsAre === "edges") return arrow(space.edges[row]);
  const { kind, node } = space.rows[row];
  if (kind === "operation") return `b${node}`;
  return node === space.nodes - 1 ? "→out" : `→b${node}`;
}

/** The same in words, with its kind of cell where a space has more than one: "normal 0→2", "inputs of block 3". */
export function edgeName(space: SearchSpace, row: number): string {
  const { cellKinds } = space;
  if (space.rowsAre === "nodes" && space.rows[row].kind === "inputs") {
    const { node } = space.rows[row];
    return `inputs of ${node === space.nodes - 1 ? "the output" : `block ${node}`}`;
  }
  if (space.rowsAre === "nodes") return `block ${space.rows[row].node}`;
  if (cellKinds.length === 1) return shortName(space, row);
  return `${cellKinds.find(({ end }) => row < end)?.name} ${shortName(space, row)}`;
}

/** Where something stands, for a sentence: "on 0→1", "in block 2", "among the inputs of block 3". */
export function placeOf(space: SearchSpace, row: number): string {
  if (space.rowsAre === "edges") return `on ${edgeName(space, row)}`;
  return `${space.rows[row].kind === "operation" ? "in" : "among the"} ${edgeName(space, row)}`;
}

/** What a row's choice stands for, for example "conv 3×3" or "input + block 2". */
export function chosenName(space: SearchSpace, row: number, choice: number, key: "name" | "short" = "name"): string {
  const each = space.rows[row];
  return picked(each, choice)
    .map((candidate) => outcomeOf(space, each.choices[candidate])[key])
    .join(key === "name" ? " + " : "+");
}
