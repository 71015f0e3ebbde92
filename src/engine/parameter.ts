/** How a trainable tensor starts: uniform within one over the root of its fan-in (PyTorch's default), ones, or zeros. */
type Start = "fan-in" | "one" | "zero";

/** One tensor of the network's state and its place in the flat vector of all of its kind. */
export interface Parameter {
  /** For example "stem/conv", "cell2/3<-1/nor_conv_3x3", "reduce1/conv2/scale", "head/bias", "stem/variance". */
  readonly name: string;
  /**
   * Convolutions: height, width, in, out; depthwise ones: height, width, channels. The classifier: in, out. Scales, offsets, bias, means,
   * variances: channels.
   */
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  readonly start: Start;
  /** In channels come in so many groups of equal size, one after the other, each of which engines may pad on its own. */
  readonly groups: number;
}

/** A function that appends to a layout. */
export function appender(
  layout: Parameter[],
): (name: string, shape: readonly number[], start: Start, groups?: number) => void {
  return (name, shape, start, groups = 1) => {
    const last = layout[layout.length - 1];
    const size = shape.reduce((product, side) => product * side, 1);
    layout.push({ name, shape, offset: last ? last.offset + last.size : 0, size, start, groups });
  };
}
