import type { CellFigures } from "../core/benchmark";
import type { Settings } from "../core/controls";
import type { MethodState } from "../core/method";
import type { GraphCellFigures } from "../core/nasbench101-figures";
import type { StreamState } from "../core/random";
import type { Sharpness } from "../core/sharpness";
import type { Row, SearchSpace } from "../core/space";
import type { DeviceId, EngineId } from "../engine/engine";

/**
 * The lines of a run file (JSON, one object a line). Others read them: change nothing here but by adding a version. Numbers are
 * written so that reading them back gives the same float64.
 */

export const RUN_FILE_VERSION = 1;

/** Settings as the header lists them: all but those that have a place of their own in it. */
export type HeaderSettings = Omit<Settings, "space" | "method" | "data" | "seed">;

export interface HeaderRecord {
  readonly kind: "header";
  readonly version: typeof RUN_FILE_VERSION;
  readonly space: Settings["space"];
  readonly method: Settings["method"];
  /** A data set's name, or the folder that it was read from. */
  readonly data: string;
  readonly seed: number;
  readonly device: DeviceId;
  readonly engine: EngineId;
  readonly settings: HeaderSettings;
  readonly rows: readonly Row[];
  /** The posterior before step 1, flat, row by row. */
  readonly mean: readonly number[];
  /** Standard deviations; null for a point estimate. */
  readonly scale: readonly number[] | null;
}

/** The rows as a header lists them: with the number of picks where it is more than one. */
export function rowsOf({ rows }: SearchSpace): Row[] {
  return rows.map(({ name, choices, picks = 1 }) => ({ name, choices, ...(picks > 1 && { picks }) }));
}

/** How sharply the validation loss curves at the mean, on one fixed batch, by the logits of the operations. */
export interface SharpnessFigures {
  /** The Hessian's eigenvalue of largest size, with its sign; nats per squared logit. */
  readonly eigenvalue: number;
  /** Half the trace of diag(sigma^2) H, nats; null for a point estimate. */
  readonly penalty: number | null;
  /** Its standard error; present where the trace was estimated. */
  readonly penaltyError?: number;
}

/** What of a measurement a run keeps; null where the loss around the mean is not a number. */
export function sharpnessFigures({ eigenvalue, penalty, penaltyError, whole }: Sharpness): SharpnessFigures | null {
  if (!Number.isFinite(eigenvalue + (penalty ?? 0))) return null;
  return { eigenvalue, penalty, ...(!whole && penalty !== null && { penaltyError }) };
}

/** One search step. Its architecture half or its weight half is null where only the other was taken. */
export interface StepRecord {
  readonly kind: "step";
  /** 1 for the first. */
  readonly step: number;
  /** Passes over the weight half begun, 1 during the first. */
  readonly epoch: number;
  readonly trainLoss: number | null;
  /** 0..1. */
  readonly trainAccuracy: number | null;
  readonly validLoss: number | null;
  readonly validAccuracy: number | null;
  /** The standard normal draws of this step, one array a Monte Carlo sample. */
  readonly noise: readonly number[][] | null;
  /** dL/dalpha at each sampled alpha, before any prior term. */
  readonly gradient: readonly number[][] | null;
  /** The gradient squared, or the mean of the squared per-example gradients. */
  readonly curvature: readonly number[][] | null;
  /** After this step's update. */
  readonly mean: readonly number[];
  readonly scale: readonly number[] | null;
  /** The mixing weights of the weight step. */
  readonly weights: readonly number[] | null;
  /** After this step; present where it was measured. */
  readonly sharpness?: SharpnessFigures;
}

/** What is known of an architecture beside the search. */
interface KnownFigures {
  /** Null where the space has no table of all cells. */
  readonly benchmark: CellFigures["accuracy"] | null;
  /** Of a cell that lies within NAS-Bench-101; absent elsewhere. `exact` tells a run of the benchmark from an estimate. */
  readonly nasbench101?: GraphCellFigures;
}

export interface EvaluationRecord extends KnownFigures {
  readonly kind: "evaluation";
  readonly step: number;
  readonly architecture: string;
  /** Of the supernet at the mean's mixing weights, 0..1. */
  readonly validAccuracy: number;
}

export interface ResultRecord extends KnownFigures {
  readonly kind: "result";
  readonly architecture: string;
  /** The same cell in the notation that papers print for its space. */
  readonly genotype: string;
  readonly seconds: number;
  readonly steps: number;
}

/** A setting turned during the run; it holds from the named step on. */
export interface ChangeRecord {
  readonly kind: "change";
  readonly step: number;
  readonly settings: Partial<Settings>;
  /**
   * Present where the run went back to before this step and on with these settings: it had diverged, or, where there are none, its
   * device was lost.
   */
  readonly recovered?: true;
}

/** What an interrupted run needs to go on; it stands last in the file and goes when the run is resumed. */
export interface CheckpointRecord {
  readonly kind: "checkpoint";
  readonly step: number;
  readonly epoch: number;
  readonly method: MethodState;
  /** States of the noise and of the two halves' batches, as their owners save them. */
  readonly noise: StreamState;
  readonly weightBatches: unknown;
  readonly architectureBatches: unknown;
  /** Settings in force, and those that wait for the next epoch. */
  readonly settings: Settings;
  readonly pending: Partial<Settings>;
  /** The engine's weights and velocities: little-endian float32, base64. */
  readonly weights: string;
  readonly seconds: number;
  /** Architecture steps for which the most probable cell has stayed the same; absent in files from before there was a stop rule. */
  readonly steady?: number;
}

export type RunRecord = HeaderRecord | StepRecord | EvaluationRecord | ResultRecord | ChangeRecord | CheckpointRecord;
