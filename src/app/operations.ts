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
    look("avg_pool_3x3", "pool", "avg", "avg pool 3×3", "10 3", "3×3 average pooling: it smooths and has no weights."),
  ].map((each) => [each.id, each]),
);

export function lookOf(operation: string): OperationLook {
  return LOOKS[operation] ?? look(operation, "none", operation.slice(0, 4), operation, "", "");
}

/** An edge as people read it, from source to target: "0→1". */
export function edgeName([from, to]: readonly [number, number]): string {
  return `${from}→${to}`;
}
