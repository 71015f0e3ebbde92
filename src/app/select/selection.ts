import { create } from "zustand";
import { SELECTION_BEGUN, type SelectionProgress, type SelectionRequest } from "../../worker/protocol";
import type { Moment } from "../moment";

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

export function begin(request: SelectionRequest, source: Source): void {
  useSelection.setState({ latest: { request, source, progress: SELECTION_BEGUN } });
}

export function follow(progress: SelectionProgress): void {
  useSelection.setState(({ latest }) => ({ latest: latest && { ...latest, progress } }));
}

export function fail(problem: string): void {
  follow({ ...SELECTION_BEGUN, state: "failed", problem });
}
