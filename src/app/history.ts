import { useSyncExternalStore } from "react";
import type { ChangeRecord, EvaluationRecord, ResultRecord } from "../worker/protocol";
import { type Frame, STEP_SCALARS } from "../worker/protocol";

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

  /** A view, not a copy. */
  slice(start: number, end: number): A {
    return this.buffer.subarray(start, end) as A;
  }

  at(index: number): number {
    return this.buffer[index];
  }
}

export type StepScalar = (typeof STEP_SCALARS)[number];

/** The version to draw. */
let drawn = 0;

/** Redraws a second at most. */
const REDRAWS = 10;

/**
 * The run so far, outside React: panels read the arrays and redraw when the version number moves. Steps count from 1; index 0 of the
 * posterior is the state before the first step.
 */
export class History {
  /** Moves with every change that is to be drawn. */
  version = 0;
  /** Counts the beginnings. */
  run = 0;
  steps = 0;
  changes: ChangeRecord[] = [];
  evaluations: EvaluationRecord[] = [];
  result: ResultRecord | null = null;
  private size = 0;
  private scalars = new Growing<Float32Array>((length) => new Float32Array(length));
  private means = new Growing<Float64Array>((length) => new Float64Array(length));
  private scales: Growing<Float64Array> | null = null;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private announced = 0;

  /** Forgets everything and starts from a posterior. */
  begin(mean: Float64Array, scale: Float64Array | null): void {
    this.run++;
    this.size = mean.length;
    this.steps = 0;
    this.changes = [];
    this.evaluations = [];
    this.result = null;
    this.scalars = new Growing<Float32Array>((length) => new Float32Array(length));
    this.means = new Growing<Float64Array>((length) => new Float64Array(length));
    this.means.append(mean);
    this.scales = null;
    if (scale) {
      this.scales = new Growing<Float64Array>((length) => new Float64Array(length));
      this.scales.append(scale);
    }
    this.version++;
    this.announce();
  }

  append(frame: Frame): void {
    this.scalars.append(frame.scalars);
    this.means.append(frame.mean);
    if (frame.scale) this.scales?.append(frame.scale);
    this.steps += frame.count;
    if (frame.changes.length > 0) this.changes = [...this.changes, ...frame.changes];
    if (frame.evaluations.length > 0) this.evaluations = [...this.evaluations, ...frame.evaluations];
    if (frame.result) this.result = frame.result;
    this.version++;
    this.schedule();
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

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Tells the listeners one task after the other: a panel redraws in each, and none of the tasks is long. */
  private announce(): void {
    this.announced = performance.now();
    drawn = this.version;
    const queue = [...this.listeners];
    const next = () => {
      queue.shift()?.();
      if (queue.length > 0) setTimeout(next);
    };
    next();
  }

  private schedule(): void {
    if (this.timer !== null) return;
    const wait = Math.max(0, this.announced + 1000 / REDRAWS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.announce();
    }, wait);
  }
}

export const history = new History();

/** The version to draw; moves at most ten times a second. */
export function useHistoryVersion(): number {
  return useSyncExternalStore(history.subscribe, () => drawn);
}
