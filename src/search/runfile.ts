import { CONTROL_KEYS, type ControlKey, type Settings } from "../core/controls";
import { InputError } from "../core/errors";
import { checkSetting, withDefaults } from "../core/settings";
import { type HeaderRecord, RUN_FILE_VERSION, type RunRecord } from "./records";

/** A record as its line of a run file, newline included. JSON writes a float64 with as many digits as reading it back needs. */
export function toLine(record: RunRecord): string {
  return `${JSON.stringify(record)}\n`;
}

const NO_HEADER = "the run file does not begin with a header: is it a run file?";

/**
 * Reads the lines of a run file; `checkRun` looks at what they hold.
 * @throws {InputError} naming the line that is wrong and what to do
 */
export function parseRunFile(text: string): [HeaderRecord, ...RunRecord[]] {
  const lines = text.trimEnd().split("\n");
  const records = lines.map((line, i) => {
    try {
      return JSON.parse(line) as RunRecord;
    } catch {
      if (i === 0) throw new InputError(NO_HEADER);
      const last = i === lines.length - 1;
      throw new InputError(
        `line ${i + 1} of the run file is not JSON${last ? ": the file is cut short; remove its last line" : ""}`,
      );
    }
  });
  const [header] = records;
  if (header?.kind !== "header") throw new InputError(NO_HEADER);
  if (header.version !== RUN_FILE_VERSION) {
    throw new InputError(`the run file is of version ${JSON.stringify(header.version)}, expected ${RUN_FILE_VERSION}`);
  }
  return records as [HeaderRecord, ...RunRecord[]];
}

/**
 * The settings that a header lists, each checked.
 * @throws {InputError} for a value that no control allows
 */
export function settingsOf(header: HeaderRecord): Settings {
  const { space, method, seed, settings } = header;
  const listed: Partial<Record<ControlKey, unknown>> = { ...settings, space, method, seed };
  const checked: Partial<Record<ControlKey, unknown>> = {};
  for (const key of CONTROL_KEYS) {
    if (listed[key] === undefined) continue;
    const outcome = checkSetting(key, listed[key]);
    if ("refusal" in outcome) {
      const { expected, nearest } = outcome.refusal;
      throw new InputError(
        `${key} in the run file is ${JSON.stringify(listed[key])}, expected ${expected}; the nearest valid value is ${nearest}`,
      );
    }
    checked[key] = outcome.value;
  }
  return withDefaults(checked as Partial<Settings>);
}
