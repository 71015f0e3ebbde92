import { create } from "zustand";
import { CONTROL_KEYS, type ControlKey, controlOf, type Settings } from "../core/controls";
import { clashOf } from "../core/settings";
import type { Choices } from "../core/space";
import type { DeviceChoice, Divergence, Failure, Phase, SearchCost } from "../worker/protocol";
import { formOf, INSTANT } from "./setup/presets";

/** What the pointer or the keyboard has singled out; lit in every panel. */
export interface Focus {
  readonly row: number | null;
  readonly operation: string | null;
  /** A step of the past under the pointer. */
  readonly step: number | null;
}

export const NOTHING: Focus = { row: null, operation: null, step: null };

export type Objective = Settings["objective"];

/** What can take the place of the side columns. */
export type DrawerName = "runs" | "compare" | "select" | "train" | "sharpness" | "share";

/** Small summary state; the long series are in history.ts. */
export interface AppState {
  readonly phase: Phase;
  /** What was mended in the link that the page was opened with. */
  readonly linkNotes: readonly string[];
  /** What the form says. */
  readonly draft: Settings;
  /** What the run under way obeys; null without one. */
  readonly applied: Settings | null;
  /** Changes that the run has taken but that wait for its next epoch. */
  readonly waiting: readonly ControlKey[];
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  /** Steps a second over the last few seconds; null until there is one to tell. */
  readonly rate: number | null;
  readonly device: DeviceChoice | null;
  /** What the form's settings would cost, and what the run under way does; null until the worker has said. */
  readonly cost: SearchCost | null;
  readonly runCost: SearchCost | null;
  /** What is being prepared, and how far it is. */
  readonly progress: { readonly what: string; readonly fraction: number | null } | null;
  readonly failure: Failure | null;
  /** Set while a run that has diverged stands still. */
  readonly divergence: Divergence | null;
  /** Most steps a second, by objective; null for as many as there can be. */
  readonly speeds: Readonly<Record<Objective, number | null>>;
  readonly hover: Focus;
  readonly pinned: Focus;
  readonly view: "probable" | "weighted" | "samples";
  /** Which kind of cell is on screen, where the space has more than one: its place among them. */
  readonly cellKind: number;
  /** An architecture drawn in place of the search's own, where the space on screen is its own. */
  readonly exhibit: {
    /** The space's id. */
    readonly space: string;
    readonly title: string;
    /** Where it comes from: "as published". */
    readonly note: string;
    readonly choices: Choices;
  } | null;
  /** The step that the timeline was moved to; null for the latest, however far it grows. */
  readonly scrub: number | null;
  /** Identifies the kept run on screen; null while it is the current one. */
  readonly shownRun: string | null;
  readonly drawer: DrawerName | null;
  /** The timeline moves by itself. */
  readonly replaying: boolean;
}

/** What the page knows of a run before its first step. */
export const NO_RUN = {
  applied: null,
  waiting: [],
  step: 0,
  epoch: 0,
  seconds: 0,
  rate: null,
  failure: null,
  divergence: null,
} satisfies Partial<AppState>;

export const useApp = create<AppState>(() => ({
  ...NO_RUN,
  phase: "starting",
  linkNotes: [],
  draft: formOf(INSTANT, controlOf("seed").default as number),
  // The instant objective would be over before anyone has looked.
  speeds: { supernet: null, instant: 100 },
  device: null,
  cost: null,
  runCost: null,
  progress: null,
  hover: NOTHING,
  pinned: NOTHING,
  view: "weighted",
  cellKind: 0,
  exhibit: null,
  scrub: null,
  replaying: false,
  shownRun: null,
  drawer: null,
}));

export function hover({ row = null, operation = null, step = null }: Partial<Focus>): void {
  const old = useApp.getState().hover;
  if (old.row === row && old.operation === operation && old.step === step) return;
  useApp.setState({ hover: { row, operation, step } });
}

/** Pins an edge or an operation, or lets it go when it was pinned already. */
export function pin(focus: Partial<Focus>): void {
  const { pinned } = useApp.getState();
  const same = (focus.row ?? null) === pinned.row && (focus.operation ?? null) === pinned.operation;
  useApp.setState({ pinned: same ? NOTHING : { ...NOTHING, ...focus } });
}

export function openDrawer(drawer: DrawerName | null): void {
  useApp.setState({ drawer });
}

/** Moves every panel to a step of the past; null for the latest. */
export function scrubTo(step: number | null): void {
  if (useApp.getState().scrub !== step) useApp.setState({ scrub: step });
}

/** The same by hand, which ends a replay. */
export function moveTo(step: number | null): void {
  useApp.setState({ scrub: step, replaying: false });
}

/** Starts a replay from the step on screen, from the beginning where that is the latest; or stops it. */
export function toggleReplay(): void {
  const { replaying, scrub } = useApp.getState();
  useApp.setState({ replaying: !replaying, scrub: replaying ? scrub : (scrub ?? 0) });
}

/** The focus in force: what is pointed at, else what is pinned. */
export function useFocus(): Focus {
  return useApp(({ hover, pinned }) =>
    hover.row !== null || hover.operation !== null || hover.step !== null ? hover : pinned,
  );
}

/**
 * Class of a mark for this operation on this edge: none in the light, where everything is while nothing is singled out; "aside" for
 * the rivals on the edge that is singled out; "dim" for the rest.
 */
export function lightOf(focus: Focus, row: number, operation: string): "" | "aside" | "dim" {
  if (focus.row !== null && focus.row !== row) return "dim";
  if (focus.operation === null || focus.operation === operation) return "";
  return focus.row === null ? "dim" : "aside";
}

/** Sets the most steps a second of the objective at hand. */
export function setSpeed(rate: number | null): void {
  useApp.setState((state) => ({ speeds: { ...state.speeds, [objectiveOf(state)]: rate } }));
}

/** What the run under way learns from, or the one that the form would start. */
export function objectiveOf({ draft, applied }: Pick<AppState, "draft" | "applied">): Objective {
  return (applied ?? draft).objective;
}

/** Why the form's settings cannot run here; null when they can. */
export function obstacleOf({ draft, cost }: Pick<AppState, "draft" | "cost">): string | null {
  return clashOf(draft)?.problem ?? cost?.refusal ?? null;
}

/** Settings of the form that the run under way doesn't obey; they act at the next reset. */
export function pendingKeys({ draft, applied }: Pick<AppState, "draft" | "applied">): ControlKey[] {
  return applied ? CONTROL_KEYS.filter((key) => draft[key] !== applied[key]) : [];
}

/** Does a change of this control reach the run under way? */
export function reachesRun({ phase, applied }: Pick<AppState, "phase" | "applied">, key: ControlKey): boolean {
  return applied !== null && controlOf(key).acts !== "restart" && (phase === "running" || phase === "paused");
}
