import { create } from "zustand";
import type { Choices } from "../../core/space";
import { TRAINING_BEGUN, type TrainingProgress, type TrainingRequest } from "../../worker/protocol";
import type { Moment } from "../moment";

/** A cell that is trained. */
export interface Entrant {
  /** "Argmax", "DARTS". */
  readonly title: string;
  /** Where it comes from. */
  readonly note: string;
  readonly choices: Choices;
}

/** The cells that are trained, in the order of the request. */
export interface Lineup {
  readonly entrants: readonly Entrant[];
  /** Of their space, to draw them with. */
  readonly moment: Moment;
}

/** A training that was asked for, and how far it is. */
export interface Training {
  readonly request: TrainingRequest;
  readonly lineup: Lineup;
  readonly progress: TrainingProgress;
}

/** The latest training; null before the first. */
export const useTraining = create<{ readonly latest: Training | null }>(() => ({ latest: null }));

/** What is known of the same request stays, as it goes on. */
export function begin(request: TrainingRequest, lineup: Lineup): void {
  useTraining.setState(({ latest }) => ({
    latest: {
      request,
      lineup,
      progress: { ...(latest?.request === request ? latest.progress : TRAINING_BEGUN), state: "running" },
    },
  }));
}

export function follow(progress: TrainingProgress): void {
  useTraining.setState(({ latest }) => ({ latest: latest && { ...latest, progress } }));
}

export function fail(problem: string): void {
  useTraining.setState(({ latest }) => ({
    latest: latest && { ...latest, progress: { ...latest.progress, state: "failed", remaining: null, problem } },
  }));
}
