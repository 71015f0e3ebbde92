import {
  candidateProbabilities,
  choiceProbabilities,
  entropyOf,
  klToPrior,
  mixingMoments,
  optionProbabilities,
  rowEntropies,
  signalToNoise,
} from "../core/posterior";
import { argmaxRows, type Choices, contenders, picked, type SearchSpace } from "../core/space";
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
  /**
   * P(operation wins) under the posterior, which sums to a row's picks; for a point estimate the mixing weights. Where edges are dropped, the probability that the
   * edge is kept with the operation, and that of `none` that it is dropped.
   */
  readonly share: Float64Array;
  /** The probability of every choice of every row, of drawn cells; null where edges compete to be kept. */
  readonly options: readonly Float64Array[] | null;
  /** Mean and standard deviation of the mixing weights. */
  readonly mixing: Float64Array;
  readonly spread: Float64Array;
  /** The most probable cell: the largest mean of every row. */
  readonly choices: readonly number[];
  readonly architecture: string;
  /** The operation that leads each row: that of the most probable cell, and of an edge that it drops the one of the largest mean. */
  readonly leaders: readonly number[];
  /** Probability that a cell drawn from the posterior is the most probable one; null for a point estimate, and where edges compete. */
  readonly probability: number | null;
  /** Of the choice of each row, bit. */
  readonly entropies: readonly number[];
  /** Lead of each row's best over its runner-up, in standard deviations; null for a point estimate. */
  readonly signalToNoise: Float64Array | null;
  /** Nats; null for a point estimate. */
  readonly klToPrior: number | null;
}

/** Quasi-random draws behind the haze; the readout takes more. */
const DRAWS = 200;

/**
 * How probable a cell is when it is drawn: the product of the probabilities of its choices. Null where edges compete to be kept: rows do
 * not decide on their own there.
 */
export function probabilityOf({ options }: Pick<Moment, "options">, choices: Choices): number | null {
  return options && choices.reduce((product, choice, row) => product * options[row][choice], 1);
}

/**
 * How probable the choice of a row of the most probable cell is; of a point estimate the mixing weight that it gathers.
 */
export function shareOf({ space, offsets, share, options, scale, choices }: Moment, row: number): number {
  const set = picked(space.rows[row], choices[row]);
  if (options && scale && set.length > 1) return options[row][choices[row]];
  return set.reduce((sum, candidate) => sum + share[offsets[row] + candidate], 0);
}

/** The posterior of a recording after one of its steps. */
export function momentAt(recording: Recording, step: number): Moment {
  const { space, offsets } = recording;
  const { rows } = space;
  const mean = recording.mean(step).slice();
  const scale = recording.scale(step)?.slice() ?? null;
  const mixing = mixingMoments(rows, mean, scale, DRAWS);
  const options = space.keptEdges === null ? optionProbabilities(rows, mean, scale) : null;
  const wins = options ? candidateProbabilities(rows, options) : choiceProbabilities(space, mean, scale);
  const share = scale ? wins : mixing.mean;
  const contending = contenders(space, mean);
  const choices = space.discretise(mean);
  return {
    space,
    offsets,
    step,
    mean,
    scale,
    share,
    options,
    mixing: mixing.mean,
    spread: mixing.deviation,
    choices,
    architecture: space.format(choices),
    leaders: argmaxRows(rows, contending),
    probability: scale && probabilityOf({ options }, choices),
    entropies: Array.from(options?.map(entropyOf) ?? rowEntropies(rows, share), (nats) => nats / Math.LN2),
    signalToNoise: scale && signalToNoise(rows, contending, scale),
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
