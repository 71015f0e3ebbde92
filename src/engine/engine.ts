import type { Choices, NetworkSizes, SearchSpace } from "../core/space";

/** Where a network runs, most wanted first. */
export const DEVICES = ["webgpu", "wasm", "webgl", "cpu"] as const;
export type DeviceId = (typeof DEVICES)[number];
export const ENGINES = ["compiled", "reference"] as const;
export type EngineId = (typeof ENGINES)[number];

/** A batch on its way to the device. */
export interface Batch {
  /** Normalised pixels, batch x image x image x imageChannels, channels last. */
  readonly images: Float32Array;
  /** Class of each image. */
  readonly labels: Uint8Array;
}

/** Mean cross-entropy (nats) and share of right answers (0..1) of a batch. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** What a network says of each image of a batch. */
export interface Predictions {
  /** Cross-entropy, nats. */
  readonly losses: Float32Array;
  /** The likeliest class. */
  readonly classes: Uint8Array;
  /** How likely the network holds it to be, 0..1. */
  readonly probabilities: Float32Array;
}

export interface ArchitectureGradient extends Score {
  /** dL/dp, as long as the mixing weights; L is the batch's mean loss. */
  readonly gradient: Float64Array;
  /** dL_i/dp of each example i, batch x size, where it was asked for; batch statistics couple the examples. */
  readonly perExample?: Float64Array;
}

export interface WeightGradient extends Score {
  /** dL/dw in the order of `parameterLayout`, not clipped; L is the batch's mean loss. */
  readonly gradient: Float32Array;
}

/** One step of SGD with Nesterov momentum. */
export interface WeightStep {
  readonly rate: number;
  readonly momentum: number;
  /** L2 pull, added to the gradient after clipping. */
  readonly decay: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
}

export interface SupernetSpec {
  readonly space: SearchSpace;
  readonly sizes: NetworkSizes;
  readonly batch: number;
  /**
   * With it the network is discrete: every edge holds its chosen operation alone, batch norm is affine in the cells too, and running
   * statistics of all batch norms are kept for evaluation. Without it, a supernet.
   */
  readonly architecture?: Choices;
  /**
   * K of partial channel connections (PC-DARTS) in a supernet: one K-th of a node's channels goes through the operations of an edge, the
   * others bypass them and are shuffled with those. It divides the channels; 1, the default, is all of them.
   */
  readonly partial?: number;
}

/**
 * Trains one network for given mixing weights, and knows no method. Mixing weights are `space.size` scalars, row by row; what bypasses
 * the operations of an edge counts with the sum of its row. A discrete network takes none, `[]`. Calls run in the order in which they are made. A batch may hold any number of images up to the spec's batch
 * only where a method says so.
 */
export interface Engine {
  readonly spec: SupernetSpec;
  /** Milliseconds that kernels have held the calling thread so far; absent where they run beside it. */
  readonly kernelMilliseconds?: number;
  /** Memory that the engine works in; absent where it cannot tell. */
  readonly arenaBytes?: number;
  /** Takes one weight step at `mixing`; the score is that of the batch before the step. */
  weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score>;
  /** Loss, accuracy and dL/dp; the weights stay as they are. Rejects with an InputError for a discrete network. */
  architectureGradient(mixing: ArrayLike<number>, batch: Batch, perExample: boolean): Promise<ArchitectureGradient>;
  /** Loss, accuracy and dL/dw; weights, velocities and running statistics stay as they are. Rejects where there are no weights. */
  weightGradient(mixing: ArrayLike<number>, batch: Batch): Promise<WeightGradient>;
  /** Score of one batch, forward only: a supernet's with the batch's own statistics, a discrete network's with the running ones. */
  evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score>;
  /** As `evaluate`, image by image. Rejects with an InputError where there are no images. */
  predict(mixing: ArrayLike<number>, batch: Batch): Promise<Predictions>;
  /**
   * Weights then velocities, in the order of `parameterLayout`, then a discrete network's running statistics, in the order of
   * `runningLayout`: for a checkpoint.
   */
  exportState(): Promise<Float32Array>;
  importState(state: Float32Array): void;
  /** Frees everything that the engine holds on the device. */
  dispose(): void;
}

/**
 * Trains several discrete networks of one space, sizes and batch side by side on the same batches: what it returns is in their order,
 * and what each of them computes is what an engine of its own would. Calls run in the order in which they are made.
 */
export interface GroupEngine {
  readonly specs: readonly SupernetSpec[];
  /** Memory that the engine works in. */
  readonly arenaBytes: number;
  /** Takes one weight step of every network, its gradient clipped by its own norm; scores as in `Engine`. */
  weightStep(batch: Batch, step: WeightStep): Promise<Score[]>;
  /** Scores of one batch with the running statistics, forward only. */
  evaluate(batch: Batch): Promise<Score[]>;
  /** The networks' states, each as `Engine.exportState` returns it. */
  exportStates(): Promise<Float32Array[]>;
  /** Frees everything that the engine holds on the device. */
  dispose(): void;
}

/** The outcome of comparing a small forward pass and gradient on a device with the same in float64. */
export interface SelfTest {
  readonly passed: boolean;
  /** Largest error of the loss and of the gradients, relative to the largest value or to the norm of a parameter's gradient. */
  readonly forwardError: number;
  readonly gradientError: number;
  readonly milliseconds: number;
}

export interface DeviceReport {
  readonly device: DeviceId;
  readonly engine: EngineId;
  /** What the browser says of the adapter, for people. */
  readonly description: string;
  readonly selfTest: SelfTest;
}

/** A device that was tried and passed over, and why. */
export interface PassedOver {
  readonly device: DeviceId;
  readonly reason: string;
}

export interface DeviceChoice extends DeviceReport {
  readonly passedOver: readonly PassedOver[];
}
