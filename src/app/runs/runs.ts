import { create } from "zustand";
import type { Settings } from "../../core/controls";
import { messageOf } from "../../core/errors";
import { gunzip, gzip, isGzip } from "../../core/gunzip";
import type { ReadRun } from "../../worker/protocol";
import { startWith } from "../form";
import { Recording } from "../recording";
import * as session from "../session";
import { obstacleOf, openDrawer, useApp } from "../store";
import { type KeptRun, openShelf, type Shelf } from "./shelf";
import { nameOf, summarise } from "./summary";

/** Runs kept at most; the oldest go first. */
export const MOST_RUNS = 50;
/** Runs in one comparison at most. */
export const MOST_COMPARED = 32;
/** A run that is reset earlier is not worth keeping, steps. */
const LEAST_STEPS = 10;
/** Recordings held in memory at most, beside those on screen. */
const MOST_OPEN = MOST_COMPARED;

interface RunsState {
  /** The newest first; null until the shelf has been read. */
  readonly kept: readonly KeptRun[] | null;
  /** False where runs last only until the page closes. */
  readonly lasting: boolean;
  /** Ids of the runs to compare. */
  readonly selected: readonly string[];
  /** What went wrong with a file or the shelf. */
  readonly problem: string | null;
  /** What takes a moment. */
  readonly busy: string | null;
  /** The run deleted last, to be brought back. */
  readonly deleted: { readonly run: KeptRun; readonly file: Uint8Array } | null;
  /** Settings that start when the run under way ends, and the run that they are compared with. */
  readonly queued: { readonly settings: Settings; readonly beside: string } | null;
}

export const useRuns = create<RunsState>(() => ({
  kept: null,
  lasting: true,
  selected: [],
  problem: null,
  busy: null,
  deleted: null,
  queued: null,
}));

const get = useRuns.getState;
const set = useRuns.setState;

const ids = new WeakMap<Recording, string>();
/** Recordings of kept runs, the last used last. */
const open = new Map<string, Recording>();
let shelf: Promise<Shelf> | null = null;

/** Identifies a run, kept or not; a kept one has the same id. */
export function idOf(recording: Recording): string {
  const known = ids.get(recording);
  if (known) return known;
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  ids.set(recording, id);
  return id;
}

/** The shelf, opened and read once. */
function opened(): Promise<Shelf> {
  shelf ??= openShelf().then(async (found) => {
    set({ lasting: found.lasting, kept: newestFirst(await found.list()) });
    return found;
  });
  return shelf;
}

const newestFirst = (runs: readonly KeptRun[]) => [...runs].sort((a, b) => b.kept - a.kept);

/** Keeps every run that ends from now on. Call once. */
export function keepRuns(): void {
  session.onRunEnd((recording) => {
    const { queued, selected } = get();
    const { steps, result } = recording;
    if (result || steps >= LEAST_STEPS || (steps > 0 && selected.includes(idOf(recording)))) keepLive();
    if (!queued) return;
    set({ queued: null });
    // The frame that ends the run is still being taken in.
    if (result) setTimeout(() => startBeside(queued.settings, queued.beside));
  });
}

/** Keeps the run under way as far as it has come; once more, and it takes its own place. */
export async function keepLive(): Promise<void> {
  const recording = session.liveRecording();
  const id = idOf(recording);
  const name = get().kept?.find((run) => run.id === id)?.name ?? nameOf(recording.settings);
  const device = useApp.getState().device?.device ?? "";
  const run = summarise(recording, { id, name, kept: Date.now(), device });
  remember(id, recording);
  await put(run, session.packLive());
}

async function put(run: KeptRun, file: Promise<Uint8Array>): Promise<void> {
  try {
    const packed = await file;
    const found = await opened();
    await found.put(run, packed);
    const all = newestFirst([run, ...(get().kept ?? []).filter(({ id }) => id !== run.id)]);
    set({ kept: all.slice(0, MOST_RUNS) });
    for (const { id } of all.slice(MOST_RUNS)) await found.remove(id);
  } catch (error) {
    set({ problem: `“${run.name}” could not be kept: ${messageOf(error)}. Delete runs that you need no more.` });
  }
}

function remember(id: string, recording: Recording): void {
  open.delete(id);
  open.set(id, recording);
  const [oldest] = open.keys();
  if (open.size > MOST_OPEN) open.delete(oldest);
}

/** Reads the list, for a drawer that opens. */
export function loadRuns(): void {
  opened().catch((error) => set({ problem: `The kept runs could not be read: ${messageOf(error)}.`, kept: [] }));
}

/** The recording behind an id. @throws {Error} for one that has gone, or whose file is broken */
export async function recordingOf(id: string): Promise<Recording> {
  const live = session.liveRecording();
  if (idOf(live) === id) return live;
  const known = open.get(id);
  if (known) {
    remember(id, known);
    return known;
  }
  const found = await opened();
  const run = get().kept?.find((each) => each.id === id);
  const file = await found.file(id);
  if (!run || !file) throw new Error("the run is kept no more");
  const recording = recordingFrom(await session.readRun(file));
  recording.seconds ||= run.seconds;
  ids.set(recording, id);
  remember(id, recording);
  return recording;
}

/** The run file of a kept run. @throws {Error} where it has gone */
export async function fileText(id: string): Promise<string> {
  const file = await (await opened()).file(id);
  if (!file) throw new Error("the run is kept no more");
  return new TextDecoder().decode((await gunzip(file)).bytes);
}

function recordingFrom({ settings, mean, scale, frame }: ReadRun): Recording {
  const recording = new Recording(settings, mean, scale);
  recording.append(frame);
  return recording;
}

/** Does something that may fail or last, and says so. */
async function doing(busy: string, work: () => Promise<void>): Promise<void> {
  set({ busy, problem: null });
  try {
    await work();
  } catch (error) {
    set({ problem: messageOf(error) });
  } finally {
    set({ busy: null });
  }
}

/** Puts a kept run on screen, or the current one back. */
export function showRun(id: string): Promise<void> {
  return doing("Opening the run…", async () => {
    const recording = await recordingOf(id);
    if (recording === session.liveRecording()) session.showLive();
    else session.showRecording(recording, id);
  });
}

export async function renameRun(id: string, name: string): Promise<void> {
  const run = get().kept?.find((each) => each.id === id);
  if (!run || name.trim() === "") return;
  const renamed = { ...run, name: name.trim() };
  set({ kept: get().kept?.map((each) => (each.id === id ? renamed : each)) ?? null });
  await (await opened()).describe(renamed);
}

export function deleteRun(id: string): Promise<void> {
  return doing("Deleting…", async () => {
    const found = await opened();
    const run = get().kept?.find((each) => each.id === id);
    const file = await found.file(id);
    if (!run) return;
    await found.remove(id);
    if (useApp.getState().shownRun === id) session.showLive();
    set({
      kept: get().kept?.filter((each) => each.id !== id) ?? null,
      selected: get().selected.filter((each) => each !== id),
      deleted: file ? { run, file } : null,
    });
  });
}

export async function undoDelete(): Promise<void> {
  const { deleted } = get();
  if (!deleted) return;
  set({ deleted: null });
  await put(deleted.run, Promise.resolve(deleted.file));
}

/** What `nas select` printed begins so, and no run file. */
const SELECTION_START = /^\s*\{"kind":"(candidate|selection)"/;

/** Reads run files, keeps them, ticks them if they are several, and puts the last on screen; selections go to the comparison. */
export function importFiles(files: readonly File[]): Promise<void> {
  openDrawer("runs");
  return doing("Reading the run file…", async () => {
    const imported: string[] = [];
    for (const file of files) {
      if (SELECTION_START.test(await file.slice(0, 100).text())) {
        openDrawer("compare");
        const { openSelections } = await import("../compare/selections");
        openSelections(await file.text(), file.name);
        continue;
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      const packed = isGzip(bytes) ? Promise.resolve(bytes.slice()) : gzip(bytes);
      const run = await session.readRun(bytes).catch((error) => {
        throw new Error(`${file.name} was not imported: ${messageOf(error)}`);
      });
      const recording = recordingFrom(run);
      const id = idOf(recording);
      const name = file.name.replace(/(\.jsonl|\.json|\.gz|\.txt)+$/, "");
      remember(id, recording);
      await put(summarise(recording, { id, name, kept: Date.now(), device: run.device }), packed);
      session.showRecording(recording, id);
      imported.push(id);
    }
    if (imported.length > 1) select(imported);
  });
}

/** Ticks a run for the comparison, or unticks it. */
export function toggleSelected(id: string): void {
  const { selected } = get();
  if (selected.includes(id)) set({ selected: selected.filter((each) => each !== id) });
  else if (selected.length < MOST_COMPARED) set({ selected: [...selected, id] });
}

/** Ticks runs as far as there is room. */
export function select(ids: readonly string[]): void {
  set({ selected: [...new Set([...get().selected, ...ids])].slice(0, MOST_COMPARED) });
}

/** The same run under the method to compare with: DARTS for BaLeNAS, BaLeNAS for every other. */
export function otherMethod(settings: Settings): Settings {
  return { ...settings, method: settings.method === "balenas" ? "darts" : "balenas" };
}

/** Runs the other method with the same settings and seed beside a run; after the run under way, if it has not ended. */
export function compareWithOther(id: string): Promise<void> {
  return doing("Starting the run…", async () => {
    const settings = otherMethod((await recordingOf(id)).settings);
    const { phase } = useApp.getState();
    const own = idOf(session.liveRecording()) === id;
    const underWay = phase === "running" || phase === "paused" || phase === "preparing";
    if (!underWay && !(own && (phase === "idle" || phase === "starting"))) {
      startBeside(settings, id);
      return;
    }
    const obstacle = underWay ? null : obstacleOf(useApp.getState());
    if (obstacle) throw new Error(obstacle);
    set({ queued: { settings, beside: id } });
    session.run();
  });
}

function startBeside(settings: Settings, id: string): void {
  startWith(settings);
  set({ selected: [id, idOf(session.liveRecording())] });
}

export function cancelQueued(): void {
  set({ queued: null });
}
