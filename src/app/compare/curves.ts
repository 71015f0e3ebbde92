import type { Benchmark } from "../../core/benchmark";
import { cellCode } from "../../core/nasbench201";
import { choiceProbabilities, entropyOf, optionProbabilities, rowEntropies } from "../../core/posterior";
import { softmaxRows } from "../../core/softmax";
import { mean as average } from "../../core/statistics";
import { stepsToDraw } from "../charts/scale";
import type { Datum, Series } from "../charts/series";
import { RUN_STYLES } from "../charts/style";
import { RunningMean } from "../curves/curves";
import type { Recording } from "../recording";
import { type Group, statisticOf } from "./groups";

/** Points along a curve. */
const POINTS = 100;

/**
 * Whose entropy: of the probabilities that an operation wins, where every run has Gaussians; else of the mixing weights at the mean,
 * which every method has.
 */
export type EntropyOf = "wins" | "mixing";

/** The curves of one run, worked out where they are asked for and kept. */
export class RunCurves {
  private readonly entropies: Record<EntropyOf, Map<number, number>> = { wins: new Map(), mixing: new Map() };
  private readonly smoothed = new RunningMean();
  private readonly losses: number[] = [];
  private seen = 0;

  constructor(readonly recording: Recording) {}

  /** Benchmark test accuracy on CIFAR-10 of the most probable cell after a step, %. */
  accuracy(step: number, benchmark: Benchmark): number {
    const { recording } = this;
    return benchmark.testAccuracy("cifar10")[cellCode(recording.space.discretise(recording.mean(step)))];
  }

  hasEntropy(step: number, of: EntropyOf): boolean {
    return this.entropies[of].has(step);
  }

  /** Entropy after a step, mean over the edges, bit. */
  entropy(step: number, of: EntropyOf): number {
    const known = this.entropies[of].get(step);
    if (known !== undefined) return known;
    const value = average(Array.from(this.rowNats(step, of))) / Math.LN2;
    this.entropies[of].set(step, value);
    return value;
  }

  private rowNats(step: number, of: EntropyOf): ArrayLike<number> {
    const { space } = this.recording;
    const { rows } = space;
    const [mean, scale] = [this.recording.mean(step), this.recording.scale(step)];
    if (of === "mixing") return rowEntropies(rows, softmaxRows(rows, mean));
    if (space.keptEdges === null) return optionProbabilities(rows, mean, scale).map(entropyOf);
    return rowEntropies(rows, choiceProbabilities(space, mean, scale));
  }

  /** Running mean of the loss on the architecture half's batches, nats; NaN before the first. */
  loss(step: number): number {
    for (; this.seen < step; this.seen++) {
      this.losses.push(this.smoothed.add(this.recording.scalar(this.seen + 1, "validLoss")));
    }
    return this.losses[step - 1] ?? Number.NaN;
  }
}

const known = new WeakMap<Recording, { curves: RunCurves; steps: number; recoveries: number }>();

/** The curves of a recording. Steps that were taken back void them. */
export function curvesOf(recording: Recording): RunCurves {
  const { steps } = recording;
  const recoveries = recording.changes.filter(({ recovered }) => recovered).length;
  const found = known.get(recording);
  const valid = found && found.steps <= steps && found.recoveries === recoveries;
  const curves = valid ? found.curves : new RunCurves(recording);
  known.set(recording, { curves, steps, recoveries });
  return curves;
}

/** Steps at which runs are drawn together: evenly over the longest, and the last of each. */
export function commonSteps(recordings: readonly Recording[]): number[] {
  const ends = recordings.map(({ steps }) => steps);
  return [...new Set([...stepsToDraw(Math.max(0, ...ends), POINTS), ...ends])].sort((a, b) => a - b);
}

/** Lines of groups: a run by itself, or the mean of several seeds within a band from the lowest to the highest. */
export function linesOf(groups: readonly Group[], stepped: boolean): Series[] {
  return groups.map(({ style, runs, letters }) => ({
    key: `g${style}`,
    name: runs.length > 1 ? `mean of ${letters}` : letters,
    ...RUN_STYLES[style],
    stepped,
    band: runs.length > 1 ? ([`g${style}low`, `g${style}high`] as const) : undefined,
  }));
}

/**
 * Points of all groups at the common steps. A group of several seeds ends with its shortest run, so that its mean is always one of all.
 */
export function pointsOf(
  groups: readonly Group[],
  steps: readonly number[],
  value: (curves: RunCurves, step: number) => number,
): Datum[] {
  const members = groups.map(({ runs }) => runs.map(({ recording }) => curvesOf(recording)));
  return steps.map((step) => {
    const datum: Record<string, number | null> = {};
    for (const [i, { style, runs }] of groups.entries()) {
      if (members[i].some(({ recording }) => recording.steps < step)) continue;
      const { mean, low, high } = statisticOf(members[i].map((curves) => value(curves, step)));
      if (Number.isNaN(mean)) continue;
      datum[`g${style}`] = mean;
      if (runs.length > 1) Object.assign(datum, { [`g${style}low`]: low, [`g${style}high`]: high });
    }
    return { ...datum, step };
  });
}
