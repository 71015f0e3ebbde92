import { type ControlKey, controlOf, type Settings } from "../core/controls";
import { messageOf } from "../core/errors";
import { type Edit, readLink, toLink } from "../core/link";
import { createMethod } from "../core/methods";
import { SPACES } from "../core/spaces";
import { type Connection, connectWorker } from "../worker/client";
import type { ReadRun, StepPart, WorkerMessage } from "../worker/protocol";
import { history } from "./history";
import { idle } from "./idle";
import { Recording } from "./recording";
import { NO_RUN, objectiveOf, obstacleOf, useApp } from "./store";

/** The page's side of a search: starts the worker, sends it what people do, and puts what it reports into the store. */

let worker: Connection | null = null;
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
/** The run that the page opened with by itself: nobody asked for it, and nobody is told of its end. */
let opening: Recording | null = null;
/** Points of (seconds, step) behind the rate. */
let pace: { seconds: number; step: number }[] = [];

/** Told of a recording that grows no more: it has its result, or a reset is about to take it off the page. */
const endListeners = new Set<(recording: Recording) => void>();
const besideListeners = new Set<(message: WorkerMessage) => void>();
/** A worker that doesn't hand out its run file within this time has died, milliseconds. */
const PATIENCE = 30_000;

const get = useApp.getState;
const set = useApp.setState;

/**
 * Shows the prior and starts the worker. An address that holds a run starts it; else the instant objective starts by itself, unless the
 * reader asks for little motion. Call once.
 */
export function startSession(): void {
  const linked = readLink(location.hash);
  if (linked) set({ draft: linked.settings, linkNotes: linked.notes });
  showPrior();
  worker = connectWorker(receive);
  worker.connected.then(
    () => {
      if (get().phase === "starting") set({ phase: "idle" });
    },
    (error) => fail(error, "Reload the page; if it happens again, try another browser."),
  );
  sendSpeed();
  useApp.subscribe((state, before) => {
    if (state.draft !== before.draft) estimate();
    if (state.speeds !== before.speeds || objectiveOf(state) !== objectiveOf(before)) sendSpeed();
    // Its self-test would hold up an instant run, so that it waits for the end of one; a supernet asks for it at once.
    if (state.phase === "finished" && before.phase !== "finished" && !state.device) idle().then(chooseDevice);
  });
  estimate();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!linked && !still) opening = live;
  if (linked || !still) start(linked?.edits ?? []);
}

/** Ahead of need: a supernet that finds none says so itself. */
function chooseDevice(): void {
  worker?.control.chooseDevice().catch(() => {});
}

function sendSpeed(): void {
  const rate = get().speeds[objectiveOf(get())];
  worker?.connected.then(() => worker?.control.setSpeed(rate)).catch(() => {});
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
    case "device":
      set({ device: message.device });
      return;
    case "divergence":
      if (message.run === expected) set({ divergence: message, phase: "diverged" });
      return;
    case "rewound":
      if (message.run === expected) rewind(message.step);
      return;
    case "turned":
      if (message.run === expected) followRun(message.settings);
      return;
    case "failure":
      set({ failure: message, phase: "failed", progress: null });
      return;
    default:
      for (const listener of besideListeners) listener(message);
  }
}

function rewind(step: number): void {
  history.rewind(live, step);
  pace = [];
  set({
    step: live.steps,
    epoch: live.steps > 0 ? live.scalar(live.steps, "epoch") : 0,
    rate: null,
    waiting: [],
    divergence: null,
    ...(history.recording === live && { scrub: null, replaying: false }),
  });
}

/** What the run turned by itself shows in the form, but where the form says something of its own. */
function followRun(settings: Partial<Settings>): void {
  const { draft, applied } = get();
  if (!applied) return;
  const unaltered = Object.entries(settings).filter(([key]) => draft[key as ControlKey] === applied[key as ControlKey]);
  set({ applied: { ...applied, ...settings }, draft: { ...draft, ...Object.fromEntries(unaltered) } });
}

function fail(error: unknown, mend: string): void {
  const message = messageOf(error);
  set({ failure: { kind: "failure", message, mend }, phase: "failed", progress: null });
}

function call<T>(what: (control: Connection["control"]) => Promise<T>): Promise<void> {
  const mine = generation;
  queue = queue.then(async () => {
    if (!worker) return;
    try {
      await worker.connected;
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
      await worker?.connected;
      const cost = (await worker?.control.cost(draft)) ?? null;
      if (draft === get().draft) set({ cost });
    } catch {
      // A run says in full what is missing; the estimate is left blank.
    }
  }, ESTIMATE_AFTER);
}

function ended(): void {
  if (live === opening) return;
  for (const listener of endListeners) listener(live);
}

export function onRunEnd(listener: (recording: Recording) => void): void {
  endListeners.add(listener);
}

/** The recording of the run under way, or of the prior before one. */
export function liveRecording(): Recording {
  return live;
}

/** Number of the run whose supernet stands on the device and whose recording is on screen; null where there is none. */
export function supernetOnScreen(): number | null {
  return history.recording === live && live.settings.objective === "supernet" ? expected : null;
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

/** The worker, for what has nothing to do with the run. @throws {Error} where there is none */
export function workerControl(): Connection["control"] {
  if (!worker) throw new Error("there is no worker");
  return worker.control;
}

/** Makes a call for what goes on beside the run, after those before it. @param failed is told why it came to nothing */
export function beside(
  what: (control: Connection["control"]) => Promise<void>,
  failed: (problem: string) => void,
): void {
  queue = queue.then(async () => {
    try {
      await worker?.connected;
      await what(workerControl());
    } catch (error) {
      failed(messageOf(error));
    }
  });
}

/** Told of what streams besides the run. */
export function onBeside(listener: (message: WorkerMessage) => void): void {
  besideListeners.add(listener);
}

/** Reads a run file in the worker. @throws {Error} saying what is wrong with it */
export async function readRun(file: Uint8Array): Promise<ReadRun> {
  return workerControl().readRun(file);
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

/**
 * Puts the prior of the form's search on screen.
 * @param force take another recording off the screen
 */
export function showPrior(force = false): void {
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
    phase: get().phase === "starting" ? "starting" : "idle",
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
  if (phase === "diverged") recover();
  if (phase === "preparing" || phase === "running" || phase === "diverged" || obstacleOf(get())) return;
  if (phase === "finished" || phase === "failed") forget();
  start([]);
}

function start(edits: readonly Edit[]): void {
  showLive();
  ensureRun(edits);
  call((control) => control.run());
}

/** Takes a diverged run back as it offers, and lets it go on. */
export function recover(): void {
  if (get().phase !== "diverged") return;
  call(async (control) => {
    await control.recover();
    await control.run();
  });
}

/** Lets a diverged run go on as it is. */
export function goOn(): void {
  if (get().divergence?.finite !== true) return;
  set({ divergence: null });
  call((control) => control.run());
}

/** Lets a run that was paused for a while go on, even where its pause is still on the way. */
export function resume(): void {
  const { applied, phase } = get();
  if (applied && (phase === "running" || phase === "paused")) call((control) => control.run());
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

/** Turns settings of the run under way; each mark on the time axes is one of these. Nothing happens where they would clash. */
export function change(patch: Partial<Settings>): void {
  const { applied, waiting } = get();
  const keys = Object.keys(patch) as ControlKey[];
  if (!applied || keys.length === 0) return;
  const merged = { ...applied, ...patch };
  if (obstacleOf({ draft: merged, cost: null })) return;
  const late = keys.filter((key) => controlOf(key).acts === "epoch");
  set({ applied: merged, waiting: [...new Set([...waiting, ...late])] });
  call((control) => control.change(patch));
}
