import { closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { CONTROL_KEYS, type ControlKey, controlOf, type Settings, type SettingValue } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import { oneShotOf } from "../core/nasbench1shot1";
import { appliesTo, checkTogether, withDefaults } from "../core/settings";
import { SPACES } from "../core/spaces";
import { type InstantSurroundings, openSearch, type Surroundings } from "../search/open";
import {
  type CheckpointRecord,
  type HeaderRecord,
  type RunRecord,
  type SharpnessFigures,
  sharpnessFigures,
} from "../search/records";
import { parseRunFile, settingsOf, toLine } from "../search/runfile";
import type { Search } from "../search/search";
import { openBenchmark, openData, openDevice, openGraphBenchmark } from "./files";
import {
  assignmentOf,
  type Given,
  helpText,
  type OptionTable,
  PLACE,
  parseOptions,
  refused,
  settingOf,
  settingsHelp,
  type Wanted,
  wantedOf,
} from "./options";

/** Controls with a flag of their own, but for the data, which may also be a folder. */
const FLAGS = ["space", "method", "seed", "steps", "channels", "cells", "image", "batch"] as const;

const OPTIONS: OptionTable = {
  controls: FLAGS,
  own: {
    seeds: { value: "A..B", help: "One search for each seed from A to B." },
    ...PLACE,
    out: { value: "FILE", help: "The run file, a JSON line a record; of several seeds each has its own, FILE.SEED." },
    resume: { value: "FILE", help: "Goes on with an interrupted run, in its file and with its settings." },
    set: { value: "KEY=VALUE", help: "Sets any control; may be repeated.", repeats: true },
  },
};

/** Least time between two lines of progress, milliseconds. */
const PROGRESS_INTERVAL = 1000;

/** Ctrl-C; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** `nas search`: a JSON line for each finished run. */
export async function search(args: readonly string[]): Promise<void> {
  const given = parseOptions(args, OPTIONS);
  if (given.has("help")) return console.log(help());
  const stop = { wanted: false };
  // Stays for good: the terminal and npm may each deliver the same Ctrl-C, and the later one must not end the process unsaved.
  process.on("SIGINT", () => {
    stop.wanted = true;
  });
  await (given.has("resume") ? resume(given, stop) : begin(given, stop));
}

interface Stop {
  wanted: boolean;
}

/** What the runs of a command share. */
interface Bench {
  readonly surroundings: Surroundings | InstantSurroundings;
  readonly close: () => void;
}

async function begin(given: Given, stop: Stop): Promise<void> {
  const settings = settingsFrom(given);
  const seeds = seedsFrom(given, settings.seed);
  const wanted = wantedOf(given);
  if (settings.objective === "instant") {
    for (const name of ["data", "device", "engine"].filter((name) => given.has(name)))
      console.error(`warning: --${name} has no effect on the instant objective`);
  }
  const bench = await openBench(settings, given.get("data")?.[0] ?? settings.data, wanted);
  try {
    for (const seed of seeds) {
      const out = given.get("out")?.[0];
      const path = out === undefined ? null : seeds.length > 1 ? withSeed(out, seed) : out;
      await run({ ...settings, seed }, bench, { path, stop, last: null });
    }
  } finally {
    bench.close();
  }
}

async function resume(given: Given, stop: Stop): Promise<void> {
  const other = [...given.keys()].find((name) => name !== "resume");
  if (other)
    throw new InputError(`--${other} cannot stand beside --resume: a run goes on with the settings of its file`);
  const path = given.get("resume")?.[0] as string;
  const text = readRunFile(path);
  const records = parseRunFile(text);
  const last = records[records.length - 1];
  if (last.kind !== "checkpoint") {
    const state = last.kind === "result" ? "it has finished" : "it does not end with a checkpoint";
    throw new InputError(`${path} cannot be resumed: ${state}; expected the file of a run that Ctrl-C stopped`);
  }
  const [header] = records;
  const settings = settingsOf(header);
  const bench = await openBench(settings, header.data, { device: header.device, engine: header.engine });
  try {
    const kept = Buffer.byteLength(text.slice(0, text.trimEnd().lastIndexOf("\n") + 1));
    await run(settings, bench, { path, stop, last: { checkpoint: last, kept } });
  } finally {
    bench.close();
  }
}

function readRunFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(`--resume ${path} could not be read (${messageOf(error)}): expected a run file`);
  }
}

/** @throws {InputError} for a value that no control allows, values that clash, or a control set twice */
function settingsFrom(given: Given): Settings {
  const chosen = new Map<ControlKey, SettingValue>();
  for (const key of FLAGS) {
    const text = given.get(key)?.[0];
    if (text !== undefined) chosen.set(key, settingOf(key, text));
  }
  for (const text of given.get("set") ?? []) {
    const [key, value] = assignmentOf(text);
    if (chosen.has(key)) throw new InputError(`${key} is given twice: expected one value`);
    chosen.set(key, value);
  }
  const settings = withDefaults(Object.fromEntries(chosen) as Partial<Settings>);
  checkTogether(settings);
  for (const key of chosen.keys()) {
    if (appliesTo(key, settings)) continue;
    const { method, objective } = settings;
    const deaf = controlOf(key).objectives?.includes(objective) === false ? `the ${objective} objective` : method;
    console.error(`warning: ${key} has no effect on ${deaf}`);
  }
  return settings;
}

function seedsFrom(given: Given, seed: number): number[] {
  const text = given.get("seeds")?.[0];
  if (text === undefined) return [seed];
  if (given.has("seed")) throw new InputError("--seed and --seeds exclude each other: expected one of them");
  const ends = /^(\d+)\.\.(\d+)$/.exec(text);
  if (!ends) throw refused("--seeds", text, "two whole numbers A..B", `${seed}..${seed}`);
  const [first, last] = ends.slice(1).map((end) => settingOf("seed", end, "--seeds") as number);
  if (last < first) throw refused("--seeds", text, "A..B with A no larger than B", `${last}..${first}`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** "runs/r.jsonl" becomes "runs/r.7.jsonl". */
function withSeed(path: string, seed: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}.${seed}${extension}`;
}

async function openBench(settings: Settings, data: string, wanted: Wanted): Promise<Bench> {
  const space = SPACES[settings.space];
  const benchmark = space.tabled ? await openBenchmark(settings.space) : null;
  const nasBench101 = oneShotOf(space) && (await openGraphBenchmark());
  if (settings.objective === "instant") return { surroundings: { benchmark }, close: () => {} };
  const dataset = await openData(data);
  const ready = await openDevice(wanted);
  const { choice: device } = ready;
  const createEngine = ready.createEngine.bind(ready);
  return { surroundings: { dataset, device, createEngine, benchmark, nasBench101 }, close: () => ready.close() };
}

interface RunOptions {
  readonly path: string | null;
  readonly stop: Stop;
  /** Where to go on, and how many bytes of the file stand before its checkpoint; null for a run from the start. */
  readonly last: { readonly checkpoint: CheckpointRecord; readonly kept: number } | null;
}

async function run(settings: Settings, bench: Bench, { path, stop, last }: RunOptions): Promise<void> {
  const { search, close } = await openSearch(settings, bench.surroundings);
  let file: RunFile | null = null;
  try {
    if (last) search.restore(last.checkpoint);
    file = path === null ? null : new RunFile(path, last?.kept ?? 0);
    if (!last) file?.write(search.header);
    await steps(search, file, stop, last?.checkpoint.seconds ?? 0);
  } finally {
    file?.close();
    close();
  }
}

async function steps(search: Search, file: RunFile | null, stop: Stop, before: number): Promise<void> {
  let seconds = before;
  let shown = Number.NEGATIVE_INFINITY;
  while (!search.done) {
    if (stop.wanted) throw await interrupted(search, file, seconds);
    const begun = performance.now();
    const record = await search.step();
    search.heedTime(seconds + (performance.now() - begun) / 1000);
    const evaluation = search.evaluationDue ? await search.evaluate() : null;
    seconds += (performance.now() - begun) / 1000;
    const sharpness = search.sharpnessDue ? await measured(search) : null;
    file?.write(sharpness ? { ...record, sharpness } : record);
    if (evaluation) file?.write(evaluation);
    if (search.done || performance.now() - shown >= PROGRESS_INTERVAL) {
      shown = performance.now();
      const loss = (value: number | null) => value?.toFixed(4) ?? "-";
      console.error(
        `seed ${search.settings.seed}  step ${search.steps}/${search.settings.steps}  ` +
          `train loss ${loss(record.trainLoss)}  valid loss ${loss(record.validLoss)}  ${search.architecture}`,
      );
    }
    // A step may never leave the microtasks; signals are heard between tasks only.
    await setImmediate();
  }
  const result = search.result(seconds);
  file?.write(result);
  console.log(JSON.stringify(summary(search.header, result)));
}

/** Beside the search: its time is not the search's. */
async function measured(search: Search): Promise<SharpnessFigures | null> {
  return sharpnessFigures(await search.measure(await search.landscape()));
}

function summary(header: HeaderRecord, { kind: _, ...result }: RunRecord & { kind: "result" }) {
  const { space, method, data, seed, device, engine, settings } = header;
  return { space, method, data, seed, device, engine, settings, ...result };
}

async function interrupted(search: Search, file: RunFile | null, seconds: number): Promise<Interrupted> {
  const where = `interrupted after step ${search.steps} of ${search.settings.steps}`;
  if (!file) return new Interrupted(`${where}; nothing is kept: give --out FILE to be able to resume`);
  file.write(await search.checkpoint(seconds));
  return new Interrupted(`${where}; resume with: nas search --resume ${file.path}`);
}

/** A run file that grows record by record. */
class RunFile {
  private readonly descriptor: number;

  /** @param kept bytes to keep of what stands there @throws {InputError} if the file cannot be written */
  constructor(
    readonly path: string,
    kept: number,
  ) {
    try {
      if (kept > 0) truncateSync(path, kept);
      this.descriptor = openSync(path, kept > 0 ? "a" : "w");
    } catch (error) {
      throw new InputError(`${path} cannot be written (${messageOf(error)}): expected a file in a folder that exists`);
    }
  }

  write(record: RunRecord): void {
    writeSync(this.descriptor, toLine(record));
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function help(): string {
  const flagged: readonly string[] = [...FLAGS, "data"];
  return [
    helpText(
      "search [options]",
      "Runs a search and prints a JSON line for it. Ctrl-C finishes the step and leaves a run file that can be resumed.",
      OPTIONS,
    ),
    "",
    settingsHelp(CONTROL_KEYS.filter((key) => !flagged.includes(key))),
  ].join("\n");
}
