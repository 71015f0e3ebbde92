import type { RandomStream } from "../random";
import { argmaxRows, oneHot } from "../space";
import type { Mixture } from "./point-estimate";
import { Snas } from "./snas";

/**
 * GDAS (Dong and Yang, "Searching for a Robust Neural Architecture in Four GPU Hours", CVPR 2019): one operation an edge, the largest of
 * alpha + G with standard Gumbel noise G, in the architecture and in the weight step. Forward the mixing weights are that one-hot
 * sample; backward they count as the concrete sample z = softmax((alpha + G) / T) behind it: dL/dalpha = dL/dp at the one-hot p, times
 * dz/dalpha. That estimate is biased. T falls linearly from 10 to 0.1.
 *
 * The authors' code runs the sampled operations alone, so that dL/dp of the others is not that of mixing them in; here all run, and
 * dL/dp is exact for every operation.
 *
 * Where an architecture picks several candidates of a row, training still samples one, as the code of NAS-Bench-1Shot1 does; the decision
 * takes the largest parameters, as many as are picked.
 */
export class Gdas extends Snas {
  override readonly id = "gdas";

  protected override mixture(noise: RandomStream): Mixture {
    const { alpha } = super.mixture(noise);
    const single = this.rows.map((row) => ({ ...row, picks: 1 }));
    return { alpha, mixing: oneHot(single, argmaxRows(single, alpha)) };
  }
}
