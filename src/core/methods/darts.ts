import { PointEstimate } from "./point-estimate";

/**
 * First-order DARTS (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019): the mixing weights are the
 * softmax of the architecture parameters, p = softmax(alpha), and Adam follows the validation loss's gradient at fixed weights.
 */
export class Darts extends PointEstimate {
  readonly id = "darts";
}
