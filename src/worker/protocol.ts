import type { Settings } from "../core/controls";
import type { Edit } from "../core/link";
import type { ProxyName } from "../core/proxies";
import type { Excess, LossSlice, Sharpness } from "../core/sharpness";
import type { Choices, NetworkSizes } from "../core/space";
import type { DeviceChoice } from "../engine/engine";
import type { SearchCost } from "../search/open";
import type { ChangeRecord, EvaluationRecord, ResultRecord, SharpnessFigures } from "../search/records";
import type { StepPart } from "../search/search";
import type { Posterior, SelectionResult, ShortTrainingProgress } from "../search/select";
import type { EpochRecord, TestOutcome, TrainSettings } from "../search/train";

export type { DeviceChoice, DeviceId } from "../engine/engine";
export type { ChangeRecord, EvaluationRecord, LossSlice, ResultRecord, SearchCost, SelectionResult, StepPart };

/**
 * The boundary between the page and its worker: types only, both sides derive from them. Control calls go through comlink; what
 * streams goes over a message port.
 */

/**
 * starting: the worker loads. idle: no run yet. preparing: device, images, network. running, paused, finished: as they say.
 * diverged: see the divergence message; going back or a reset helps. failed: see the failure message; only a reset helps.
 */
export type Phase = "starting" | "idle" | "preparing" | "running" | "paused" | "finished" | "diverged" | "failed";

/** The calls the page makes. */
export interface SearchControl {
  /** Takes the port for the stream below. Call first. */
  connect(port: MessagePort): Promise<void>;
  /** Picks a device and tests it, ahead of the first call that needs one; a message names it. Once is enough. */
  chooseDevice(): Promise<void>;
  /** What a search with these settings would cost on the device chosen; null for one that needs no device. */
  cost(settings: Settings): Promise<SearchCost | null>;
  /**
   * Builds a run at step 0 and stops there. Ends any run before it.
   * @param edits settings to be turned before the steps that they name
   * @throws {InputError} for settings that clash
   */
  prepare(settings: Settings, edits?: readonly Edit[]): Promise<void>;
  /** Lets the prepared run go on until it is paused or done; returns at once. */
  run(): Promise<void>;
  /** Resolves when the step under way has ended and nothing more will follow. */
  pause(): Promise<void>;
  /** Takes one step, or half of one, of a paused run. */
  step(part: StepPart): Promise<void>;
  /** Changes settings of the run under way; ones tagged "epoch" wait for the next epoch, "restart" ones are refused. */
  change(patch: Partial<Settings>): Promise<void>;
  /** Most steps a second from now on; null for as many as there can be. */
  setSpeed(rate: number | null): Promise<void>;
  /** Takes a diverged run back as its divergence message offers, and leaves it paused there. @throws {InputError} for any other run */
  recover(): Promise<void>;
  /**
   * Draws a group from a distribution and scores it on the run's device, beside the run, which is paused first and stays as it is. Returns
   * once it has begun; what follows streams. Candidates that are scored already, of a selection cancelled before it, are not scored again,
   * so that the same call resumes. A run that is let go on, stepped or prepared cancels it.
   * @throws {InputError} while a run is being prepared
   */
  select(request: SelectionRequest): Promise<void>;
  /** Resolves when the candidate under way is scored and nothing more will follow. */
  cancelSelection(): Promise<void>;
  /**
   * Trains architectures from scratch, side by side, on the run's device, beside the run, which is paused first and stays as it is. Returns
   * once it has begun; what follows streams. The same request goes on where it was paused, or is there already; another takes its place.
   * A run that is let go on, stepped or prepared pauses it, a selection too.
   * @throws {InputError} while a run is being prepared
   */
  train(request: TrainingRequest): Promise<void>;
  /** Resolves when the step under way has ended and nothing more will follow. */
  pauseTraining(): Promise<void>;
  /** Test images of the latest training by what a network took them for; none before its first test. */
  testImages(query: TestImagesQuery): Promise<TestImages>;
  /**
   * Measures how sharp the loss is at the mean, then its slice, between two steps of the run: one that is under way waits, and goes on by
   * itself. Returns once it has begun; what follows streams. A call that needs the run cancels it.
   * @throws {InputError} where no run stands
   */
  measureSharpness(): Promise<void>;
  /** Resolves when nothing more of it will follow. */
  cancelSharpness(): Promise<void>;
  /** The run so far, as a run file. */
  runFile(): Promise<string>;
  /** The run file up to a step, gzip; to be kept and read again. */
  packedRun(steps: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads a run file, plain or gzip, and checks every record of it.
   * @throws {InputError} naming the line that is wrong
   */
  readRun(file: Uint8Array): Promise<ReadRun>;
}

/** A run out of its file. */
export interface ReadRun {
  /** Those that the run began with. */
  readonly settings: Settings;
  /** What it ran on. */
  readonly device: string;
  /** The posterior before the first step; no scale for a point estimate. */
  readonly mean: Float64Array;
  readonly scale: Float64Array | null;
  /** All that followed; the seconds are 0 where the file doesn't say. */
  readonly frame: Omit<Frame, "kind" | "number" | "run" | "phase" | "after">;
}

/** Scalars of a step in a frame, in this order; NaN where the step had none. Rates are of the weights. */
export const STEP_SCALARS = [
  "epoch",
  "trainLoss",
  "trainAccuracy",
  "validLoss",
  "validAccuracy",
  "weightRate",
] as const;

/** What has happened since the last frame. At most 15 a second, one unacknowledged at a time, nothing left out. */
export interface Frame {
  readonly kind: "frame";
  /** 1 for the first of a run; to be acknowledged. */
  readonly number: number;
  /** Identifies the run; frames of an earlier run may still be on their way after a reset. */
  readonly run: number;
  readonly phase: Phase;
  /** Number of the last step taken before these. */
  readonly after: number;
  /** Steps in this frame. */
  readonly count: number;
  /** count x STEP_SCALARS.length. */
  readonly scalars: Float32Array;
  /** count x size: the means after each step. */
  readonly mean: Float64Array;
  /** count x size; null for a point estimate. */
  readonly scale: Float64Array | null;
  readonly evaluations: readonly EvaluationRecord[];
  /** Absent where none was measured. */
  readonly sharpness?: readonly SharpnessPoint[];
  readonly changes: readonly ChangeRecord[];
  readonly result: ResultRecord | null;
  /** Seconds spent stepping so far. */
  readonly seconds: number;
}

/** Sharpness after a step. */
export interface SharpnessPoint extends SharpnessFigures {
  readonly step: number;
}

/** Progress of something that takes a while before or beside the search. */
export interface Progress {
  readonly kind: "progress";
  /** What is being done, for people: "Testing WebGPU", "Loading images". */
  readonly what: string;
  /** 0..1; 1 when it is done. Null where there is no telling. */
  readonly fraction: number | null;
}

/** A run that cannot go on. */
export interface Failure {
  readonly kind: "failure";
  /** What happened and what it means. */
  readonly message: string;
  /** What to do. */
  readonly mend: string;
}

export interface PhaseChange {
  readonly kind: "phase";
  readonly phase: Phase;
}

/** A device was opened and has passed its self-test. */
export interface DeviceOpened {
  readonly kind: "device";
  readonly device: DeviceChoice;
}

/** A run whose weights have run away stands still. */
export interface Divergence {
  readonly kind: "divergence";
  readonly run: number;
  /** What happened. */
  readonly message: string;
  /** The loss is a number still: `run` lets the run go on as it is, unwatched from then on. */
  readonly finite: boolean;
  /** The step that `recover` goes back to, and what it turns there. */
  readonly back: number;
  readonly settings: Partial<Settings>;
}

/** The run went back: what came after a step is void, and the steps after it follow anew. */
export interface Rewound {
  readonly kind: "rewound";
  readonly run: number;
  readonly step: number;
}

/** Settings of the run turned by the worker itself: an edit of a link, or a recovery. */
export interface Turned {
  readonly kind: "turned";
  readonly run: number;
  readonly settings: Partial<Settings>;
}

/** Which architectures are drawn and what they are ranked by. */
export interface SelectionRequest {
  readonly space: Settings["space"];
  /** Whose images the networks see. */
  readonly data: Settings["data"];
  readonly posterior: Posterior;
  readonly samples: number;
  /** What the scales are multiplied by, above 0. */
  readonly temperature: number;
  /** Of the draws and the fresh weights. */
  readonly seed: number;
  /** The proxies whose ranks are averaged. */
  readonly rankBy: readonly ProxyName[];
  /** Those measured beside. */
  readonly proxies: readonly ProxyName[];
  /** Of the networks that are scored. */
  readonly sizes: Pick<NetworkSizes, "channels" | "cells" | "image">;
  /** Between how many of the best a short training decides; 0: the proxies decide alone. */
  readonly train: number;
  /** Number of the run whose supernet, as it stands, one-shot accuracies may ask; null for none. */
  readonly supernet: number | null;
}

/** How far a selection is; a few times a second. */
export interface SelectionProgress {
  readonly kind: "selection";
  readonly state: "running" | "cancelled" | "finished" | "failed";
  readonly scored: number;
  readonly total: number;
  /** Null before the short training, and without one. */
  readonly training: ShortTrainingProgress | null;
  /** Seconds of scoring or of training to go, by the pace so far; null where there is no telling. */
  readonly remaining: number | null;
  /** Of what is scored; null where not even the group is drawn. */
  readonly result: SelectionResult | null;
  /** Why it has failed, for people. */
  readonly problem: string | null;
}

/** Before anything is drawn. */
export const SELECTION_BEGUN: SelectionProgress = {
  kind: "selection",
  state: "running",
  scored: 0,
  total: 0,
  training: null,
  remaining: null,
  result: null,
  problem: null,
};

/** Which architectures are trained and how; `images` from the start of all training images. */
export interface TrainingRequest extends TrainSettings {
  /** Whose images. */
  readonly data: Settings["data"];
  readonly architectures: readonly Choices[];
}

/** How far the training of a network is. */
export interface NetworkProgress {
  /** Epochs behind it, with the share of the one under way. */
  readonly epochs: number;
  /** Mean loss of the training batches since the point before, nats, by epochs behind it. */
  readonly losses: readonly (readonly [epochs: number, loss: number])[];
  readonly records: readonly EpochRecord[];
  /** Of the latest epoch. */
  readonly tested: Pick<TestOutcome, "accuracy" | "interval" | "confusion"> | null;
  /** Why it was given up, for people: the others go on. */
  readonly problem: string | null;
}

/** How far a training is; a few times a second. */
export interface TrainingProgress {
  readonly kind: "training";
  readonly state: "running" | "paused" | "finished" | "failed";
  /** In the order of the request; none before they are built. */
  readonly networks: readonly NetworkProgress[];
  /** Names of the classes, and the number of test images. */
  readonly classes: readonly string[];
  readonly testImages: number;
  /** 0..1 */
  readonly done: number;
  /** Seconds to go, by the pace so far; null where there is no telling. */
  readonly remaining: number | null;
  /** Why all have failed, for people. */
  readonly problem: string | null;
}

/** Before anything is built. */
export const TRAINING_BEGUN: TrainingProgress = {
  kind: "training",
  state: "running",
  networks: [],
  classes: [],
  testImages: 0,
  done: 0,
  remaining: null,
  problem: null,
};

export interface TestImagesQuery {
  /** Place of the network in the request. */
  readonly network: number;
  /** The class of the images, and the one that they were taken for. */
  readonly label: number;
  readonly taken: number;
  /** How many at most: those that the network was surest of, or, of right answers, least sure. */
  readonly most: number;
}

export interface TestImages {
  /** Pixels. */
  readonly side: number;
  readonly images: readonly {
    /** Place among the test images, from 0. */
    readonly place: number;
    /** side x side grey bytes as the data set has them, 0 black. */
    readonly pixels: Uint8Array;
    /** How likely the network holds the class that it took the image for, and its own, 0..1. */
    readonly taken: number;
    readonly own: number;
  }[];
}

/** What a measurement that was asked for has found. */
export interface SharpnessFound extends Sharpness {
  /** E[L] - L(mean) under the Gaussian by pairs of opposite draws, nats, with its standard error; null before, and for a point estimate. */
  readonly excess: Excess | null;
  /** Of the Gaussian restricted to the plane of the leading eigenvectors: uu, uv, vv, squared logits; null for a point estimate. */
  readonly covariance: readonly [number, number, number] | null;
  /** The loss in that plane, coarse at first; null before. */
  readonly slice: LossSlice | null;
}

/** How far a measurement of sharpness is; a few times a second. */
export interface SharpnessProgress {
  readonly kind: "sharpness";
  readonly run: number;
  /** The step after which it measures, 0 for before the first. */
  readonly step: number;
  readonly state: "running" | "cancelled" | "finished" | "failed";
  /** 0..1. */
  readonly fraction: number;
  /** Null until the Hessian is measured. */
  readonly found: SharpnessFound | null;
  /** Why it has failed, for people. */
  readonly problem: string | null;
}

export type WorkerMessage =
  | Frame
  | Progress
  | Failure
  | PhaseChange
  | DeviceOpened
  | Divergence
  | Rewound
  | Turned
  | SelectionProgress
  | TrainingProgress
  | SharpnessProgress;

export interface Acknowledgement {
  readonly kind: "acknowledge";
  readonly number: number;
}
