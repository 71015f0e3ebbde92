import type { ChangeRecord, EvaluationRecord, ResultRecord, StepRecord } from "../search/records";
import {
  type Acknowledgement,
  type Frame,
  type Phase,
  type SharpnessPoint,
  STEP_SCALARS,
  type WorkerMessage,
} from "./protocol";

/** Frames leave no faster than this, milliseconds. */
const INTERVAL = 1000 / 15;

/** What a frame says of the run besides its steps. */
export interface RunStatus {
  readonly run: number;
  readonly phase: Phase;
  readonly seconds: number;
}

/** Gathers what happens and sends it in frames: one unacknowledged at a time, at most 15 a second, nothing left out. */
export class Outbox {
  private steps: { record: StepRecord; weightRate: number }[] = [];
  private evaluations: EvaluationRecord[] = [];
  private sharpness: SharpnessPoint[] = [];
  private changes: ChangeRecord[] = [];
  private result: ResultRecord | null = null;
  private number = 0;
  private acknowledged = 0;
  private sentAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private dirty = false;

  constructor(
    private readonly port: MessagePort,
    private readonly status: () => RunStatus,
  ) {
    port.onmessage = ({ data }: MessageEvent<Acknowledgement>) => {
      this.acknowledged = Math.max(this.acknowledged, data.number);
      this.schedule();
    };
  }

  /** Forgets what an earlier run has not sent yet. */
  clear(): void {
    this.steps = [];
    this.evaluations = [];
    this.sharpness = [];
    this.changes = [];
    this.result = null;
    this.dirty = false;
  }

  /** Forgets what has not been sent yet of the time after a step. */
  rewind(step: number): void {
    this.steps = this.steps.filter(({ record }) => record.step <= step);
    this.evaluations = this.evaluations.filter((record) => record.step <= step);
    this.sharpness = this.sharpness.filter((point) => point.step <= step);
    this.changes = this.changes.filter((record) => record.step <= step);
    this.result = null;
  }

  addStep(record: StepRecord, weightRate: number): void {
    this.steps.push({ record, weightRate });
    this.touch();
  }

  addEvaluation(record: EvaluationRecord): void {
    this.evaluations.push(record);
    this.touch();
  }

  addSharpness(point: SharpnessPoint): void {
    this.sharpness.push(point);
    this.touch();
  }

  addChange(record: ChangeRecord): void {
    this.changes.push(record);
    this.touch();
  }

  addResult(record: ResultRecord): void {
    this.result = record;
    this.touch();
  }

  /** Sends something that is not part of a run's history at once. */
  send(message: Exclude<WorkerMessage, Frame>): void {
    this.port.postMessage(message);
  }

  /** Something of the status has changed: a frame is due. */
  touch(): void {
    this.dirty = true;
    this.schedule();
  }

  private schedule(): void {
    if (!this.dirty || this.acknowledged < this.number || this.timer !== null) return;
    const wait = this.sentAt + INTERVAL - performance.now();
    if (wait <= 0) this.post();
    else {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.schedule();
      }, wait);
    }
  }

  private post(): void {
    const frame = this.frame();
    this.clear();
    this.sentAt = performance.now();
    this.port.postMessage(
      frame,
      [frame.scalars, frame.mean, frame.scale].flatMap((values) => (values ? [values.buffer as ArrayBuffer] : [])),
    );
  }

  private frame(): Frame {
    const { steps, evaluations, sharpness, changes, result } = this;
    this.number += 1;
    const first = steps[0]?.record;
    return {
      kind: "frame",
      number: this.number,
      ...this.status(),
      after: first ? first.step - 1 : 0,
      count: steps.length,
      ...layOut(steps),
      evaluations,
      ...(sharpness.length > 0 && { sharpness }),
      changes,
      result,
    };
  }
}

/** Steps side by side, as a frame carries them. */
export function layOut(
  steps: readonly { record: StepRecord; weightRate: number }[],
): Pick<Frame, "scalars" | "mean" | "scale"> {
  const flat = (vectors: readonly (readonly number[])[]) => Float64Array.from(vectors.flat());
  return {
    scalars: Float32Array.from(
      steps.flatMap(({ record, weightRate }) =>
        STEP_SCALARS.map((name) => (name === "weightRate" ? weightRate : (record[name] ?? Number.NaN))),
      ),
    ),
    mean: flat(steps.map(({ record }) => record.mean)),
    scale: steps[0]?.record.scale ? flat(steps.map(({ record }) => record.scale ?? [])) : null,
  };
}
