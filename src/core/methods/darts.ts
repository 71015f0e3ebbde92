import { PointEstimate } from "./point-estimate";

/**
 * DARTS (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019): the mixing weights are the softmax of the
 * architecture parameters, p = softmax(alpha), and Adam follows the validation loss's gradient. Whether that is taken at the weights as
 * they are or one step ahead (first or second order) is the search's affair.
 */
export class Darts extends PointEstimate {
  readonly id = "darts";
}
