import { argmaxRows, rowOffsets } from "../space";
import { PointEstimate } from "./point-estimate";

/**
 * What the two forms of SmoothDARTS share (Chen and Hsieh, "Stabilizing Differentiable Architecture Search via Perturbation-based
 * Regularization", ICML 2020): DARTS, but the weights train at mixing weights moved by up to epsilon. As in the authors' code epsilon grows
 * linearly from 0.03 to 0.3. Where no weights train, on the instant objective, both are DARTS.
 */
export abstract class PerturbedDarts extends PointEstimate {
  /** How far a mixing weight may be moved in this step. */
  protected epsilon(): number {
    return this.along(this.settings.perturbationStart, this.settings.perturbationEnd);
  }

  /**
   * Moved mixing weights clipped to [0, 1] and brought back to sum 1 in every row. A row that the clipping leaves without any weight keeps
   * its largest alone.
   */
  protected legal(moved: Float64Array): Float64Array {
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
