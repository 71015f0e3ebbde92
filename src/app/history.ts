import { useSyncExternalStore } from "react";
import { withDefaults } from "../core/settings";
import type { Frame } from "../worker/protocol";
import { Recording } from "./recording";
import { useApp } from "./store";

/** Redraws a second at most. */
const REDRAWS = 10;

/** The version to draw. */
let drawn = 0;

/**
 * The recording on screen, outside React: panels read it and redraw when the version number moves. The run under way keeps growing its
 * own recording while another one is shown.
 */
export class History {
  /** Moves with every change that is to be drawn. */
  version = 0;
  /** Counts the recordings shown and the rewinds: what was worked out for an earlier one is void. */
  run = 0;
  recording: Recording = new Recording(withDefaults({}), new Float64Array(30), null);
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private announced = 0;

  /** Puts a recording on screen. All panels redraw together: it may be of another space, which no two of them may disagree on. */
  show(recording: Recording): void {
    this.run++;
    this.recording = recording;
    this.version++;
    this.mark();
    for (const listener of [...this.listeners]) listener();
  }

  /** Adds to a recording; redraws if it is the one on screen. */
  append(recording: Recording, frame: Frame): void {
    recording.append(frame);
    if (recording !== this.recording) return;
    this.version++;
    this.schedule();
  }

  rewind(recording: Recording, step: number): void {
    recording.rewind(step);
    if (recording === this.recording) this.show(recording);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private mark(): void {
    this.announced = performance.now();
    drawn = this.version;
  }

  /** Tells the listeners of further steps, one task after the other: a panel redraws in each, and none of the tasks is long. */
  private announce(): void {
    this.mark();
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

/** The recording on screen; redraws with it. */
export function useRecording(): Recording {
  useHistoryVersion();
  return history.recording;
}

/** The step that the timeline was moved to, for a cursor on a time axis; null while the latest is shown. */
export function useCursor(): number | null {
  const { steps } = useRecording();
  return useApp(({ scrub }) => (scrub === null || scrub >= steps ? null : scrub));
}

/** The step on screen: the latest, or the one that the timeline was moved to. */
export function useShownStep(): number {
  const { steps } = useRecording();
  return useApp(({ scrub }) => (scrub === null ? steps : Math.min(scrub, steps)));
}
