import type { Settings } from "../core/controls";
import { rowOffsets, type SearchSpace } from "../core/space";
import { SPACES } from "../core/spaces";
import type { ChangeRecord, EvaluationRecord, Frame, ResultRecord, SharpnessPoint } from "../worker/protocol";
import { STEP_SCALARS } from "../worker/protocol";

/** A typed array that grows by doubling. */
export class Growing<A extends Float32Array | Float64Array> {
  private buffer: A;
  length = 0;

  constructor(private readonly make: (length: number) => A) {
    this.buffer = make(1024);
  }

  append(values: A): void {
    const needed = this.length + values.length;
    if (needed > this.buffer.length) {
      const larger = this.make(Math.max(needed, 2 * this.buffer.length));
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer.set(values, this.length);
    this.length = needed;
  }

  /** Forgets all but the first `length` values. */
  truncate(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** A view, not a copy. */
  slice(start: number, end: number): A {
    return this.buffer.subarray(start, end) as A;
  }

  at(index: number): number {
    return this.buffer[index];
  }
}

export type StepScalar = (typeof STEP_SCALARS)[number];

const floats = (length: number) => new Float32Array(length);
const doubles = (length: number) => new Float64Array(length);

/**
 * One run as the page keeps it: the posterior after every step, the scalars of the curves, edits, evaluations, result. Steps count from
 * 1; index 0 of the posterior is the state before the first step.
 */
export class Recording {
  steps = 0;
  changes: readonly ChangeRecord[] = [];
  evaluations: readonly EvaluationRecord[] = [];
  /** Where it was measured, by rising step. */
  sharpness: readonly SharpnessPoint[] = [];
  result: ResultRecord | null = null;
  /** Seconds spent stepping so far. */
  seconds = 0;
  readonly space: SearchSpace;
  readonly offsets: readonly number[];
  private readonly size: number;
  private readonly scalars = new Growing<Float32Array>(floats);
  private readonly means = new Growing<Float64Array>(doubles);
  private readonly scales: Growing<Float64Array> | null;

  /**
   * @param settings those that the run began with; `changes` says what was turned since
   * @param mean the posterior before the first step
   * @param scale its standard deviations; null for a point estimate
   */
  constructor(
    readonly settings: Settings,
    mean: Float64Array,
    scale: Float64Array | null,
  ) {
    this.space = SPACES[settings.space];
    this.offsets = rowOffsets(this.space.rows);
    this.size = mean.length;
    this.means.append(mean);
    this.scales = scale && new Growing<Float64Array>(doubles);
    if (scale) this.scales?.append(scale);
  }

  append(frame: Omit<Frame, "kind" | "number" | "run" | "phase" | "after">): void {
    this.scalars.append(frame.scalars);
    this.means.append(frame.mean);
    if (frame.scale) this.scales?.append(frame.scale);
    this.steps += frame.count;
    if (frame.changes.length > 0) this.changes = [...this.changes, ...frame.changes];
    if (frame.evaluations.length > 0) this.evaluations = [...this.evaluations, ...frame.evaluations];
    if (frame.sharpness) this.sharpness = inOrder([...this.sharpness, ...frame.sharpness]);
    if (frame.result) this.result = frame.result;
    this.seconds = frame.seconds;
  }

  /** Forgets what came after a step. */
  rewind(step: number): void {
    this.changes = this.changes.filter((change) => change.step <= step);
    if (step >= this.steps) return;
    this.steps = step;
    this.scalars.truncate(step * STEP_SCALARS.length);
    this.means.truncate((step + 1) * this.size);
    this.scales?.truncate((step + 1) * this.size);
    this.evaluations = this.evaluations.filter((evaluation) => evaluation.step <= step);
    this.sharpness = this.sharpness.filter((point) => point.step <= step);
    this.result = null;
  }

  /** Means after a step, 0 for before the first. A view: read it at once. */
  mean(step: number): Float64Array {
    return this.means.slice(step * this.size, (step + 1) * this.size);
  }

  /** Standard deviations after a step; null for a point estimate. */
  scale(step: number): Float64Array | null {
    return this.scales?.slice(step * this.size, (step + 1) * this.size) ?? null;
  }

  /** A scalar of a step, counted from 1; NaN where the step had none. */
  scalar(step: number, name: StepScalar): number {
    return this.scalars.at((step - 1) * STEP_SCALARS.length + STEP_SCALARS.indexOf(name));
  }
}

/** By rising step; of two measurements after a step the later one stays. */
function inOrder(points: readonly SharpnessPoint[]): SharpnessPoint[] {
  return [...new Map(points.map((point) => [point.step, point])).values()].sort((a, b) => a.step - b.step);
}
