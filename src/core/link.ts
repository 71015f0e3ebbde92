import { CONTROL_KEYS, type ControlKey, controlOf, isControlKey, type Settings, type SettingValue } from "./controls";
import { checkSetting, clashOf, withDefaults } from "./settings";
import { nearest } from "./text";

/**
 * A run in the fragment of an address: every setting by its key, and the edits made during the run. Nothing of it reaches a server.
 * `#seed=7&method=darts&…&edits=300:archRate=0.01;500:weightRate=0.02,flip=false`
 */

/** A setting turned before a step was taken. */
export interface Edit {
  readonly step: number;
  readonly settings: Partial<Settings>;
}

/** Everything that makes a run. */
export interface LinkedRun {
  readonly settings: Settings;
  readonly edits: readonly Edit[];
}

export interface ReadLink extends LinkedRun {
  /** What was mended, a sentence each; empty for a sound link. */
  readonly notes: readonly string[];
}

/** Most edits that a link may carry. */
const MOST_EDITS = 200;
/** Longest text of a link that is repeated in a note. */
const LONGEST = 40;

/** The fragment, without "#". */
export function toLink({ settings, edits }: LinkedRun): string {
  const parts = CONTROL_KEYS.map((key) => `${key}=${encodeURIComponent(String(settings[key]))}`);
  // An edit that turns nothing marks a run that went on after its device was lost.
  const listed = edits.flatMap(({ step, settings: turned }) => {
    const pairs = CONTROL_KEYS.filter((key) => turned[key] !== undefined).map((key) => `${key}=${turned[key]}`);
    return pairs.length > 0 ? [`${step}:${pairs.join(",")}`] : [];
  });
  return listed.length > 0 ? [...parts, `edits=${listed.join(";")}`].join("&") : parts.join("&");
}

/**
 * Reads a fragment, with or without "#", and mends it field by field: a value that is not allowed becomes the nearest that is, what
 * nobody knows is left out, and every mend is noted. Keys left out take their defaults without a note.
 * @returns null where the fragment holds nothing of a run
 */
export function readLink(fragment: string): ReadLink | null {
  const text = fragment.replace(/^#/, "");
  if (text === "") return null;
  const notes: string[] = [];
  const chosen: Partial<Record<ControlKey, SettingValue>> = {};
  let edits: readonly Edit[] = [];
  let known = 0;
  for (const part of text.split("&")) {
    const [key, value] = halves(part, "=");
    if (key === "edits") {
      known++;
      edits = readEdits(value, notes);
    } else if (!isControlKey(key)) {
      if (key !== "")
        notes.push(`There is no setting “${short(key)}”; the nearest is ${nearest(cut(key), CONTROL_KEYS)}.`);
    } else {
      known++;
      chosen[key] = mended(key, value, notes);
    }
  }
  if (known === 0) return null;
  const { settings, kept } = reconciled(withDefaults(chosen as Partial<Settings>), edits, notes);
  return { settings, edits: kept, notes };
}

function mended(key: ControlKey, value: string, notes: string[]): SettingValue {
  const text = decoded(value);
  const outcome = checkSetting(key, text);
  if ("value" in outcome) return outcome.value;
  const { expected, nearest: valid } = outcome.refusal;
  notes.push(`${controlOf(key).label} was “${short(text)}”, expected ${expected}; took ${valid}.`);
  return valid;
}

function readEdits(text: string, notes: string[]): Edit[] {
  const edits: Edit[] = [];
  const listed = decoded(text).split(";");
  if (listed.length > MOST_EDITS)
    notes.push(`The link lists ${listed.length} edits; only the first ${MOST_EDITS} are kept.`);
  for (const each of listed.slice(0, MOST_EDITS)) {
    const [place, pairs] = halves(each, ":");
    const step = Number(place);
    if (place.trim() === "" || !Number.isInteger(step) || step < 1) {
      notes.push(`An edit names the step “${short(place)}”, expected a whole number from 1; it was left out.`);
      continue;
    }
    const settings: Partial<Record<ControlKey, SettingValue>> = {};
    for (const pair of pairs.split(",")) {
      const [key, value] = halves(pair, "=");
      if (!isControlKey(key))
        notes.push(`The edit at step ${step} names no setting: “${short(key)}”; it was left out.`);
      else if (controlOf(key).acts === "restart") {
        notes.push(`${controlOf(key).label} cannot be turned at step ${step} of a run; it was left out.`);
      } else settings[key] = mended(key, value, notes);
    }
    if (Object.keys(settings).length > 0) edits.push({ step, settings: settings as Partial<Settings> });
  }
  return edits.sort((a, b) => a.step - b.step);
}

/** Puts settings that clash back to their defaults, and leaves out edits that would clash when they act. */
function reconciled(settings: Settings, edits: readonly Edit[], notes: string[]) {
  const standard = withDefaults({ update: settings.update });
  let agreed = settings;
  for (let clash = clashOf(agreed); clash; clash = clashOf(agreed)) {
    const { problem, keys } = clash;
    agreed = { ...agreed, ...Object.fromEntries(keys.map((key) => [key, standard[key]])) };
    const labels = keys.map((key) => controlOf(key).label).join(" and ");
    notes.push(`Settings of the link clash: ${problem}. ${labels} went back to the default.`);
  }
  let current = agreed;
  const kept = edits.filter(({ step, settings: turned }) => {
    const next = { ...current, ...turned };
    const clash = clashOf(next);
    if (clash) notes.push(`The edit at step ${step} was left out: ${clash.problem}.`);
    else current = next;
    return clash === null;
  });
  return { settings: agreed, kept };
}

function halves(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

const cut = (text: string) => text.slice(0, LONGEST);
const short = (text: string) => (text.length > LONGEST ? `${cut(text)}…` : text);
