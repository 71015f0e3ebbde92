import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { CommonDraws } from "../../core/common-draws";
import { cellCode, NAS_BENCH_201 } from "../../core/nasbench201";
import { choiceProbabilities, entropyOf, optionProbabilities, rowEntropies } from "../../core/posterior";
import { softmaxRows } from "../../core/softmax";
import { mean as average, quantile } from "../../core/statistics";
import { stepsToDraw } from "../charts/scale";
import type { Datum, Series } from "../charts/series";
import { RUN_STYLES } from "../charts/style";
import { RunningMean } from "../curves/curves";
import type { Recording } from "../recording";
import { methodName } from "../runs/summary";
import { type Group, statisticOf } from "./groups";

/** Points along a curve. */
const POINTS = 100;

/** Architectures drawn from the distribution after each step that is drawn. */
export const SAMPLES = 100;

/**
 * Whose entropy: of the probabilities that an operation wins, where every run has Gaussians; else of the mixing weights at the mean,
 * which every method has.
 */
export type EntropyOf = "wins" | "mixing";

/** By the seed of the runs. */
const draws = new Map<number, CommonDraws>();

/** The curves of one run, worked out where they are asked for and kept. */
export class RunCurves {
  private readonly entropies: Record<EntropyOf, Map<number, number>> = { wins: new Map(), mixing: new Map() };
  private readonly codes = new Map<number, number>();
  private readonly sampled = new Map<number, Uint16Array>();
  private readonly smoothed = new RunningMean();
  private readonly losses: number[] = [];
  private seen = 0;

  constructor(readonly recording: Recording) {}

  /** The `cellCode` of the most probable cell after a step of a search of NAS-Bench-201. */
  code(step: number): number {
    const { codes, recording } = this;
    const code = codes.get(step) ?? cellCode(recording.space.discretise(recording.mean(step)));
    codes.set(step, code);
    return code;
  }

  hasSamples(step: number): boolean {
    return this.sampled.has(step);
  }

  /** Codes of cells drawn from the distribution after a step: under the same noise at every step and in every run of the seed. */
  samples(step: number): Uint16Array {
    const known = this.sampled.get(step);
    if (known) return known;
    const { recording } = this;
    const { seed } = recording.settings;
    const own = draws.get(seed) ?? new CommonDraws(NAS_BENCH_201, SAMPLES, seed);
    draws.set(seed, own);
    const codes = Uint16Array.from(own.choices(recording.mean(step), recording.scale(step)), cellCode);
    this.sampled.set(step, codes);
    return codes;
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

  hasLoss(step: number): boolean {
    return this.seen >= step;
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

/** How the lines of a group are drawn. @param style its place among the groups */
export const styleOf = (style: number) => RUN_STYLES[style % RUN_STYLES.length];

/** Lines of groups: a run by itself, or the mean of several seeds within a standard deviation on either side. */
export function linesOf(groups: readonly Group[], stepped: boolean): Series[] {
  return groups.map(({ style, runs, letter }) => ({
    key: `g${style}`,
    name: `${letter} ${methodName(runs[0].recording.settings)}`,
    ...styleOf(style),
    stepped,
    band: runs.length > 1 ? ([`g${style}low`, `g${style}high`] as const) : undefined,
  }));
}

/** The mean of a group of several values and the edges of its band, under the keys of its line. */
export function spreadOf(key: string, values: readonly number[]): Record<string, number> {
  const { mean, deviation } = statisticOf(values);
  if (Number.isNaN(mean)) return {};
  if (values.length === 1) return { [key]: mean };
  return { [key]: mean, [`${key}low`]: mean - deviation, [`${key}high`]: mean + deviation };
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
    for (const [i, { style }] of groups.entries()) {
      if (members[i].some(({ recording }) => recording.steps < step)) continue;
      const values = members[i].map((curves) => value(curves, step));
      Object.assign(datum, spreadOf(`g${style}`, values));
    }
    return { ...datum, step };
  });
}

/** The Hessian's dominant eigenvalue of all groups, nats per squared logit, after the steps at which every run of a group has it. */
export function eigenvaluePoints(groups: readonly Group[]): Datum[] {
  const measured = groups.map(({ runs }) =>
    runs.map(({ recording }) => new Map(recording.sharpness.map(({ step, eigenvalue }) => [step, eigenvalue]))),
  );
  const steps = new Set(measured.flatMap((runs) => runs.flatMap((run) => [...run.keys()])));
  const points = [...steps]
    .sort((a, b) => a - b)
    .map((step): Datum => {
      const datum: Record<string, number> = {};
      for (const [i, { style }] of groups.entries()) {
        const values = measured[i].flatMap((run) => run.get(step) ?? []);
        if (values.length === measured[i].length) Object.assign(datum, spreadOf(`g${style}`, values));
      }
      return { ...datum, step };
    });
  return points.filter((point) => Object.keys(point).length > 1);
}

/** Shares of the samples below a band of them and below its end. */
const BAND = [0.05, 0.95] as const;

/**
 * Accuracy of the most probable cell of a group, mean over its seeds, and of the samples of all its runs together: their median and what
 * nine tenths of them lie within. Only steps whose samples are drawn already.
 */
export function samplePoints({ runs }: Pick<Group, "runs">, benchmark: Benchmark, set: BenchmarkSet): Datum[] {
  const accuracy = benchmark.testAccuracy(set);
  const members = runs.map(({ recording }) => curvesOf(recording));
  const recordings = runs.map(({ recording }) => recording);
  const last = Math.min(...recordings.map(({ steps }) => steps));
  const steps = commonSteps(recordings).filter(
    (step) => step <= last && members.every((curves) => curves.hasSamples(step)),
  );
  const drawn = new Float32Array(SAMPLES * members.length);
  return steps.map((step) => {
    let at = 0;
    for (const curves of members) for (const code of curves.samples(step)) drawn[at++] = accuracy[code];
    drawn.sort();
    const [low, median, high] = [BAND[0], 0.5, BAND[1]].map((share) => quantile(drawn, share));
    return { step, argmax: average(members.map((curves) => accuracy[curves.code(step)])), low, median, high };
  });
}
