import { klToPrior, mixingMoments, rowEntropies, signalToNoise, winProbabilities } from "../core/posterior";
import type { SearchSpace } from "../core/space";
import { useRecording, useShownStep } from "./history";
import type { Recording } from "./recording";

/** Everything the panels say of the posterior after one step. */
export interface Moment {
  readonly space: SearchSpace;
  /** Where each row begins in the flat vectors. */
  readonly offsets: readonly number[];
  readonly step: number;
  readonly mean: Float64Array;
  /** Null for a point estimate. */
  readonly scale: Float64Array | null;
  /** P(operation wins) under the posterior; for a point estimate the mixing weights. */
  readonly share: Float64Array;
  /** Mean and standard deviation of the mixing weights. */
  readonly mixing: Float64Array;
  readonly spread: Float64Array;
  /** The most probable cell: the largest mean of every row. */
  readonly choices: readonly number[];
  readonly architecture: string;
  /** Probability that a cell drawn from the posterior is the most probable one; null for a point estimate. */
  readonly probability: number | null;
  /** Of the shares of each row, bit. */
  readonly entropies: readonly number[];
  /** Lead of each row's best over its runner-up, in standard deviations; null for a point estimate. */
  readonly signalToNoise: Float64Array | null;
  /** Nats; null for a point estimate. */
  readonly klToPrior: number | null;
}

/** Quasi-random draws behind the haze; the readout takes more. */
const DRAWS = 200;

/** The posterior of a recording after one of its steps. */
export function momentAt(recording: Recording, step: number): Moment {
  const { space, offsets } = recording;
  const { rows } = space;
  const mean = recording.mean(step).slice();
  const scale = recording.scale(step)?.slice() ?? null;
  const mixing = mixingMoments(rows, mean, scale, DRAWS);
  const share = scale ? winProbabilities(rows, mean, scale) : mixing.mean;
  const choices = space.discretise(mean);
  return {
    space,
    offsets,
    step,
    mean,
    scale,
    share,
    mixing: mixing.mean,
    spread: mixing.deviation,
    choices,
    architecture: space.format(choices),
    probability: scale && choices.reduce((product, choice, row) => product * share[offsets[row] + choice], 1),
    entropies: Array.from(rowEntropies(rows, share), (nats) => nats / Math.LN2),
    signalToNoise: scale && signalToNoise(rows, mean, scale),
    klToPrior: scale && klToPrior(mean, scale, recording.settings.priorPrecision),
  };
}

let memo: { recording: Recording; steps: number; moment: Moment } | null = null;

/** The moment on screen. Worked out once for all panels. */
export function useMoment(): Moment {
  const recording = useRecording();
  const step = useShownStep();
  // A rewind takes steps away and writes others in their place.
  const { steps } = recording;
  if (memo?.recording !== recording || memo.moment.step !== step || memo.steps > steps) {
    memo = { recording, steps, moment: momentAt(recording, step) };
  }
  return memo.moment;
}
