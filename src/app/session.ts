import { type ControlKey, controlOf, type Settings, type SettingValue, withDefaults } from "../core/controls";
import { type Edit, readLink, toLink } from "../core/link";
import { createMethod } from "../core/methods";
import { SPACES } from "../core/spaces";
import { connectWorker } from "../worker/client";
import type { ReadRun, StepPart, WorkerMessage } from "../worker/protocol";
import { history } from "./history";
import { Recording } from "./recording";
import { NO_RUN, obstacleOf, reachesRun, useApp } from "./store";

/** The page's side of a search: starts the worker, sends it what people do, and puts what it reports into the store. */

let worker: ReturnType<typeof connectWorker> | null = null;
/** Calls go out one after the other, so that a pause has ended before the next run is prepared. */
let queue: Promise<unknown> = Promise.resolve();
/** Calls made before a reset are dropped with what they were for. */
let generation = 0;
/** How many runs the worker was told to prepare; it numbers them alike. */
let prepared = 0;
/** The run whose frames count; null from a reset until the next run is prepared. */
let expected: number | null = null;
/** Milliseconds for which the form must stand still before its cost is asked for. */
const ESTIMATE_AFTER = 120;
let estimating: ReturnType<typeof setTimeout> | undefined;
/** The rate is that of so many last seconds, over no fewer than so many frames. */
const PACE_SECONDS = 5;
const LEAST_POINTS = 6;
/** The recording of the run under way, or of the prior before one; another one may be on screen meanwhile. */
let live = history.recording;
/** Points of (seconds, step) behind the rate. */
let pace: { seconds: number; step: number }[] = [];

/** Told of a recording that grows no more: it has its result, or a reset is about to take it off the page. */
const endListeners = new Set<(recording: Recording) => void>();
/** A worker that doesn't hand out its run file within this time has died, milliseconds. */
const PATIENCE = 30_000;

const get = useApp.getState;
const set = useApp.setState;

/** Shows the prior and starts the worker; an address that holds a run starts it. Call once. */
export function startSession(): void {
  const linked = readLink(location.hash);
  if (linked) set({ draft: linked.settings, linkNotes: linked.notes });
  showPrior();
  worker = connectWorker(receive);
  worker.device.then(
    (device) => set({ device, phase: get().applied ? get().phase : "idle", progress: null }),
    (error) => fail(error, "Reload the page; if it happens again, try another browser."),
  );
  useApp.subscribe((state, before) => {
    if (state.draft !== before.draft) estimate();
  });
  estimate();
  if (linked) start(linked.edits);
}

function receive(message: WorkerMessage): void {
  switch (message.kind) {
    case "frame": {
      if (message.run !== expected) return;
      history.append(live, message);
      if (message.count > 0) {
        const step = message.after + message.count;
        pace.push({ seconds: message.seconds, step });
        while (pace.length > LEAST_POINTS && pace[0].seconds < message.seconds - PACE_SECONDS) pace.shift();
        const epoch = live.scalar(step, "epoch");
        const elapsed = message.seconds - pace[0].seconds;
        set({
          step,
          seconds: message.seconds,
          epoch,
          // What waited for an epoch to begin has been waiting long enough.
          waiting: epoch > get().epoch ? [] : get().waiting,
          // The first frame is left out: it holds the time that kernels took to compile.
          rate: elapsed > 0 ? (step - pace[0].step) / elapsed : null,
        });
      }
      if (message.phase !== get().phase) set({ phase: message.phase });
      if (message.result) ended();
      return;
    }
    case "progress":
      set({ progress: message.fraction === 1 ? null : { what: message.what, fraction: message.fraction } });
      return;
    case "phase":
      // Without a run of ours the worker's phase is that of one that was reset.
      if (expected !== null) set({ phase: message.phase });
      return;
    case "failure":
      set({ failure: message, phase: "failed", progress: null });
  }
}

function fail(error: unknown, mend: string): void {
  const message = error instanceof Error ? error.message : String(error);
  set({ failure: { kind: "failure", message, mend }, phase: "failed", progress: null });
}

function call<T>(what: (control: NonNullable<typeof worker>["control"]) => Promise<T>): Promise<void> {
  const mine = generation;
  queue = queue.then(async () => {
    if (!worker) return;
    try {
      await worker.device;
      // Nothing follows a failure until a reset.
      if (mine !== generation || get().phase === "failed") return;
      await what(worker.control);
    } catch (error) {
      // A failure that the worker has reported itself says more.
      if (get().phase !== "failed") fail(error, "Change the set-up if it asks for it, then press Reset.");
    }
  });
  return queue as Promise<void>;
}

/** Asks for the cost of the form once it has stood still for a moment. */
function estimate(): void {
  clearTimeout(estimating);
  estimating = setTimeout(async () => {
    const { draft } = get();
    try {
      await worker?.device;
      const cost = (await worker?.control.cost(draft)) ?? null;
      if (draft === get().draft) set({ cost });
    } catch {
      // A run says in full what is missing; the estimate is left blank.
    }
  }, ESTIMATE_AFTER);
}

function ended(): void {
  for (const listener of endListeners) listener(live);
}

export function onRunEnd(listener: (recording: Recording) => void): void {
  endListeners.add(listener);
}

/** The recording of the run under way, or of the prior before one. */
export function liveRecording(): Recording {
  return live;
}

/** The run file of the run under way up to the step that the page has seen, gzip. Goes out before whatever is asked for next. */
export function packLive(): Promise<Uint8Array<ArrayBuffer>> {
  const { steps } = live;
  const packed = queue.then(() => {
    const late = new Promise<never>((_, refuse) => {
      setTimeout(() => refuse(new Error("the worker does not answer")), PATIENCE);
    });
    if (!worker) throw new Error("there is no worker");
    return Promise.race([worker.control.packedRun(steps), late]);
  });
  queue = packed.catch(() => {});
  return packed;
}

/** Reads a run file in the worker. @throws {Error} saying what is wrong with it */
export async function readRun(file: Uint8Array): Promise<ReadRun> {
  if (!worker) throw new Error("there is no worker to read it");
  return worker.control.readRun(file);
}

/** Puts a recording on screen; the run under way goes on behind it. */
export function showRecording(recording: Recording, shownRun: string): void {
  history.show(recording);
  set({ scrub: null, replaying: false, shownRun });
}

/** Puts the run under way back on screen. */
export function showLive(): void {
  if (history.recording === live) return;
  history.show(live);
  set({ scrub: null, replaying: false, shownRun: null });
}

/** @param force take another recording off the screen */
function showPrior(force = false): void {
  const { draft } = get();
  const aside = history.recording !== live && !force;
  const method = createMethod(draft, SPACES[draft.space]);
  live = new Recording(draft, Float64Array.from(method.mean), method.scale && Float64Array.from(method.scale));
  if (aside) return;
  history.show(live);
  set({ scrub: null, replaying: false, shownRun: null });
}

/** Puts the page back to step 0 with the form's settings; the worker's run ends with the next one. */
function forget(): void {
  if (get().applied && !live.result) ended();
  generation += 1;
  expected = null;
  pace = [];
  set({
    ...NO_RUN,
    progress: get().device ? null : get().progress,
    phase: get().device ? "idle" : "starting",
  });
  showPrior(true);
}

/** Builds a run from the form where there is none, with edits of a link to be made on the way. */
function ensureRun(edits: readonly Edit[] = []): void {
  const { draft, applied, cost } = get();
  if (applied) return;
  set({ applied: draft, runCost: cost, phase: "preparing" });
  call((control) => {
    prepared += 1;
    expected = prepared;
    return control.prepare(draft, edits);
  });
}

export function run(): void {
  const { phase } = get();
  if (phase === "preparing" || phase === "running" || obstacleOf(get())) return;
  if (phase === "finished" || phase === "failed") forget();
  start([]);
}

function start(edits: readonly Edit[]): void {
  showLive();
  ensureRun(edits);
  call((control) => control.run());
}

/** The address that repeats the run on screen: its settings, and every edit with its step. */
export function linkOf(): string {
  const { settings, changes } = history.recording;
  const address = new URL(location.href);
  address.hash = toLink({ settings, edits: changes });
  return address.href;
}

/** The run under way, as a run file. @throws {Error} where there is none */
export async function runFileText(): Promise<string> {
  const text = worker && get().applied ? await worker.control.runFile() : "";
  if (text === "") throw new Error("there is no run yet: press Run first");
  return text;
}

export function pause(): void {
  if (get().phase === "running") call((control) => control.pause());
}

export function toggle(): void {
  if (get().phase === "running") pause();
  else run();
}

/** One step, or half of one, of a run that stands still. */
export function step(part: StepPart): void {
  const { phase } = get();
  if (phase !== "idle" && phase !== "starting" && phase !== "paused") return;
  if (obstacleOf(get())) return;
  showLive();
  ensureRun();
  call((control) => control.step(part));
}

export function reset(): void {
  const underWay = get().phase === "running";
  forget();
  if (underWay) call((control) => control.pause());
}

/** Ends the run under way and starts one with these settings. */
export function startWith(settings: Settings): void {
  forget();
  set({ cost: null });
  setForm(settings);
  run();
}

/** Sets a control of the form, and of the run under way where it acts there. `value` must have passed `checkSetting`. */
export function setControl(key: ControlKey, value: SettingValue): void {
  const state = get();
  if (state.draft[key] === value) return;
  const draft = followUpdateRule(state.draft, { ...state.draft, [key]: value }, key);
  set({ draft });
  if (!state.applied) {
    showPrior();
    return;
  }
  const merged = { ...state.applied, [key]: value } as Settings;
  if (!reachesRun(state, key) || obstacleOf({ draft: merged, cost: null })) return;
  const late = controlOf(key).acts === "epoch";
  set({ applied: merged, waiting: late ? [...new Set([...state.waiting, key])] : state.waiting });
  call((control) => control.change({ [key]: value }));
}

/** Where defaults depend on the update rule, a value still at the old rule's default moves to the new one's. */
function followUpdateRule(before: Settings, after: Settings, key: ControlKey): Settings {
  if (key !== "update") return after;
  const old = withDefaults({ update: before.update });
  const fresh = withDefaults({ update: after.update });
  const moved = (Object.keys(fresh) as ControlKey[]).filter((k) => old[k] !== fresh[k] && before[k] === old[k]);
  return { ...after, ...Object.fromEntries(moved.map((k) => [k, fresh[k]])) };
}

/** Replaces the whole form; a run under way keeps to its own settings until a reset. */
export function setForm(draft: Settings): void {
  set({ draft });
  if (!get().applied) showPrior();
}

/** Puts the form back to what the run under way obeys. */
export function dropPending(): void {
  const { applied } = get();
  if (applied) set({ draft: applied });
}
