import { CONTROL_KEYS, type ControlKey, controlOf, type Settings } from "../../core/controls";
import { appliesTo } from "../../core/settings";
import { count } from "../format";
import { changeText } from "../marks";
import type { Recording } from "../recording";
import { nameOf, valueText } from "../runs/summary";

/** One run of a comparison. */
export interface Compared {
  readonly id: string;
  /** A, B, C or D. */
  readonly letter: string;
  readonly name: string;
  readonly recording: Recording;
}

/** Runs that differ by their seed alone, drawn as one. */
export interface Group {
  /** Its place in the palette of runs, from 0. */
  readonly style: number;
  readonly runs: readonly Compared[];
  /** "A", or "A, C". */
  readonly letters: string;
}

/** Settings in which two runs differ. What only one of them reads belongs to its method or objective. */
function differing(a: Settings, b: Settings): ControlKey[] {
  return CONTROL_KEYS.filter((key) => a[key] !== b[key] && appliesTo(key, a) && appliesTo(key, b));
}

const editsOf = ({ changes }: Recording) => JSON.stringify(changes.map(({ step, settings }) => [step, settings]));

/** Do two runs differ by their seed alone? */
export function sameButSeed(a: Recording, b: Recording): boolean {
  return differing(a.settings, b.settings).every((key) => key === "seed") && editsOf(a) === editsOf(b);
}

/** Puts runs that differ by their seed alone together; the groups in the order of their first runs. */
export function groupBySeed(runs: readonly Compared[]): Group[] {
  const groups: Compared[][] = [];
  for (const run of runs) {
    const found = groups.find(([first]) => sameButSeed(first.recording, run.recording));
    if (found) found.push(run);
    else groups.push([run]);
  }
  return groups.map((members, style) => ({
    style,
    runs: members,
    letters: members.map(({ letter }) => letter).join(", "),
  }));
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
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean, least and largest; NaN for no values. */
export function statisticOf(values: readonly number[]): Statistic {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: values.length > 0 ? Math.min(...values) : Number.NaN,
    high: values.length > 0 ? Math.max(...values) : Number.NaN,
  };
}
