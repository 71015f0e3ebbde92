import { type ControlKey, controlOf, type Settings, type SettingValue } from "../core/controls";
import { withDefaults } from "../core/settings";
import { SPACES } from "../core/spaces";
import { again, back, type Edit, remember } from "./edits";
import { change, reset, run, showPrior } from "./session";
import { formOf, INSTANT, SUPERNET } from "./setup/presets";
import { reachesRun, useApp } from "./store";

/** What people do to the form: controls, presets, undo. */

const get = useApp.getState;

/** Sets a control of the form, and of the run under way where it acts there. `value` must have passed `checkSetting`. */
export function setControl(key: ControlKey, value: SettingValue): void {
  const { draft } = get();
  // What follows a control that waits for a reset waits with it.
  const live = controlOf(key).acts !== "restart";
  if (draft[key] === value) return;
  const after = followStandard(draft, { ...draft, [key]: value }, key);
  // A space without a table has no answers to learn from.
  const searchable = key === "space" && !SPACES[after.space].tabled && after.objective === "instant";
  edit(searchable ? followStandard(after, { ...after, objective: "supernet" }, "objective") : after, live);
}

/** Replaces the whole form; a run under way keeps to its own settings until a reset. */
export function setForm(draft: Settings): void {
  edit(draft, false);
}

/** Puts the form back to what the run under way obeys. */
export function dropPending(): void {
  const { applied } = get();
  if (applied) setForm(applied);
}

/** Takes the last edit back. What it had turned in the run under way is turned back, which is an edit of the run itself. */
export function undo(): void {
  const last = back();
  if (last) put(last.before, last.live);
}

/** Makes the edit undone last again. */
export function redo(): void {
  const next = again();
  if (next) put(next.after, next.live);
}

/** Ends the run under way and starts one with these settings. */
export function startWith(settings: Settings): void {
  reset();
  useApp.setState({ cost: null });
  setForm(settings);
  run();
}

/** The search that sees no answers: the one-minute supernet, from the start. */
export function searchWithSupernet(): void {
  startWith(formOf(SUPERNET, get().draft.seed));
}

function edit(after: Settings, live: boolean): void {
  const before = get().draft;
  const keys = (Object.keys(after) as ControlKey[]).filter((key) => after[key] !== before[key]);
  if (keys.length === 0) return;
  const of = (settings: Settings): Partial<Settings> => Object.fromEntries(keys.map((key) => [key, settings[key]]));
  const made: Edit = { before: of(before), after: of(after), live };
  remember(made);
  put(made.after, live);
}

/** @param live does it also turn those that act during a run in the run under way? */
function put(settings: Partial<Settings>, live: boolean): void {
  const state = get();
  const { applied } = state;
  useApp.setState({ draft: { ...state.draft, ...settings } });
  if (!applied) showPrior();
  if (!applied || !live) return;
  const keys = (Object.keys(settings) as ControlKey[]).filter(
    (key) => settings[key] !== applied[key] && reachesRun(state, key),
  );
  change(Object.fromEntries(keys.map((key) => [key, settings[key]])));
}

/** What settings are at where nobody has touched them. */
function standardOf({ objective, method, update, seed, steps }: Settings): Settings {
  const standard =
    objective === "instant"
      ? { ...withDefaults({ ...INSTANT.settings, method, seed }), update }
      : withDefaults({ method, update, seed });
  return { ...standard, warmupSteps: withDefaults({ method, steps }).warmupSteps };
}

/** Where standard values depend on the method, its update rule, the objective or the steps, a value still at the old one's moves to the new one's. */
function followStandard(before: Settings, after: Settings, key: ControlKey): Settings {
  if (key !== "method" && key !== "update" && key !== "objective" && key !== "steps") return after;
  const [old, fresh] = [standardOf(before), standardOf(after)];
  const moved = (Object.keys(fresh) as ControlKey[]).filter((k) => old[k] !== fresh[k] && before[k] === old[k]);
  return { ...after, ...Object.fromEntries(moved.map((k) => [k, fresh[k]])) };
}
