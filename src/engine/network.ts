import { InputError } from "../core/errors";
import { RandomStream } from "../core/random";
import { type Choices, chosenOperations, type NetworkSizes, type SearchSpace } from "../core/space";
import { dartsLayout } from "./darts";
import type { SupernetSpec } from "./engine";
import { forOneShot, oneShotLayout } from "./oneshot";
import { appender, type Parameter } from "./parameter";

/** Side of a cell operation's kernel, for the operations that hold weights. */
export const KERNELS: Readonly<Record<string, number>> = { nor_conv_1x1: 1, nor_conv_3x3: 3 };

/** Stages of the macro skeleton; each but the first opens with a residual block of stride 2 that doubles the channels. */
export const STAGES = 3;

/** Added to a variance before its root, as PyTorch's batch norm does. */
export const NORM_EPSILON = 1e-5;

/** Share of the batch's mean and (unbiased) variance in the next running ones, PyTorch's default. */
export const RUNNING_MOMENTUM = 0.1;

/** Output side of a stride-2 layer that pads on both sides. */
export function halved(side: number): number {
  return Math.ceil(side / 2);
}

/** Whether a path leads from each node to the last one. */
export function reachesEnd(nodes: number, edges: readonly { readonly from: number; readonly to: number }[]): boolean[] {
  const reaches = Array.from({ length: nodes }, (_, node) => node === nodes - 1);
  for (let node = nodes - 2; node >= 0; node--) {
    reaches[node] = edges.some(({ from, to }) => from === node && reaches[to]);
  }
  return reaches;
}

/** Layout of the networks of a space, by the space's id. */
const LAYOUTS: Readonly<Record<string, typeof parameterLayout>> = {
  nasbench201: nasBench201Layout,
  darts: dartsLayout,
  ...forOneShot(oneShotLayout),
};

/**
 * The trainable tensors of a space's supernet, or of the discrete network of an architecture, in the order in which every engine keeps
 * its weights.
 * @param partial as in `SupernetSpec`
 * @throws {InputError} where no network is known for the space, the architecture is not one choice for every row, or `partial` does not
 * divide the channels
 */
export function parameterLayout(
  space: SearchSpace,
  sizes: NetworkSizes,
  architecture?: Choices,
  partial = 1,
): Parameter[] {
  const layout = LAYOUTS[space.id];
  if (!layout) throw new InputError(`no network is known for the search space ${space.title}`);
  if (sizes.channels % partial > 0) {
    throw new InputError(
      `${sizes.channels} channels cannot be split in ${partial} equal parts; choose a multiple of ${partial} channels`,
    );
  }
  return layout(space, sizes, architecture, partial);
}

/**
 * NAS-Bench-201 (Dong and Yang, ICLR 2020). Convolutions have no bias. Batch norm is affine in the skeleton; in the cells it has no
 * parameters in the supernet, as upstream, and is affine in the discrete network of an architecture, which has only the operations that
 * were chosen: those of edges that lead nowhere too, as the benchmark counts.
 */
function nasBench201Layout(space: SearchSpace, sizes: NetworkSizes, architecture?: Choices, partial = 1): Parameter[] {
  const layout: Parameter[] = [];
  const add = appender(layout);
  const chosen = architecture && chosenOperations(space, architecture);
  const norm = (name: string, channels: number) => {
    add(`${name}/scale`, [channels], "one");
    add(`${name}/offset`, [channels], "zero");
  };
  add("stem/conv", [3, 3, sizes.imageChannels, sizes.channels], "fan-in");
  norm("stem", sizes.channels);
  for (let stage = 0; stage < STAGES; stage++) {
    const channels = sizes.channels * 2 ** stage;
    if (stage > 0) {
      add(`reduce${stage}/conv1`, [3, 3, channels / 2, channels], "fan-in");
      norm(`reduce${stage}/conv1`, channels);
      add(`reduce${stage}/conv2`, [3, 3, channels, channels], "fan-in");
      norm(`reduce${stage}/conv2`, channels);
      add(`reduce${stage}/shortcut`, [1, 1, channels / 2, channels], "fan-in");
    }
    for (let i = 0; i < sizes.cells; i++) {
      for (const [r, row] of space.rows.entries()) {
        for (const operation of chosen ? [chosen[r]] : row.choices) {
          const side = KERNELS[operation];
          if (side === undefined) continue;
          const name = `cell${stage * sizes.cells + i}/${row.name}/${operation}`;
          const width = chosen ? channels : channels / partial;
          add(name, [side, side, width, width], "fan-in");
          if (chosen) norm(name, channels);
        }
      }
    }
  }
  const width = sizes.channels * 2 ** (STAGES - 1);
  norm("head", width);
  add("head/weight", [width, sizes.classes], "fan-in");
  add("head/bias", [sizes.classes], "zero");
  return layout;
}

/** Running mean and variance of every batch norm of a layout, in its order: what a discrete network keeps beside its weights. */
export function runningLayout(layout: readonly Parameter[]): Parameter[] {
  const running: Parameter[] = [];
  const add = appender(running);
  for (const { name, shape } of layout) {
    if (!name.endsWith("/scale")) continue;
    const norm = name.slice(0, -"/scale".length);
    add(`${norm}/mean`, shape, "zero");
    add(`${norm}/variance`, shape, "one");
  }
  return running;
}

/** @throws {InputError} where there are no mixing weights to differentiate by */
export function requireSupernet({ architecture }: SupernetSpec): void {
  if (!architecture) return;
  throw new InputError(
    "a discrete network has no mixing weights to differentiate by; create the engine without an architecture",
  );
}

/**
 * The whole state of a network of `count` weights: weights, velocities, running statistics.
 * @param running layout of the running statistics; empty for a supernet
 * @param state whole, or weights alone: then the velocities are zero, running means zero and running variances one
 * @throws {InputError} where it is of another length
 */
export function wholeState(count: number, running: readonly Parameter[], state: ArrayLike<number>): Float32Array {
  const whole = new Float32Array(2 * count + layoutSize(running));
  if (state.length !== count && state.length !== whole.length) {
    const rest = running.length > 0 ? "velocities and running statistics" : "velocities";
    throw new InputError(`expected ${count} weights, or ${whole.length} with their ${rest}, got ${state.length}`);
  }
  for (const { offset, size, start } of running) {
    if (start === "one") whole.fill(1, 2 * count + offset, 2 * count + offset + size);
  }
  whole.set(state);
  return whole;
}

/** Scalars that a layout holds. */
export function layoutSize(layout: readonly Parameter[]): number {
  const last = layout.at(-1);
  return last ? last.offset + last.size : 0;
}

/** Initial weights for a layout, the same on every device: they are drawn here, in the layout's order. */
export function initialWeights(layout: readonly Parameter[], random: RandomStream): Float32Array {
  const weights = new Float32Array(layoutSize(layout));
  for (const { shape, offset, size, start } of layout) {
    if (start === "zero") continue;
    const bound = 1 / Math.sqrt(size / shape[shape.length - 1]);
    for (let i = offset; i < offset + size; i++) weights[i] = start === "one" ? 1 : bound * (2 * random.uniform() - 1);
  }
  return weights;
}

/**
 * Initial weights for several layouts, the same wherever parameters have name and shape in common: each is drawn from a stream of its
 * own. So networks that differ in some operations begin alike in the others.
 */
export function commonWeights(layouts: readonly (readonly Parameter[])[], seed: number): Float32Array[] {
  return layouts.map((layout) => {
    const weights = new Float32Array(layoutSize(layout));
    for (const parameter of layout) {
      const random = new RandomStream(seed, `weights/${parameter.name}`);
      weights.set(initialWeights([{ ...parameter, offset: 0 }], random), parameter.offset);
    }
    return weights;
  });
}
