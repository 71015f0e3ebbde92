import { create } from "zustand";
import { SELECTION_BEGUN, type SelectionProgress, type SelectionRequest } from "../../worker/protocol";
import type { Moment } from "../moment";
import { beside, onBeside } from "../session";

/** What a selection draws from. */
export interface Source {
  readonly moment: Moment;
  /** Method and seed, for people. */
  readonly title: string;
}

/** A selection that was asked for, and how far it is. */
export interface Selecting {
  readonly request: SelectionRequest;
  readonly source: Source;
  readonly progress: SelectionProgress;
}

/** The latest selection; null before the first. */
export const useSelection = create<{ readonly latest: Selecting | null }>(() => ({ latest: null }));

/** Selects architectures beside the run, which is paused; after a cancellation the same request goes on. */
export function select(request: SelectionRequest, source: Source): void {
  useSelection.setState({ latest: { request, source, progress: SELECTION_BEGUN } });
  beside((control) => control.select(request), fail);
}

/** Goes out after the selection that it cancels. */
export function cancelSelection(): void {
  beside((control) => control.cancelSelection(), fail);
}

function follow(progress: SelectionProgress): void {
  useSelection.setState(({ latest }) => ({ latest: latest && { ...latest, progress } }));
}

function fail(problem: string): void {
  follow({ ...SELECTION_BEGUN, state: "failed", problem });
}

onBeside((message) => {
  if (message.kind === "selection") follow(message);
});
