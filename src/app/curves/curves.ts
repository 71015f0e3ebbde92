import { stepsToDraw } from "../charts/scale";
import type { Datum } from "../charts/series";
import type { History } from "../history";
import { Growing, type StepScalar } from "../recording";

/** Weight of the past in the smoothed line. */
const SMOOTHING = 0.9;
const POINTS = 160;

/** A running mean with its bias corrected, as Adam's; NaN before the first value. A step without a value leaves it as it is. */
export class RunningMean {
  private sum = 0;
  private weight = 0;

  add(value: number): number {
    if (!Number.isNaN(value)) {
      this.sum = SMOOTHING * this.sum + (1 - SMOOTHING) * value;
      this.weight = SMOOTHING * this.weight + (1 - SMOOTHING);
    }
    return this.sum / this.weight;
  }
}

const orNull = (value: number, unit: number) => (Number.isNaN(value) ? null : unit * value);

/** A scalar of the weight half and its like of the architecture half, through the run: raw and smoothed. Looks at every step once. */
export class Curve {
  private run = -1;
  private seen = 0;
  private means = { train: new RunningMean(), valid: new RunningMean() };
  private smooth = new Growing<Float32Array>((length) => new Float32Array(length));

  /** @param unit what a value is multiplied by to be drawn */
  constructor(
    private readonly train: StepScalar,
    private readonly valid: StepScalar,
    private readonly unit: number,
  ) {}

  /** Points to draw, by their step. */
  follow({ run, recording }: Pick<History, "run" | "recording">): Map<number, Datum> {
    if (run !== this.run) {
      this.run = run;
      this.seen = 0;
      this.means = { train: new RunningMean(), valid: new RunningMean() };
      this.smooth = new Growing<Float32Array>((length) => new Float32Array(length));
    }
    const { means, train, valid, unit } = this;
    for (let step = this.seen + 1; step <= recording.steps; step++) {
      const pair = [means.train.add(recording.scalar(step, train)), means.valid.add(recording.scalar(step, valid))];
      this.smooth.append(Float32Array.from(pair));
    }
    this.seen = recording.steps;
    const steps = stepsToDraw(recording.steps, POINTS).filter((step) => step > 0);
    return new Map(
      steps.map((step) => [
        step,
        {
          step,
          train: orNull(this.smooth.at(2 * step - 2), unit),
          valid: orNull(this.smooth.at(2 * step - 1), unit),
          trainRaw: orNull(recording.scalar(step, train), unit),
          validRaw: orNull(recording.scalar(step, valid), unit),
        },
      ]),
    );
  }
}
