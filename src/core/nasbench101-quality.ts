import { cellOfCode } from "./nasbench101";
import type { Estimate, Sample } from "./nasbench101-figures";
import { RandomStream } from "./random";
import { mean, median, rankCorrelation } from "./statistics";

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
  const errors = guess.map((value, i) => Math.abs(value - truth[i]));
  const rounded = (value: number) => Math.round(1e4 * value) / 1e4;
  return {
    cells: places.length,
    spearman: rounded(rankCorrelation(guess, truth)),
    meanAbsoluteError: rounded(mean(errors)),
    medianAbsoluteError: rounded(median(errors)),
  };
}
