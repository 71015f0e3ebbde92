import { InputError } from "./errors";
import { gunzip } from "./gunzip";
import { CELLS, cellCode } from "./nasbench201";
import type { Choices } from "./space";

/** Data sets of the benchmark, in the order in which its figures are kept. */
export const BENCHMARK_SETS = ["cifar10", "cifar100", "imagenet16-120"] as const;
export type BenchmarkSet = (typeof BENCHMARK_SETS)[number];

/** Accuracies in %, mean over the benchmark's runs of 200 epochs. */
export interface SetAccuracy {
  readonly valid: number;
  readonly test: number;
}

/** The benchmark's figures for one cell. */
export interface CellFigures {
  /** The benchmark's own index, 0..15624. */
  readonly index: number;
  readonly accuracy: Readonly<Record<BenchmarkSet, SetAccuracy>>;
  /** Place by test accuracy on each set among all cells, 1 the best; ties share the better place. */
  readonly rank: Readonly<Record<BenchmarkSet, number>>;
  /** How many runs the accuracies are the mean of, 2 or 3. */
  readonly runs: number;
  /** Sample standard deviation of the CIFAR-10 validation accuracy over the runs, percentage points. */
  readonly spread: number;
  /** Trainable scalars of the cell as drawn (C=16, N=5, 10 classes). */
  readonly parameters: number;
  /** Multiply-accumulates of one 32 px image. */
  readonly flops: number;
  /** Isomorphism class, 0..6465. */
  readonly isomorphismClass: number;
}

/** The best cell of the space on one data set, by test accuracy. */
export interface Optimum {
  /** Its `cellCode`. */
  readonly code: number;
  readonly index: number;
  /** %. */
  readonly test: number;
}

/**
 * What BaLeNAS-TF reaches on NAS-Bench-201, %: the lines to measure a search against.
 * Source: Zhang et al., "BaLeNAS: Differentiable Architecture Search via the Bayesian Learning Rule", CVPR 2022.
 */
export const BALENAS_TF: Readonly<Record<BenchmarkSet, SetAccuracy>> = {
  cifar10: { valid: 91.52, test: 94.33 },
  cifar100: { valid: 72.67, test: 72.95 },
  "imagenet16-120": { valid: 46.14, test: 46.54 },
};

/**
 * The file of figures. An accuracy is kept as the number of right answers over all runs, so that it comes back exactly.
 *
 *   8 bytes    magic
 *   the rest   gzip of: column after column, the cells of each in the order of `cellCode`; numbers of two bytes as all low bytes,
 *              then all high bytes; then the costs, 28 of them, as pairs of little-endian uint32: parameters, FLOPs
 */
export const BENCHMARK_MAGIC = "NB201.01";

/** Two bytes a cell. Right answers are kept less the column's `base`, which is below its least. */
export const WIDE_COLUMNS = {
  index: {},
  "cifar10/valid": { images: 25_000, base: 4_000 },
  "cifar10/test": { images: 10_000, base: 0 },
  "cifar100/valid": { images: 5_000, base: 0 },
  "cifar100/test": { images: 5_000, base: 0 },
  "imagenet16-120/valid": { images: 3_000, base: 0 },
  "imagenet16-120/test": { images: 3_000, base: 0 },
  /** In thousandths of a percentage point. */
  spread: {},
  isomorphismClass: {},
} as const;
export const NARROW_COLUMNS = ["runs", "cost"] as const;
export const COSTS = 28;

type AccuracyColumn = `${BenchmarkSet}/${keyof SetAccuracy}`;

const WIDE_NAMES = Object.keys(WIDE_COLUMNS) as (keyof typeof WIDE_COLUMNS)[];
const BODY_BYTES = CELLS * (2 * WIDE_NAMES.length + NARROW_COLUMNS.length) + 8 * COSTS;

/** Every cell's figures in NAS-Bench-201 and NATS-Bench. */
export class Benchmark {
  /** Number of cells. */
  readonly size = CELLS;
  private readonly wide: Record<keyof typeof WIDE_COLUMNS, Uint16Array>;
  private readonly runs: Uint8Array;
  private readonly costId: Uint8Array;
  private readonly costs: Uint32Array;
  private readonly ranks = new Map<BenchmarkSet, Uint16Array>();
  private readonly columns = new Map<BenchmarkSet, Float32Array>();

  /** @param body what the file holds compressed */
  constructor(body: Uint8Array) {
    let offset = 0;
    const take = () => {
      offset += CELLS;
      return body.subarray(offset - CELLS, offset);
    };
    const wide = () => {
      const low = take();
      const high = take();
      return Uint16Array.from(low, (byte, i) => byte | (high[i] << 8));
    };
    this.wide = Object.fromEntries(WIDE_NAMES.map((name) => [name, wide()])) as typeof this.wide;
    this.runs = take();
    this.costId = take();
    const view = new DataView(body.buffer, body.byteOffset + offset);
    this.costs = Uint32Array.from({ length: 2 * COSTS }, (_, i) => view.getUint32(4 * i, true));
  }

  /** Everything that is known of one cell. */
  figures(choices: Choices): CellFigures {
    const code = cellCode(choices);
    const perSet = <T>(value: (set: BenchmarkSet) => T) =>
      Object.fromEntries(BENCHMARK_SETS.map((set) => [set, value(set)])) as Record<BenchmarkSet, T>;
    return {
      index: this.wide.index[code],
      accuracy: perSet((set) => ({
        valid: this.accuracy(`${set}/valid`, code),
        test: this.accuracy(`${set}/test`, code),
      })),
      rank: perSet((set) => this.testRank(set)[code]),
      runs: this.runs[code],
      spread: this.wide.spread[code] / 1000,
      parameters: this.costs[2 * this.costId[code]],
      flops: this.costs[2 * this.costId[code] + 1],
      isomorphismClass: this.wide.isomorphismClass[code],
    };
  }

  /** Test accuracy of every cell, %, in the order of `cellCode`. The array is shared: don't write to it. */
  testAccuracy(set: BenchmarkSet): Float32Array {
    const known = this.columns.get(set);
    if (known) return known;
    const column = Float32Array.from({ length: CELLS }, (_, code) => this.accuracy(`${set}/test`, code));
    this.columns.set(set, column);
    return column;
  }

  /** Validation accuracy of every cell, %, in the order of `cellCode`. */
  validAccuracy(set: BenchmarkSet): Float64Array {
    return Float64Array.from({ length: CELLS }, (_, code) => this.accuracy(`${set}/valid`, code));
  }

  /** Standard deviation of every cell's validation accuracy on CIFAR-10 over its runs, percentage points, in the order of `cellCode`. */
  spreads(): Float64Array {
    return Float64Array.from(this.wide.spread, (thousandths) => thousandths / 1000);
  }

  /** Place of every cell by test accuracy, 1 the best, in the order of `cellCode`. The array is shared: don't write to it. */
  testRank(set: BenchmarkSet): Uint16Array {
    const known = this.ranks.get(set);
    if (known) return known;
    const accuracy = this.testAccuracy(set);
    const best = Float32Array.from(accuracy).sort().reverse();
    const place = new Map<number, number>();
    best.forEach((value, i) => {
      if (!place.has(value)) place.set(value, i + 1);
    });
    const rank = Uint16Array.from(accuracy, (value) => place.get(value) as number);
    this.ranks.set(set, rank);
    return rank;
  }

  /** Trainable scalars of every cell as drawn (C=16, N=5, 10 classes), in the order of `cellCode`. */
  parameters(): Uint32Array {
    return Uint32Array.from(this.costId, (id) => this.costs[2 * id]);
  }

  optimum(set: BenchmarkSet): Optimum {
    const code = this.testRank(set).indexOf(1);
    return { code, index: this.wide.index[code], test: this.accuracy(`${set}/test`, code) };
  }

  /** Mean test accuracy over the whole space, %: what a random cell scores on average. */
  mean(set: BenchmarkSet): number {
    return this.testAccuracy(set).reduce((sum, value) => sum + value, 0) / CELLS;
  }

  private accuracy(name: AccuracyColumn, code: number): number {
    const { images, base } = WIDE_COLUMNS[name];
    return (100 * (this.wide[name][code] + base)) / (images * this.runs[code]);
  }
}

/**
 * Reads the file of figures, public/benchmarks/nasbench201.bin.
 * @throws {InputError} for a file that is damaged, cut short or another's
 */
export async function decodeBenchmark(file: ArrayBuffer | Uint8Array): Promise<Benchmark> {
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
  const magic = String.fromCharCode(...bytes.subarray(0, BENCHMARK_MAGIC.length));
  if (magic !== BENCHMARK_MAGIC) {
    throw new InputError(
      bytes.length < BENCHMARK_MAGIC.length
        ? `the file of benchmark figures is cut short at ${bytes.length} bytes: download benchmarks/nasbench201.bin again`
        : `this is not the file of benchmark figures that this version reads (it should begin with ${BENCHMARK_MAGIC}): take benchmarks/nasbench201.bin of the same version`,
    );
  }
  const { bytes: body, damaged } = await gunzip(bytes.subarray(BENCHMARK_MAGIC.length));
  if (damaged || body.length !== BODY_BYTES) {
    throw new InputError(
      `the file of benchmark figures is damaged or cut short (${body.length} of ${BODY_BYTES} bytes could be read): download benchmarks/nasbench201.bin again`,
    );
  }
  return new Benchmark(body);
}
