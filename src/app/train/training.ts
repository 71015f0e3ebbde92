import { create } from "zustand";
import type { Choices } from "../../core/space";
import { TRAINING_BEGUN, type TrainingProgress, type TrainingRequest } from "../../worker/protocol";
import type { Moment } from "../moment";
import { beside, onBeside } from "../session";

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

/** Trains cells beside the run, which is paused; after a pause the same request goes on. */
export function train(request: TrainingRequest, lineup: Lineup): void {
  const { latest } = useTraining.getState();
  const known = latest?.request === request ? latest.progress : TRAINING_BEGUN;
  useTraining.setState({ latest: { request, lineup, progress: { ...known, state: "running" } } });
  beside((control) => control.train(request), fail);
}

/** Goes out after the training that it pauses. */
export function pauseTraining(): void {
  beside((control) => control.pauseTraining(), fail);
}

function follow(progress: Partial<TrainingProgress>): void {
  useTraining.setState(({ latest }) => ({
    latest: latest && { ...latest, progress: { ...latest.progress, ...progress } },
  }));
}

function fail(problem: string): void {
  follow({ state: "failed", remaining: null, problem });
}

onBeside((message) => {
  if (message.kind === "training") follow(message);
});
