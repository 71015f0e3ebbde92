import { largestCurvature } from "../eigen";
import type { MethodState, Trial } from "../method";
import type { RandomStream } from "../random";
import { softmaxBackward, softmaxRows } from "../softmax";
import { PointEstimate } from "./point-estimate";

/** Eigenvalues in a local average, and how many measurements lie between the two averages that are compared. */
const WINDOW = 5;
const LOOK_BACK = 4;
/** How many measurements ago the older average has its middle: there the search would rather have stopped. */
const BACK = LOOK_BACK + Math.floor(WINDOW / 2);

/**
 * DARTS with early stopping (Zela et al., "Understanding and Robustifying Differentiable Architecture Search", ICLR 2020): first-order
 * DARTS that watches the largest eigenvalue of the Hessian of the validation loss by the architecture parameters. Once its average over
 * five measurements is more than 1.3 times that of four measurements earlier, the search ends, and the parameters are those at the middle
 * of the earlier one. As in the authors' code (RobustDARTS) measurements count from 0, that middle must be number 10 at least, and the
 * Hessian has weight decay's share.
 *
 * The authors measure once in each of 50 epochs, on a fresh batch. A search of a page has few epochs: here every evaluation measures, by
 * default as many times in a search, and all on the same batch.
 */
export class DartsEs extends PointEstimate {
  readonly id = "darts-es";
  private eigenvalues: number[] = [];
  /** Parameters at the last measurements, the oldest first. */
  private recent: Float64Array[] = [];
  private chosen: Float64Array | null = null;

  /** The parameters, or those to which the search went back when it ended. */
  override get mean(): Float64Array {
    return this.chosen ?? this.alpha;
  }

  get ended(): boolean {
    return this.chosen !== null;
  }

  async decide(noise: RandomStream, trial: Trial): Promise<void> {
    if (this.ended) return;
    const eigenvalue = await largestCurvature((alpha) => this.gradientAt(alpha, trial), this.alpha, noise);
    this.eigenvalues.push(eigenvalue);
    this.recent = [...this.recent, this.alpha.slice()].slice(-BACK - 1);
    const last = this.eigenvalues.length - 1;
    const { earliestStop, stopFactor } = this.settings;
    if (last - BACK < earliestStop) return;
    if (this.average(last) / this.average(last - LOOK_BACK) > stopFactor) this.chosen = this.recent[0];
  }

  override save(): MethodState {
    const { eigenvalues, recent, chosen } = this;
    return {
      ...super.save(),
      stopping: { eigenvalues: [...eigenvalues], recent: recent.map((alpha) => [...alpha]), ended: chosen !== null },
    };
  }

  override restore(state: MethodState): void {
    super.restore(state);
    const { eigenvalues, recent, ended } = state.stopping ?? { eigenvalues: [], recent: [], ended: false };
    this.eigenvalues = [...eigenvalues];
    this.recent = recent.map((alpha) => Float64Array.from(alpha));
    this.chosen = ended ? this.recent[0] : null;
  }

  /** Mean eigenvalue of the measurements up to a number, as many as a window has. */
  private average(last: number): number {
    const window = this.eigenvalues.slice(Math.max(0, last + 1 - WINDOW), last + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  }

  private async gradientAt(alpha: Float64Array, trial: Trial): Promise<Float64Array> {
    const mixing = softmaxRows(this.rows, alpha);
    const { gradient } = await trial.differentiate(mixing);
    return softmaxBackward(this.rows, mixing, gradient).map((g, i) => g + this.settings.archDecay * alpha[i]);
  }
}
