import type { RandomStream } from "../random";
import { softmaxRows } from "../softmax";
import { PerturbedDarts } from "./perturbed";

/** SmoothDARTS by random smoothing: the weights train at softmax(alpha) + U(-epsilon, epsilon). */
export class SdartsRs extends PerturbedDarts {
  readonly id = "sdarts-rs";

  override trainingMixing(noise: RandomStream): Float64Array {
    const epsilon = this.epsilon();
    return this.legal(softmaxRows(this.rows, this.alpha).map((p) => p + epsilon * (2 * noise.uniform() - 1)));
  }
}
