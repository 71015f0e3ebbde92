import { create } from "zustand";
import type { SharpnessProgress } from "../../worker/protocol";
import type { Recording } from "../recording";
import { beside, liveRecording, onBeside } from "../session";

/** The latest measurement that was asked for, and of what run. */
interface Measurement {
  readonly recording: Recording;
  /** Null until the worker has begun. */
  readonly progress: SharpnessProgress | null;
  /** Why it could not begin, for people. */
  readonly problem: string | null;
}

export const useMeasurement = create<{ readonly latest: Measurement | null }>(() => ({ latest: null }));

const patch = (change: Partial<Measurement>) =>
  useMeasurement.setState(({ latest }) => ({ latest: latest && { ...latest, ...change } }));

const fail = (problem: string) => patch({ problem });

onBeside((message) => {
  // What is left of a run that was reset says nothing of the one after it.
  if (message.kind === "sharpness" && useMeasurement.getState().latest?.recording === liveRecording()) {
    patch({ progress: message, problem: message.problem });
  }
});

/** Measures how sharp the loss is between two steps of the run under way, which then goes on. */
export function measure(): void {
  useMeasurement.setState({ latest: { recording: liveRecording(), progress: null, problem: null } });
  beside((control) => control.measureSharpness(), fail);
}

export function cancel(): void {
  beside((control) => control.cancelSharpness(), fail);
}
