import type { Settings } from "../controls";
import type { Feedback, Lesson, Method, MethodState, Proposal } from "../method";
import type { RandomStream } from "../random";
import { softmaxBackward, softmaxRows } from "../softmax";
import type { Row } from "../space";
import { Moments } from "./moments";

/** Adam's epsilon, as PyTorch sets it. */
const EPSILON = 1e-8;

/** Mixing weights and the logits behind them. */
export type Mixture = Pick<Proposal, "alpha" | "mixing">;

/**
 * What DARTS and its relatives share: one value per architecture parameter, learnt by Adam with weight decay. They differ in how a
 * mixture is made of the parameters, in what the weights train at, and in what is added to the loss. As it stands it is DARTS: the
 * mixture is the softmax.
 */
export abstract class PointEstimate implements Method {
  abstract readonly id: Settings["method"];
  readonly scale = null;
  /** Architecture parameters, size scalars, row by row. */
  protected readonly alpha: Float64Array;
  private readonly moments: Moments;
  private steps = 0;

  /** @param alpha initial architecture parameters, copied */
  constructor(
    protected readonly rows: readonly Row[],
    protected settings: Settings,
    alpha: Float64Array,
  ) {
    this.alpha = alpha.slice();
    this.moments = new Moments(alpha.length, 0);
  }

  get mean(): Float64Array {
    return this.alpha;
  }

  propose(noise: RandomStream): Proposal[] {
    return [{ ...this.mixture(noise), noise: null, perExample: false }];
  }

  learn([proposal]: readonly Proposal[], [feedback]: readonly Feedback[]): Lesson {
    const { archRate, archBeta1, archBeta2, archDecay } = this.settings;
    const gradient = this.backward(proposal, feedback.gradient);
    const regular = this.regulariser();
    const total = gradient.map((g, i) => g + archDecay * this.alpha[i] + (regular?.[i] ?? 0));
    const { moments } = this;
    moments.addGradient(total, archBeta1);
    moments.addCurvature(
      total.map((g) => g * g),
      archBeta2,
      1 - archBeta2,
    );
    for (let i = 0; i < this.alpha.length; i++) {
      this.alpha[i] -= (archRate * moments.correctedMomentum(i)) / (Math.sqrt(moments.correctedCurvature(i)) + EPSILON);
    }
    this.steps += 1;
    return { gradient: [gradient], curvature: null };
  }

  trainingMixing(noise: RandomStream): Float64Array {
    return this.mixture(noise).mixing;
  }

  configure(settings: Settings): void {
    this.settings = settings;
  }

  save(): MethodState {
    return { ...this.moments.save(this.alpha), steps: this.steps };
  }

  restore(state: MethodState): void {
    this.moments.restore(state, this.alpha);
    this.steps = state.steps ?? 0;
  }

  /** Where the loss and its gradient are wanted; the weights train at another of the same kind. */
  protected mixture(_noise: RandomStream): Mixture {
    return { alpha: this.alpha.slice(), mixing: softmaxRows(this.rows, this.alpha) };
  }

  /** dL/dalpha from dL/dp at a mixture. */
  protected backward({ mixing }: Mixture, gradient: Float64Array): Float64Array {
    return softmaxBackward(this.rows, mixing, gradient);
  }

  /** Gradient of what is added to the loss beside weight decay, size scalars; null for nothing. */
  protected regulariser(): Float64Array | null {
    return null;
  }

  /** Goes linearly from `start` to `end` over the architecture steps of the search. */
  protected along(start: number, end: number): number {
    const { steps, warmupSteps, objective } = this.settings;
    const planned = Math.max(1, objective === "supernet" ? steps - warmupSteps : steps);
    return start + (end - start) * Math.min(1, this.steps / planned);
  }
}
