import type { Settings } from "../controls";
import type { RandomStream } from "../random";
import { softmaxBackward, softmaxRows } from "../softmax";
import { type Mixture, PointEstimate } from "./point-estimate";

/**
 * SNAS (Xie, Zheng, Liu and Lin, "SNAS: Stochastic Neural Architecture Search", ICLR 2019): the mixing weights are a sample of the concrete
 * distribution, p = softmax((alpha + G) / T) with standard Gumbel noise G, in the architecture and in the weight step. The gradient goes
 * through the sample. The temperature T falls linearly, from 10 to 1 in the code of DrNAS, whose SNAS for NAS-Bench-201 this follows. That
 * code takes the noise on log softmax(alpha), which differs from alpha by a constant in every row: neither sample nor gradient sees it.
 */
export class Snas extends PointEstimate {
  readonly id: Settings["method"] = "snas";

  protected override mixture(noise: RandomStream): Mixture {
    const temperature = this.temperature();
    const alpha = this.alpha.map((a) => (a + noise.gumbel()) / temperature);
    return { alpha, mixing: softmaxRows(this.rows, alpha) };
  }

  protected override backward({ alpha }: Mixture, gradient: Float64Array): Float64Array {
    const temperature = this.temperature();
    return softmaxBackward(this.rows, softmaxRows(this.rows, alpha), gradient).map((g) => g / temperature);
  }

  private temperature(): number {
    return this.along(this.settings.temperatureStart, this.settings.temperatureEnd);
  }
}
