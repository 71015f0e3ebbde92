import { BENCHMARK_SETS } from "../../core/benchmark";
import { mean } from "../../core/statistics";
import { parseRunFile } from "../../search/runfile";

/** What a sweep keeps of a run file. */
export interface Outcome {
  readonly name: string;
  readonly seed: number;
  readonly architecture: string;
  /** Test accuracy of the decided cell, %, on CIFAR-10, CIFAR-100, ImageNet16-120. */
  readonly test: readonly number[];
  /** CIFAR-10 test accuracy of the cell decided on at each evaluation, %. */
  readonly along: readonly number[];
  /** Edges of the decided cell that skip, at each evaluation. */
  readonly skips: readonly number[];
  /** Mean of the scales at the end; null for a point estimate. */
  readonly scale: number | null;
  /** Root mean square of the architecture gradient over the last hundred steps; null where there is none. */
  readonly gradient: number | null;
  readonly seconds: number;
}

/** As outcomes keep figures: four digits. */
export const rounded = (value: number) => Number(value.toPrecision(4));

/** @param text a run file that ends in a result, of a space with a table */
export function outcomeOf(name: string, text: string): Outcome {
  const records = parseRunFile(text);
  const steps = records.flatMap((record) => (record.kind === "step" ? [record] : []));
  const evaluations = records.flatMap((record) => (record.kind === "evaluation" ? [record] : []));
  const [header] = records;
  const result = records[records.length - 1];
  if (result.kind !== "result" || !result.benchmark) throw new Error(`${name} has no result with figures`);
  const { benchmark } = result;
  const gradients = steps.slice(-100).flatMap(({ gradient }) => gradient?.flat() ?? []);
  const { scale } = steps[steps.length - 1];
  return {
    name,
    seed: header.seed,
    architecture: result.architecture,
    test: BENCHMARK_SETS.map((set) => rounded(benchmark[set].test)),
    along: evaluations.map((evaluation) => rounded(evaluation.benchmark?.cifar10.test ?? Number.NaN)),
    skips: evaluations.map(({ architecture }) => architecture.split("skip_connect").length - 1),
    scale: scale && rounded(mean(scale)),
    gradient: gradients.length > 0 ? rounded(Math.sqrt(mean(gradients.map((g) => g * g)))) : null,
    seconds: Math.round(result.seconds),
  };
}
