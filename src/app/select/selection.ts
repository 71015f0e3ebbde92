import { create } from "zustand";
import type { Settings } from "../../core/controls";
import {
  SELECTION_BEGUN,
  type SelectionProgress,
  type SelectionRequest,
  type SelectionResult,
} from "../../worker/protocol";
import type { Moment } from "../moment";
import { beside, onBeside } from "../session";

/** What a selection draws from. */
export interface Source {
  readonly moment: Moment;
  /** Those of its run. */
  readonly settings: Settings;
  /** Method and seed, for people. */
  readonly title: string;
}

/** A selection that was asked for, and how far it is. */
export interface Selecting {
  readonly request: SelectionRequest;
  readonly source: Source;
  readonly progress: SelectionProgress;
}

/** What a finished selection has come to, of this page or out of a file. */
export interface Selected
  extends Pick<SelectionRequest, "samples" | "temperature" | "rankBy" | "seed" | "train">,
    Pick<SelectionResult, "winner" | "curve"> {
  /** The pick from random cells. */
  readonly control: SelectionResult["winner"];
  readonly method: Settings["method"];
  /** Those of the run, and the step that was drawn from; null out of a file, whose selections are of the end of a run. */
  readonly settings: Settings | null;
  readonly step: number | null;
}

interface Selections {
  /** Null before the first. */
  readonly latest: Selecting | null;
  /** In the order in which they came. */
  readonly selected: readonly Selected[];
}

export const useSelection = create<Selections>(() => ({ latest: null, selected: [] }));

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
  const { latest, selected } = useSelection.getState();
  if (!latest) return;
  useSelection.setState({ latest: { ...latest, progress } });
  const { state, result } = progress;
  if (state !== "finished" || !result) return;
  const { samples, temperature, rankBy, seed, train } = latest.request;
  const { winner, control, curve, training } = result;
  const { settings, moment } = latest.source;
  const asked = { samples, temperature, rankBy, seed, method: settings.method, settings, step: moment.step };
  const found = withTraining(
    { ...asked, train: 0, winner, control, curve },
    train,
    training && { winner: training.candidates[0], control: training.control[0] },
  );
  useSelection.setState({ selected: [...selected, ...found] });
}

/** What the proxies picked, and what the short training after them did, where there was one; it has no curve of its own. */
export function withTraining(
  byProxies: Selected,
  train: number,
  picks: Partial<Pick<Selected, "winner" | "control">> | null | undefined,
): Selected[] {
  if (!picks?.winner) return [byProxies];
  return [byProxies, { ...byProxies, train, winner: picks.winner, control: picks.control ?? null, curve: [] }];
}

function fail(problem: string): void {
  follow({ ...SELECTION_BEGUN, state: "failed", problem });
}

onBeside((message) => {
  if (message.kind === "selection") follow(message);
});
