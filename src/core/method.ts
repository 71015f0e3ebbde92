import type { Settings } from "./controls";
import type { RandomStream } from "./random";

/** The engine's answer at one proposed point, as the method needs it. */
export interface Feedback {
  /** dL/dp at the proposed mixing weights, `size` scalars; L is the batch's mean loss. */
  readonly gradient: Float64Array;
  /** dL_i/dp of every example, examples x `size`; present when the proposal asked for it. */
  readonly perExample?: Float64Array;
}

/** A point at which the method wants the loss's gradient. */
export interface Proposal {
  /** Mixing weights p, `size` scalars; each row on the simplex, or a share of it where edges have weights too. */
  readonly mixing: Float64Array;
  /** The logits, noise included, whose softmax they are; of a one-hot proposal those whose argmax they are. */
  readonly alpha: Float64Array;
  /** The standard normal draws behind them; null where the method draws none, or others. */
  readonly noise: Float64Array | null;
  readonly perExample: boolean;
}

/** What one architecture step did, in the words of the run file. */
export interface Lesson {
  /** dL/dalpha at each proposal, alpha the architecture parameters, before any prior term or regulariser. */
  readonly gradient: Float64Array[];
  /** What stood for the curvature at each proposal. Null for a method without it. */
  readonly curvature: Float64Array[] | null;
}

/** Everything that a method must remember to go on as if it had never stopped. */
export interface MethodState {
  /** Architecture parameters; where edges have some too, they follow here and in the running means. */
  readonly mean: number[];
  readonly momentum: number[];
  readonly curvature: number[];
  /** How much of their weight the two running means have gathered, for the bias correction. */
  readonly momentumWeight: number;
  readonly curvatureWeight: number;
  /** Architecture steps taken, for what changes along the search; absent in files from before there was such a thing. */
  readonly steps?: number;
  /** What a method that ends the search itself has seen; absent for every other. */
  readonly stopping?: {
    /** Largest eigenvalues of the Hessian, one a measurement. */
    readonly eigenvalues: readonly number[];
    /** Architecture parameters at the last measurements, the oldest first. */
    readonly recent: readonly (readonly number[])[];
    readonly ended: boolean;
  };
}

/** Mixing weights tried out on one batch, the network's weights as they are. */
export interface Trial {
  /** Mean loss (nats) and share of right answers (0..1). */
  score(mixing: Float64Array): Promise<{ readonly loss: number; readonly accuracy: number }>;
  /** The mean loss's gradient. */
  differentiate(mixing: Float64Array): Promise<Feedback>;
}

/**
 * A method decides how much of each operation to use. It owns the architecture parameters and everything random about them, in
 * float64; it knows nothing of networks.
 */
export interface Method {
  readonly id: string;
  /**
   * The architecture parameters: the Gaussians' means, or alpha itself for a point estimate, whose preferences softmax(mean) are. A
   * Dirichlet distribution gives the logarithms of its concentrations, so that softmax(mean) is its mean; edges with weights of their own
   * that compete to be kept, those of the mixing weights.
   */
  readonly mean: Float64Array;
  /** The Gaussians' standard deviations; null for a point estimate. */
  readonly scale: Float64Array | null;
  /** True once the method itself has ended the search; absent where it never does. */
  readonly ended?: boolean;
  /** The mixing weights at the mean, where they are not softmax(mean) alone. */
  readonly meanMixing?: Float64Array;
  /** Where the next architecture step wants gradients; nowhere if it learns no architecture. Draws from `noise`. */
  propose(noise: RandomStream): Proposal[];
  /** Takes the architecture step from the gradients at the proposals, in their order. */
  learn(proposals: readonly Proposal[], feedback: readonly Feedback[]): Lesson;
  /** The mixing weights of the weight step. Draws from `noise` where the method trains at a sample. */
  trainingMixing(noise: RandomStream): Float64Array;
  /** Present where the weights' mixing depends on the batch that they train on: moves that of `trainingMixing` by trials on it. */
  perturb?(mixing: Float64Array, noise: RandomStream, trial: Trial): Promise<Float64Array>;
  /** Present where the method decides by trials on a validation batch, always the same: may set `mean`. Called when an evaluation is due. */
  decide?(noise: RandomStream, trial: Trial): Promise<void>;
  /** Takes over changed hyper-parameters. */
  configure(settings: Settings): void;
  save(): MethodState;
  restore(state: MethodState): void;
}
