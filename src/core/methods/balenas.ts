import type { Settings } from "../controls";
import type { Feedback, Lesson, Method, MethodState, Proposal } from "../method";
import type { RandomStream } from "../random";
import { hasScales, proposalsOf } from "../settings";
import { softmaxBackward, softmaxRows } from "../softmax";
import type { Row } from "../space";
import { Moments, meanOf } from "./moments";

/**
 * BaLeNAS (Zhang et al., CVPR 2022): a diagonal Gaussian over the architecture parameters, learnt by natural-gradient variational
 * inference on N E_q[L] + tau KL(q || N(0, 1/delta)). The precision is N s + delta, so that sigma = 1 / sqrt(N s + delta).
 *
 * Two updates, with rho = 1 - beta2, curvature h and gradient g averaged over the Monte Carlo samples:
 *   s <- (1 - tau rho) s + rho h            m <- beta1 m + (1 - beta1) (g + tau delta/N mu)
 *   Vadam (Khan et al., ICML 2018; what the author's code runs):  mu <- mu - lr m^ / (sqrt(s^) + delta/N)
 *   VOGN  (Khan and Rue; Osawa et al. 2019):                      mu <- mu - lr m^ / (s + delta/N)
 * The hats are bias corrections. The noise uses s without one; correcting it there would shrink the noise of the first thousand steps.
 * At tau = 1 both are the published forms.
 *
 * Two ablations tell what the learnt scales add: one fixed scale for all, and no noise at all, which leaves a point estimate learnt by
 * Adam with delta/N for its epsilon and its weight decay. The updates of mu and s stay as they are.
 */
export class Balenas implements Method {
  readonly id = "balenas";
  readonly mean: Float64Array;
  readonly scale: Float64Array | null;
  private readonly moments: Moments;

  /** @param mean initial means, copied */
  constructor(
    private readonly rows: readonly Row[],
    private settings: Settings,
    mean: Float64Array,
  ) {
    this.mean = mean.slice();
    this.moments = new Moments(
      mean.length,
      (settings.initialPrecision - settings.priorPrecision) / settings.posteriorN,
    );
    this.scale = hasScales(settings) ? new Float64Array(mean.length) : null;
    this.updateScale();
  }

  propose(noise: RandomStream): Proposal[] {
    return Array.from({ length: proposalsOf(this.settings) }, () => {
      const draws = this.scale && noise.normals(this.mean.length);
      const alpha = this.at(draws);
      const perExample = this.settings.curvature === "example";
      return { alpha, mixing: softmaxRows(this.rows, alpha), noise: draws, perExample };
    });
  }

  learn(proposals: readonly Proposal[], feedback: readonly Feedback[]): Lesson {
    const { archRate, archBeta1, archBeta2, priorPrecision, posteriorN, klWeight, update } = this.settings;
    const gradient = proposals.map(({ mixing }, k) => softmaxBackward(this.rows, mixing, feedback[k].gradient));
    const curvature = proposals.map(({ mixing }, k) => {
      const { perExample } = feedback[k];
      return perExample ? this.exampleCurvature(mixing, perExample) : gradient[k].map((g) => g * g);
    });
    const damping = priorPrecision / posteriorN;
    const pulled = meanOf(gradient).map((g, i) => g + klWeight * damping * this.mean[i]);
    const { moments } = this;
    moments.addGradient(pulled, archBeta1);
    moments.addCurvature(meanOf(curvature), 1 - klWeight * (1 - archBeta2), 1 - archBeta2);
    for (let i = 0; i < this.mean.length; i++) {
      const divisor = update === "vadam" ? Math.sqrt(moments.correctedCurvature(i)) : moments.curvature[i];
      this.mean[i] -= (archRate * moments.correctedMomentum(i)) / (divisor + damping);
    }
    this.updateScale();
    return { gradient, curvature };
  }

  trainingMixing(noise: RandomStream): Float64Array {
    const sampled = this.scale && this.settings.weightsAt === "sample";
    return softmaxRows(this.rows, this.at(sampled ? noise.normals(this.mean.length) : null));
  }

  configure(settings: Settings): void {
    this.settings = settings;
    this.updateScale();
  }

  save(): MethodState {
    return this.moments.save(this.mean);
  }

  restore(state: MethodState): void {
    this.moments.restore(state, this.mean);
    this.updateScale();
  }

  private at(noise: Float64Array | null): Float64Array {
    const { scale } = this;
    return scale && noise ? this.mean.map((mean, i) => mean + scale[i] * noise[i]) : this.mean.slice();
  }

  private updateScale(): void {
    const { posteriorN, priorPrecision, scales, fixedScale } = this.settings;
    const { curvature } = this.moments;
    const learnt = (_: number, i: number) => 1 / Math.sqrt(posteriorN * curvature[i] + priorPrecision);
    this.scale?.set(scales === "fixed" ? this.scale.map(() => fixedScale) : this.scale.map(learnt));
  }

  /** Mean over the examples of their squared gradients dL_i/dalpha: the generalised Gauss-Newton form of VOGN. */
  private exampleCurvature(mixing: Float64Array, perExample: Float64Array): Float64Array {
    const size = this.mean.length;
    const examples = perExample.length / size;
    const sum = new Float64Array(size);
    for (let example = 0; example < examples; example++) {
      const gradient = softmaxBackward(this.rows, mixing, perExample.subarray(example * size, (example + 1) * size));
      for (let i = 0; i < size; i++) sum[i] += gradient[i] ** 2;
    }
    return sum.map((total) => total / examples);
  }
}
