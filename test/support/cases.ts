import { NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { type NetworkSizes, rowOffsets, type SearchSpace } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { initialWeights, parameterLayout } from "../../src/engine/network";

/** A network of NAS-Bench-201 with all that one step of it takes, drawn from a seed. */
export interface Case {
  readonly spec: SupernetSpec;
  readonly weights: Float32Array;
  readonly batch: Batch;
  readonly mixing: Float64Array;
}

const SIZES: NetworkSizes = { channels: 4, cells: 1, image: 8, imageChannels: 3, classes: 10 };

export function supernetCase(sizes: Partial<NetworkSizes>, batch: number, mix: Mix = "dense", seed = 1): Case {
  return drawn({ space: SPACE, sizes: { ...SIZES, ...sizes }, batch }, mix, seed);
}

/** The same with partial channels. Rows do not sum to one: their sums are the weights of the channels that bypass the operations. */
export function partialCase(
  partial: number,
  sizes: Partial<NetworkSizes>,
  batch: number,
  mix: Mix = "dense",
  seed = 1,
) {
  return withEdgeWeights(drawn({ space: SPACE, sizes: { ...SIZES, ...sizes }, batch, partial }, mix, seed));
}

/** Another weight for every edge. */
export function withEdgeWeights(made: Case): Case {
  const { rows } = made.spec.space;
  const shares = rows.flatMap(({ choices }, row) => choices.map(() => (0.5 + row) / rows.length));
  return { ...made, mixing: made.mixing.map((p, i) => p * shares[i]) };
}

/** The same of the discrete network of a cell in NAS-Bench-201's notation; it takes no mixing weights. */
export function discreteCase(cell: string, sizes: Partial<NetworkSizes>, batch: number, seed = 1): Case {
  const spec = { space: SPACE, sizes: { ...SIZES, ...sizes }, batch, architecture: SPACE.parse(cell) };
  return { ...drawn(spec, "zero", seed), mixing: new Float64Array(0) };
}

/** Cells that between them have every operation, nodes without input, nodes without output, and no path at all. */
export const CELLS = {
  "every operation": "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|",
  "sums of terms alone": "|avg_pool_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|avg_pool_3x3~0|skip_connect~1|none~2|",
  "convolutions alone":
    "|nor_conv_1x1~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_3x3~1|nor_conv_1x1~2|",
  "a node without input": "|none~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|",
  "a node without output": "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|",
  "no path": "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
  "nothing at all": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
} as const;

/** The running statistics that a discrete network begins with. */
export function fresh({
  space,
  sizes,
  architecture,
}: SupernetSpec): Map<string, { mean: number[]; variance: number[] }> {
  const scales = parameterLayout(space, sizes, architecture).filter(({ name }) => name.endsWith("/scale"));
  return new Map(
    scales.map(({ name, size }) => [
      name.slice(0, -"/scale".length),
      { mean: new Array<number>(size).fill(0), variance: new Array<number>(size).fill(1) },
    ]),
  );
}

/** A network with everything drawn from a seed. */
export function drawn(spec: SupernetSpec, mix: Mix, seed: number): Case {
  const { batch } = spec;
  const random = new RandomStream(seed, "case");
  const { image, imageChannels, classes } = spec.sizes;
  const weights = initialWeights(parameterLayout(spec.space, spec.sizes, spec.architecture, spec.partial), random);
  // Scales, offsets and biases start at one and zero, where a wrong gradient can hide.
  for (let i = 0; i < weights.length; i++)
    if (weights[i] === 0 || weights[i] === 1) weights[i] += 0.3 * random.normal();
  return {
    spec,
    weights,
    batch: {
      images: Float32Array.from(random.normals(batch * image * image * imageChannels)),
      labels: Uint8Array.from({ length: batch }, () => random.integer(classes)),
    },
    mixing: mixingWeights(spec.space, mix, random),
  };
}

export type Mix = "dense" | "one-hot" | "zero";

function mixingWeights(space: SearchSpace, mix: Mix, random: RandomStream): Float64Array {
  const mixing = new Float64Array(space.size);
  if (mix === "zero") return mixing;
  const offsets = rowOffsets(space.rows);
  for (const [r, row] of space.rows.entries()) {
    const draws = row.choices.map(() => random.uniform());
    const total = draws.reduce((sum, draw) => sum + draw, 0);
    const chosen = random.integer(row.choices.length);
    for (const [o, draw] of draws.entries())
      mixing[offsets[r] + o] = mix === "dense" ? draw / total : o === chosen ? 1 : 0;
  }
  return mixing;
}

/** Below it a reference is rounding where a zero was meant, and the difference counts as it is. */
const NOTHING = 1e-9;

/** Largest difference, relative to the largest reference value; not a number where a value is none, or missing. */
export function relativeError(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (values.length !== reference.length) return Number.NaN;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < reference.length; i++) {
    largest = Math.max(largest, Math.abs(reference[i]));
    difference = Math.max(difference, Math.abs(values[i] - reference[i]));
  }
  return largest < NOTHING ? difference : difference / largest;
}

/** Slope of f along one coordinate of `x`: a central difference, for functions in float64. */
export function slope(f: (x: Float64Array) => number, x: ArrayLike<number>, index: number, h = 1e-6): number {
  const moved = Float64Array.from(x);
  moved[index] = x[index] + h;
  const up = f(moved);
  moved[index] = x[index] - h;
  return (up - f(moved)) / (2 * h);
}
