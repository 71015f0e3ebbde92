import { cellOfCode } from "./nasbench101";
import type { Estimate, Sample } from "./nasbench101-figures";
import { RandomStream } from "./random";

/** How well the estimate does on cells that it was not fitted to, against one run of the benchmark for each. */
export interface EstimateQuality {
  readonly cells: number;
  /** Spearman's rank correlation between estimates and accuracies. */
  readonly spearman: number;
  /** Of the estimate, percentage points of validation accuracy; the median error leaves out what diverged runs do to the mean. */
  readonly meanAbsoluteError: number;
  readonly medianAbsoluteError: number;
}

/** What public/benchmarks/nasbench101-estimate.json holds. */
export interface EstimateReport {
  readonly seed: number;
  readonly trainingCells: number;
  /** On a random tenth of the sample, held out from the fit. */
  readonly heldOut: EstimateQuality;
  /** On those of the tenth that lie within a space of NAS-Bench-1Shot1, by its id. */
  readonly spaces: Readonly<Record<string, EstimateQuality>>;
}

/** Places in the sample of the tenth that is held out. */
export function heldOut(cells: number, seed: number): number[] {
  return [...new RandomStream(seed, "held-out").permutation(cells).subarray(0, Math.floor(cells / 10))];
}

/** Compares estimates with the sample's accuracies. @param places in the sample, at least two */
export function assess(estimate: Estimate, sample: Sample, places: readonly number[]): EstimateQuality {
  const truth = places.map((i) => sample.validAccuracy[i]);
  const guess = places.map((i) => estimate.validAccuracy(cellOfCode(sample.codes[i])));
  const errors = guess.map((value, i) => Math.abs(value - truth[i])).sort((a, b) => a - b);
  const rounded = (value: number) => Math.round(1e4 * value) / 1e4;
  return {
    cells: places.length,
    spearman: rounded(correlation(ranks(guess), ranks(truth))),
    meanAbsoluteError: rounded(mean(errors)),
    medianAbsoluteError: rounded((errors[(errors.length - 1) >> 1] + errors[errors.length >> 1]) / 2),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Places of values among all, from 0; equals share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const rank = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) rank[order[i]] = (first + end - 1) / 2;
    first = end;
  }
  return rank;
}

/** Pearson's correlation. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = (x: readonly number[], y: readonly number[], meanX: number, meanY: number) =>
    x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0);
  return covariance(a, b, meanA, meanB) / Math.sqrt(covariance(a, a, meanA, meanA) * covariance(b, b, meanB, meanB));
}
