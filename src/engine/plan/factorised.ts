import { WINDOW } from "./kernels";
import {
  type Context,
  type Convolution,
  convData,
  convForward,
  convolutions,
  convWeights,
  keeps,
  windowOf,
} from "./layer";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/** Adds the copy of channels, see kernels.ts. */
export function copyChannels(
  { program }: Context,
  from: { readonly tensor: Tensor; readonly channel: number },
  to: { readonly tensor: Tensor; readonly channel: number },
  channels: number,
  add = false,
): void {
  const [x, y] = [from.tensor, to.tensor];
  program.add("copy", {
    x: x.offset,
    xVectors: x.vectors,
    from: from.channel,
    y: y.offset,
    yVectors: y.vectors,
    to: to.channel,
    channels,
    positions: x.side * x.side,
    add: add ? 1 : 0,
  });
}

/** Factorised reductions of one input whose forward entries were added, without their batch norm. */
export interface Reduction {
  /** Outputs, each of them in vectors of its own. */
  readonly z: Tensor;
  /** Adds the backward entries: z holds dL/dz. Writes dx, or adds to it. */
  backward(dx: Tensor, add: boolean): void;
  /** Releases what the backward pass needed. */
  release(): void;
}

/**
 * Factorised reductions (FactorizedReduce of quark0/darts): rectifier, then two 1 x 1 convolutions of stride 2 to half of the channels each,
 * the second of them of the image moved by one pixel to the upper left; beyond the border it sees zeros.
 */
export function reductions(context: Context, names: readonly string[], x: Tensor, channels: number): Reduction {
  const { program } = context;
  const half = channels / 2;
  const conv = (input: Tensor, which: string, stride: number) => {
    const own = names.map((name) => `${name}/${which}`);
    const made = convolutions(context, own, input, { kernel: 1, stride, channels: half, rectify: true });
    convForward(context, made);
    return made;
  };
  const first = conv(x, "conv1", 2);
  const moved = program.tensor(first.z.side, x.vectors);
  const window = windowOf(WINDOW.last, 2, x, moved);
  program.add("windows", { ...window, x: x.offset, y: moved.offset });
  const second = conv(moved, "conv2", 1);
  const z = program.tensor(first.z.side, names.length * vectorsOf(channels));
  /** Both convolutions' halves of every output, in z and in their own outputs. */
  const halves = ({ z: own }: Convolution, start: number) =>
    names.map((_, i) => ({
      own: { tensor: own, channel: 4 * i * vectorsOf(half) },
      joint: { tensor: z, channel: 4 * i * vectorsOf(channels) + start },
    }));
  // In the order of their channels: a copy clears what follows it.
  for (const { own, joint } of halves(first, 0)) copyChannels(context, own, joint, half);
  for (const { own, joint } of halves(second, half)) copyChannels(context, own, joint, half);
  const release = () => program.release(first.z, second.z, moved);
  if (!keeps(context)) release();
  return {
    z,
    backward(dx, add) {
      for (const { own, joint } of [...halves(first, 0), ...halves(second, half)]) {
        copyChannels(context, joint, own, half);
      }
      convWeights(context, first, first.z);
      convData(context, first, first.z, dx, add);
      convWeights(context, second, second.z);
      const dMoved = program.tensor(moved.side, moved.vectors);
      convData(context, second, second.z, dMoved, false);
      program.add("windowsData", { ...window, dy: dMoved.offset, dx: dx.offset, add: 1, weight: -1 });
      program.release(dMoved);
    },
    release,
  };
}
