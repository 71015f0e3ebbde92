import { parseArgs } from "node:util";
import { CONTROL_KEYS, type ControlKey, controlOf, isControlKey, type SettingValue } from "../core/controls";
import { InputError } from "../core/errors";
import { checkSetting, expectedOf } from "../core/settings";
import { nearest } from "../core/text";
import { DEVICES, type DeviceId, ENGINES, type EngineId } from "../engine/engine";

/** An option that no control stands behind. */
export interface Option {
  /** How help shows its value; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly repeats?: boolean;
}

/** A command's options by name, without the dashes: its own, and controls that have a flag of their own. */
export interface OptionTable {
  readonly own: Readonly<Record<string, Option>>;
  readonly controls: readonly ControlKey[];
  /** What controls mean here, where that is not what they mean in a search. */
  readonly helps?: Partial<Record<ControlKey, string>>;
}

/** What was given, by option. */
export type Given = ReadonlyMap<string, readonly string[]>;

const HELP: Option = { help: "Prints this." };

/**
 * Reads a command's arguments; values are texts yet.
 * @throws {InputError} for an option that the command doesn't have, one given twice or without its value
 */
export function parseOptions(args: readonly string[], table: OptionTable): Given {
  const own: Record<string, Option> = { ...table.own, help: HELP };
  const names = [...table.controls, ...Object.keys(own)];
  const takesValue = (name: string) => !Object.hasOwn(own, name) || own[name].value !== undefined;
  const options = Object.fromEntries(
    names.map((name) => [name, { type: takesValue(name) ? ("string" as const) : ("boolean" as const) }]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      throw new InputError(`"${token.value}" is not an option: expected ${listed(names)}`);
    }
    const { name, rawName, value } = token;
    if (!names.includes(name)) {
      throw new InputError(
        `unknown option ${rawName}: expected ${listed(names)}; the nearest is --${nearest(name, names)}`,
      );
    }
    if (takesValue(name) && value === undefined) {
      const expected = isControlKey(name) ? expectedOf(name) : own[name].value;
      const example = isControlKey(name) ? `, for example ${controlOf(name).default}` : "";
      throw new InputError(`--${name} lacks its value: expected ${expected}${example}`);
    }
    const values = given.get(name) ?? [];
    if (values.length > 0 && !own[name]?.repeats) throw new InputError(`--${name} is given twice: expected one value`);
    given.set(name, [...values, value ?? "true"]);
  }
  return given;
}

const listed = (names: readonly string[]) => names.map((name) => `--${name}`).join(", ");

/** @throws {InputError} naming the option, what was expected and the nearest valid value */
export function settingOf(key: ControlKey, text: string, label = `--${key}`): SettingValue {
  const outcome = checkSetting(key, text);
  if ("value" in outcome) return outcome.value;
  throw refused(label, text, outcome.refusal.expected, String(outcome.refusal.nearest));
}

export function refused(label: string, text: string, expected: string, valid: string): InputError {
  return new InputError(`${label} is "${text}", expected ${expected}; the nearest valid value is ${valid}`);
}

/** One of a few texts. @throws {InputError} */
export function choiceOf<Value extends string>(label: string, text: string, choices: readonly Value[]): Value {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw refused(label, text, choices.join(" or "), nearest(text.toLowerCase(), choices));
  return found;
}

/** A whole number from `min` to `max` that no control stands behind. */
export interface Count {
  readonly min: number;
  readonly max: number;
  readonly standard: number;
}

/** What a count accepts, in words, with its default. */
export function countHelp({ min, max, standard }: Count): string {
  return `Expects a whole number from ${min} to ${max}; default ${standard}.`;
}

/** The count that an option gives, or its default. @throws {InputError} */
export function countOf(given: Given, name: string, { min, max, standard }: Count): number {
  const text = given.get(name)?.[0] ?? String(standard);
  const count = Number(text);
  const valid = Number.isNaN(count) ? standard : Math.min(max, Math.max(min, Math.round(count)));
  if (valid !== count) throw refused(`--${name}`, text, `a whole number from ${min} to ${max}`, String(valid));
  return count;
}

/** Options that say what a network is trained on, and where. */
export const PLACE = {
  data: { value: "NAME|PATH", help: "fashion-mnist, or a folder in MNIST's format; default fashion-mnist." },
  device: { value: DEVICES.join("|"), help: "Default: the first that passes its self-test." },
  engine: {
    value: ENGINES.join("|"),
    help: "Default compiled where the device has it: the same network as a list of fused kernels.",
  },
} as const satisfies Record<string, Option>;

/** The device and the engine asked for, where one was. */
export interface Wanted {
  readonly device?: DeviceId;
  readonly engine?: EngineId;
}

/** @throws {InputError} */
export function wantedOf(given: Given): Wanted {
  const named = <T extends string>(flag: string, choices: readonly T[]) => {
    const value = given.get(flag)?.[0];
    return value === undefined ? undefined : choiceOf(`--${flag}`, value, choices);
  };
  return { device: named("device", DEVICES), engine: named("engine", ENGINES) };
}

/** `key=value` of `--set`. @throws {InputError} */
export function assignmentOf(text: string): [ControlKey, SettingValue] {
  const at = text.indexOf("=");
  const key = at < 0 ? text : text.slice(0, at);
  if (!isControlKey(key)) {
    throw new InputError(
      `--set ${text} names no control: expected key=value with a key that nas search --help lists; ` +
        `the nearest is ${nearest(key, CONTROL_KEYS)}`,
    );
  }
  if (at < 0) throw new InputError(`--set ${key} lacks its value: expected ${key}= and ${expectedOf(key)}`);
  return [key, settingOf(key, text.slice(at + 1), `--set ${key}`)];
}

/**
 * The help of a command: every option, with default and range where it has them.
 * @param defaults in place of the controls' own
 */
export function helpText(
  usage: string,
  what: string,
  table: OptionTable,
  defaults: Partial<Record<ControlKey, SettingValue>> = {},
): string {
  const lines = [
    ...table.controls.flatMap((key) => [
      [`--${key} VALUE`, describe(key, defaults[key], table.helps?.[key])] as const,
      ...notesOf(key).map((note) => ["", note] as const),
    ]),
    ...Object.entries({ ...table.own, help: HELP }).map(
      ([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ""}`, help] as const,
    ),
  ];
  return [`Usage: nas ${usage}`, "", what, "", ...columns(lines)].join("\n");
}

/** The controls that `--set` alone reaches. */
export function settingsHelp(keys: readonly ControlKey[]): string {
  return ["Keys of --set:", ...columns(keys.map((key) => [key, describe(key)] as const))].join("\n");
}

/** What each option of a choice does that the others don't, where the schema says so. */
function notesOf(key: ControlKey): string[] {
  const control = controlOf(key);
  if (control.kind !== "choice") return [];
  return control.options.flatMap(({ value, note }) => (note ? [`  ${value}: ${note}`] : []));
}

function columns(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}

function describe(key: ControlKey, standard = controlOf(key).default, help = controlOf(key).help): string {
  return `${help} Expects ${expectedOf(key)}; default ${standard}.`;
}
