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
  /** Sample standard deviation of the CIFAR-10 validation accuracy over the runs, percentage points; null with a single run. */
  readonly spread: number | null;
  /** Trainable scalars of the cell as drawn (C=16, N=5, 10 classes). */
  readonly parameters: number;
  /** Multiply-accumulates of one 32 px image. */
  readonly flops: number;
  /** Isomorphism class, 0..6465. */
  readonly isomorphismClass: number;
}
