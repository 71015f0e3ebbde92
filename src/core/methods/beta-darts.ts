import { softmaxRows } from "../softmax";
import { PointEstimate } from "./point-estimate";

/**
 * beta-DARTS (Ye et al., "beta-DARTS: Beta-Decay Regularization for Differentiable Architecture Search", CVPR 2022): DARTS with
 * lambda(t) times the mean over the edges of logsumexp(alpha_e) added to the loss. Its gradient is lambda(t) softmax(alpha) / edges. As in
 * the authors' code for NAS-Bench-201, lambda grows linearly from 0 and DARTS' own weight decay stays. There it reaches 50 in 100 epochs of
 * 391 steps; the default here grows about as fast a step, because the full 50 within 1,000 steps ended in cells of chance accuracy on
 * the instant objective.
 */
export class BetaDarts extends PointEstimate {
  readonly id = "beta-darts";

  protected override regulariser(): Float64Array {
    const share = this.along(0, this.settings.betaWeight) / this.rows.length;
    return softmaxRows(this.rows, this.alpha).map((p) => share * p);
  }
}
