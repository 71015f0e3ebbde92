import type { Settings } from "../controls";
import type { Feedback, Lesson, Method, MethodState, Proposal } from "../method";
import { softmaxBackward, softmaxRows } from "../softmax";
import type { Row } from "../space";
import { Moments } from "./moments";

/** Adam's epsilon, as PyTorch sets it. */
const EPSILON = 1e-8;

/** First-order DARTS (Liu et al., ICLR 2019): a single value per architecture parameter, learnt by Adam with weight decay. */
export class Darts implements Method {
  readonly id = "darts";
  readonly mean: Float64Array;
  readonly scale = null;
  private readonly moments: Moments;

  /** @param mean initial architecture parameters, copied */
  constructor(
    private readonly rows: readonly Row[],
    private settings: Settings,
    mean: Float64Array,
  ) {
    this.mean = mean.slice();
    this.moments = new Moments(mean.length, 0);
  }

  propose(): Proposal[] {
    return [{ alpha: this.mean.slice(), mixing: this.trainingMixing(), noise: null, perExample: false }];
  }

  learn([{ mixing }]: readonly Proposal[], [feedback]: readonly Feedback[]): Lesson {
    const { archRate, archBeta1, archBeta2, archDecay } = this.settings;
    const gradient = softmaxBackward(this.rows, mixing, feedback.gradient);
    const decayed = gradient.map((g, i) => g + archDecay * this.mean[i]);
    const { moments } = this;
    moments.addGradient(decayed, archBeta1);
    moments.addCurvature(
      decayed.map((g) => g * g),
      archBeta2,
      1 - archBeta2,
    );
    for (let i = 0; i < this.mean.length; i++) {
      this.mean[i] -= (archRate * moments.correctedMomentum(i)) / (Math.sqrt(moments.correctedCurvature(i)) + EPSILON);
    }
    return { gradient: [gradient], curvature: null };
  }

  trainingMixing(): Float64Array {
    return softmaxRows(this.rows, this.mean);
  }

  configure(settings: Settings): void {
    this.settings = settings;
  }

  save(): MethodState {
    return this.moments.save(this.mean);
  }

  restore(state: MethodState): void {
    this.moments.restore(state, this.mean);
  }
}
