import { CONTROL_KEYS, type ControlKey, controlOf, type Settings } from "../../core/controls";
import { appliesTo } from "../../core/settings";
import { deviation, mean } from "../../core/statistics";
import { count } from "../format";
import { changeText } from "../marks";
import type { Recording } from "../recording";
import type { KeptRun } from "../runs/shelf";
import { methodName, nameOf, valueText } from "../runs/summary";

/** One run of a comparison. */
export interface Compared {
  readonly id: string;
  readonly name: string;
  readonly recording: Recording;
}

/** Runs that differ by their seed alone, drawn as one. */
export interface Group {
  /** Its place among the groups, and in the palette of runs, from 0. */
  readonly style: number;
  /** A for the first. */
  readonly letter: string;
  /** That of the first run. */
  readonly method: Settings["method"];
  readonly runs: readonly Compared[];
}

/** Settings in which two runs differ. What only one of them reads belongs to its method or objective. */
function differing(a: Settings, b: Settings): ControlKey[] {
  return CONTROL_KEYS.filter((key) => a[key] !== b[key] && appliesTo(key, a) && appliesTo(key, b));
}

/** Do settings differ by the seed alone? */
export function sameButSeed(a: Settings, b: Settings): boolean {
  return differing(a, b).every((key) => key === "seed");
}

const editsOf = ({ changes }: Recording) => JSON.stringify(changes.map(({ step, settings }) => [step, settings]));

/** Puts what belongs together into lists, in the order of their first members. */
export function gather<Each>(all: readonly Each[], together: (first: Each, other: Each) => boolean): Each[][] {
  const lists: Each[][] = [];
  for (const each of all) {
    const found = lists.find(([first]) => together(first, each));
    if (found) found.push(each);
    else lists.push([each]);
  }
  return lists;
}

/** Puts runs that differ by their seed alone together; the groups in the order of their first runs. */
export function groupBySeed(compared: readonly Compared[]): Group[] {
  const lists = gather(
    compared,
    ({ recording: a }, { recording: b }) => sameButSeed(a.settings, b.settings) && editsOf(a) === editsOf(b),
  );
  return lists.map((runs, style) => ({
    style,
    letter: String.fromCharCode(65 + style),
    method: runs[0].recording.settings.method,
    runs,
  }));
}

/** Kept runs that differ by their seed alone and can be added at once, two or more of each kind. */
export function seedFamilies(kept: readonly KeptRun[]): { readonly title: string; readonly ids: readonly string[] }[] {
  const whole = kept.filter(({ finished, edits }) => finished && edits === 0);
  return gather(whole, (a, b) => sameButSeed(a.settings, b.settings))
    .filter((runs) => runs.length > 1)
    .map((runs) => ({
      title: `${runs.length} seeds of ${methodName(runs[0].settings)} · ${count(runs[0].steps)} steps`,
      ids: runs.map(({ id }) => id),
    }));
}

/** "for class", or of several seeds the method and their number. */
export function groupName({ runs }: Group): string {
  const [{ name, recording }] = runs;
  return runs.length === 1 ? name : `${methodName(recording.settings)}, ${runs.length} seeds`;
}

/** What differs from the first run, in one line: "Method DARTS; Seed 2". */
export function differenceText(first: Recording, other: Recording): string {
  const parts = differing(first.settings, other.settings).map(
    (key) => `${controlOf(key).label} ${valueText(key, other.settings[key])}`,
  );
  if (editsOf(first) !== editsOf(other)) {
    const [edit] = other.changes;
    if (other.changes.length === 1) parts.push(`edited at ${changeText(edit)}`);
    else parts.push(other.changes.length === 0 ? "no edits" : `${other.changes.length} edits`);
  }
  if (first.result && !other.result) parts.push(`so far ${count(other.steps)} steps`);
  return parts.join("; ") || "the same settings and seed";
}

/** What the first run is: its length, and its method and seed where its name doesn't say them. */
export function openingText({ name, recording: { settings, steps, result } }: Compared): string {
  const length = result ? `${count(steps)} steps` : `${count(steps)} of ${count(settings.steps)} steps`;
  return name.startsWith(nameOf(settings)) ? length : `${nameOf(settings)}; ${length}`;
}

export interface Statistic {
  /** NaN for no values. */
  readonly mean: number;
  /** Sample standard deviation; NaN for fewer than two values. */
  readonly deviation: number;
}

export function statisticOf(values: readonly number[]): Statistic {
  return { mean: mean(values), deviation: deviation(values) };
}
