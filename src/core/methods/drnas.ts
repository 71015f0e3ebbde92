import { gammaSlope, logGammaDraw } from "../gamma";
import type { RandomStream } from "../random";
import { softmaxBackward, softmaxRows } from "../softmax";
import { type Mixture, PointEstimate } from "./point-estimate";

/**
 * DrNAS (Chen, Wang, Cheng, Tang and Hsieh, "DrNAS: Dirichlet Neural Architecture Search", ICLR 2021), without its progressive
 * pruning and partial channels: each row's mixing weights are a draw of Dirichlet(c) with concentrations c = elu(alpha) + 1, in the
 * architecture and in the weight step. Adam's weight decay on alpha pulls the concentrations to 1, where the distribution is uniform.
 *
 * A draw is p = x / sum x with independent x_i ~ Gamma(c_i), and its gradient is pathwise: at fixed quantiles
 * dL/dc_i = dL/d(log x_i) d(log x_i)/dc_i, and p is the softmax of log x. (Implicit reparameterisation: Figurnov, Mohamed and Mnih,
 * NeurIPS 2018.)
 */
export class DrNas extends PointEstimate {
  readonly id = "drnas";

  /** log c, the preferences whose softmax is the Dirichlet's mean, c / sum c. */
  override get mean(): Float64Array {
    return this.alpha.map((a) => (a > 0 ? Math.log1p(a) : a));
  }

  protected override mixture(noise: RandomStream): Mixture {
    const alpha = this.alpha.map((a) => logGammaDraw(concentration(a), noise));
    return { alpha, mixing: softmaxRows(this.rows, alpha) };
  }

  protected override backward({ alpha: logs, mixing }: Mixture, gradient: Float64Array): Float64Array {
    return softmaxBackward(this.rows, mixing, gradient).map((g, i) => {
      const c = concentration(this.alpha[i]);
      // elu'(alpha) is 1 above 0 and e^alpha = c below.
      return g * gammaSlope(logs[i], c) * Math.min(1, c);
    });
  }
}

/** elu(alpha) + 1 */
function concentration(alpha: number): number {
  return alpha > 0 ? alpha + 1 : Math.exp(alpha);
}
