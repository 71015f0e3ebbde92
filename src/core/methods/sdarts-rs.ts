import type { RandomStream } from "../random";
import { softmaxRows } from "../softmax";
import { argmaxRows, rowOffsets } from "../space";
import { PointEstimate } from "./point-estimate";

/**
 * SmoothDARTS by random smoothing (Chen and Hsieh, "Stabilizing Differentiable Architecture Search via Perturbation-based
 * Regularization", ICML 2020): DARTS, but the weights train at softmax(alpha) + U(-epsilon, epsilon), clipped to [0, 1] and brought back to
 * sum 1 in every row. As in the authors' code epsilon grows linearly from 0.03 to 0.3, and a row that the clipping leaves without any
 * weight keeps its largest alone. Where no weights train, on the instant objective, it is DARTS.
 */
export class SdartsRs extends PointEstimate {
  readonly id = "sdarts-rs";

  override trainingMixing(noise: RandomStream): Float64Array {
    const epsilon = this.along(this.settings.perturbationStart, this.settings.perturbationEnd);
    const moved = softmaxRows(this.rows, this.alpha).map((p) => p + epsilon * (2 * noise.uniform() - 1));
    const mixing = moved.map((p) => Math.min(1, Math.max(0, p)));
    const offsets = rowOffsets(this.rows);
    for (const [row, largest] of argmaxRows(this.rows, moved).entries()) {
      const own = mixing.subarray(offsets[row], offsets[row + 1]);
      if (own[largest] === 0) own[largest] = 1;
      const total = own.reduce((sum, p) => sum + p);
      for (let i = 0; i < own.length; i++) own[i] /= total;
    }
    return mixing;
  }
}
