import { BENCHMARK_SETS } from "../core/benchmark";
import { controlOf, isControlKey, type Settings } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import { checkSetting, checkTogether, hasScales } from "../core/settings";
import type { SearchSpace } from "../core/space";
import { SPACES } from "../core/spaces";
import {
  type ChangeRecord,
  type EvaluationRecord,
  type HeaderRecord,
  type ResultRecord,
  rowsOf,
  type StepRecord,
} from "./records";
import { settingsOf } from "./runfile";

/** A run file of which every record has been checked. */
export interface CheckedRun {
  readonly header: HeaderRecord;
  readonly settings: Settings;
  /** Steps 1, 2, 3 and so on; those that a recovery took back are left out. */
  readonly steps: readonly StepRecord[];
  readonly changes: readonly ChangeRecord[];
  readonly evaluations: readonly EvaluationRecord[];
  readonly result: ResultRecord | null;
  /** Seconds spent stepping; null where the file doesn't say. */
  readonly seconds: number | null;
}

/**
 * Checks every record of a run file: its kind, that nothing is missing, lengths, that numbers are finite, the order of the steps.
 * @param records what `parseRunFile` has read, one a line
 * @throws {InputError} naming the line, what it says, and what was expected
 */
export function checkRun(records: readonly unknown[]): CheckedRun {
  const header = checkHeader(new Line(1, records[0]));
  const settings = settingsOf(header);
  try {
    checkTogether(settings);
  } catch (error) {
    throw new InputError(`line 1 of the run file: ${(error as Error).message}`);
  }
  const rows = rowsOf(SPACES[settings.space]);
  if (JSON.stringify(header.rows) !== JSON.stringify(rows)) {
    throw new InputError(`line 1 of the run file: its rows are not those of the space ${settings.space}`);
  }
  return new Contents(header, settings).take(records.slice(1));
}

/** No number of a run is larger; what is worked out of one stays finite, in float32 too. */
const LARGEST = 1e18;

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** A record under examination. */
class Line {
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    readonly number: number,
    record: unknown,
    what = "",
  ) {
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      const expected = what ? "a group of named values" : 'a record such as {"kind":"step",…}';
      throw new InputError(
        `line ${number} of the run file${what && `: ${what}`} is ${shown(record)}, expected ${expected}`,
      );
    }
    this.fields = record as Readonly<Record<string, unknown>>;
  }

  /** A group of values inside the record. */
  inside(name: string): Line {
    return new Line(this.number, this.fields[name], name);
  }

  refuse(what: string, value: unknown, expected: string): never {
    throw new InputError(`line ${this.number} of the run file: ${what} is ${shown(value)}, expected ${expected}`);
  }

  real(name: string, low: number, high: number, expected: string): number {
    const value = this.fields[name];
    if (typeof value === "number" && value >= low && value <= high) return value;
    this.refuse(name, value, expected);
  }

  whole(name: string, low: number, high: number, expected: string): number {
    const value = this.real(name, low, high, expected);
    if (!Number.isInteger(value)) this.refuse(name, value, expected);
    return value;
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value === "string") return value;
    this.refuse(name, value, "a text");
  }

  /** A vector of finite numbers; positive ones where they are scales. */
  vector(name: string, size: number, positive = false, value = this.fields[name]): void {
    const kind = positive ? "positive" : "finite";
    if (!Array.isArray(value)) this.refuse(name, value, `${size} ${kind} numbers`);
    if (value.length !== size) this.refuse(`the length of ${name}`, value.length, String(size));
    const bad = value.findIndex((x) => typeof x !== "number" || !(Math.abs(x) <= LARGEST) || (positive && x <= 0));
    if (bad >= 0) this.refuse(`number ${bad + 1} of ${name}`, value[bad], `a ${kind} number`);
  }

  /** One vector a Monte Carlo sample, or null. */
  vectors(name: string, size: number): void {
    const value = this.fields[name];
    if (value === null) return;
    if (!Array.isArray(value)) this.refuse(name, value, "a list of vectors, or null");
    for (const each of value) this.vector(name, size, false, each);
  }

  architecture(space: SearchSpace): void {
    const text = this.text("architecture");
    try {
      space.parse(text);
    } catch (error) {
      const reason = messageOf(error);
      throw new InputError(
        `line ${this.number} of the run file: architecture is ${shown(text)}: ${reason.length > 200 ? `${reason.slice(0, 199)}…` : reason}`,
      );
    }
  }

  benchmark(): void {
    if (this.fields.benchmark === null) return;
    const sets = this.inside("benchmark");
    for (const set of BENCHMARK_SETS) {
      const figures = sets.inside(set);
      for (const split of ["valid", "test"]) figures.real(split, 0, 100, `the ${split} accuracy on ${set}, 0 to 100`);
    }
  }

  sharpness(): void {
    if (this.fields.sharpness === undefined) return;
    const figures = this.inside("sharpness");
    figures.real("eigenvalue", -LARGEST, LARGEST, "a finite number");
    if (figures.fields.penalty !== null) figures.real("penalty", -LARGEST, LARGEST, "a finite number, or null");
    if (figures.fields.penaltyError !== undefined) figures.real("penaltyError", 0, LARGEST, "a finite number from 0");
  }

  nasBench101(): void {
    if (this.fields.nasbench101 === undefined) return;
    const figures = this.inside("nasbench101");
    figures.real("validAccuracy", 0, 100, "an accuracy, 0 to 100");
    if (typeof figures.fields.exact !== "boolean") figures.refuse("exact", figures.fields.exact, "true or false");
  }
}

function checkHeader(line: Line): HeaderRecord {
  for (const name of ["data", "device", "engine"]) line.text(name);
  const { fields } = line;
  line.inside("settings");
  // A setting that is not listed is younger than the file: its default is what the run did.
  const missing = (["space", "method", "seed"] as const).filter((key) => fields[key] === undefined);
  if (missing.length > 0) throw new InputError(`line 1 of the run file does not name its ${missing.join(", ")}`);
  const settings = settingsOf(fields as unknown as HeaderRecord);
  const { size } = SPACES[settings.space];
  line.vector("mean", size);
  if (hasScales(settings)) line.vector("scale", size, true);
  else if (fields.scale !== null)
    line.refuse("scale", fields.scale, `null, since this run of ${settings.method} has no scales`);
  return fields as unknown as HeaderRecord;
}

/** Follows a run through its file. */
class Contents {
  private readonly space: SearchSpace;
  private steps: StepRecord[] = [];
  private changes: ChangeRecord[] = [];
  private evaluations: EvaluationRecord[] = [];
  private result: ResultRecord | null = null;
  private seconds: number | null = null;

  constructor(
    private readonly header: HeaderRecord,
    private readonly settings: Settings,
  ) {
    this.space = SPACES[settings.space];
  }

  take(records: readonly unknown[]): CheckedRun {
    for (const [i, record] of records.entries()) this.record(new Line(i + 2, record), i === records.length - 1);
    const { header, settings, steps, changes, evaluations, result, seconds } = this;
    return { header, settings, steps, changes, evaluations, result, seconds };
  }

  private record(line: Line, last: boolean): void {
    const { kind } = line.fields;
    if (this.result) line.refuse("kind", kind, "nothing after the result");
    switch (kind) {
      case "step":
        this.step(line);
        break;
      case "evaluation":
        this.evaluation(line);
        break;
      case "change":
        this.change(line);
        break;
      case "result":
        this.end(line);
        break;
      case "checkpoint":
        if (!last) line.refuse("kind", kind, "a checkpoint at the end of the file alone");
        this.seconds = line.real("seconds", 0, LARGEST, "seconds, 0 or more");
        break;
      default:
        line.refuse("kind", kind, "step, evaluation, change, result or checkpoint");
    }
  }

  private step(line: Line): void {
    const { size } = this.space;
    const next = this.steps.length + 1;
    line.whole("step", next, next, `${next}, since steps count up by one`);
    const before = this.steps.at(-1)?.epoch ?? 1;
    line.whole("epoch", before, LARGEST, `a whole number from ${before}, since epochs never fall`);
    for (const half of ["train", "valid"]) {
      if (line.fields[`${half}Loss`] !== null) {
        line.real(`${half}Loss`, 0, LARGEST, "a finite number from 0, or null");
      }
      if (line.fields[`${half}Accuracy`] !== null) line.real(`${half}Accuracy`, 0, 1, "a number from 0 to 1, or null");
    }
    for (const name of ["noise", "gradient", "curvature"]) line.vectors(name, size);
    line.vector("mean", size);
    if (this.header.scale) line.vector("scale", size, true);
    else if (line.fields.scale !== null) line.refuse("scale", line.fields.scale, "null, as in the header");
    if (line.fields.weights !== null) line.vector("weights", size);
    line.sharpness();
    this.steps.push(line.fields as unknown as StepRecord);
  }

  private evaluation(line: Line): void {
    const { length } = this.steps;
    line.whole("step", length, length, `${length}, the step before it`);
    line.architecture(this.space);
    line.real("validAccuracy", 0, 1, "a number from 0 to 1");
    line.benchmark();
    line.nasBench101();
    this.evaluations.push(line.fields as unknown as EvaluationRecord);
  }

  private change(line: Line): void {
    const { recovered } = line.fields;
    if (recovered !== undefined && recovered !== true) line.refuse("recovered", recovered, "true, or nothing");
    const taken = this.steps.length;
    // A change that arrives while a step is under way holds from the one after it.
    const step = line.whole("step", recovered ? 1 : taken + 1, taken + 2, "the number of the step from which it holds");
    const { fields: patch } = line.inside("settings");
    for (const [key, value] of Object.entries(patch)) {
      if (!isControlKey(key)) line.refuse("a changed setting", key, "the name of one");
      if (controlOf(key).acts === "restart") line.refuse("a changed setting", key, "one that can act during a run");
      const outcome = checkSetting(key, value);
      if ("refusal" in outcome) line.refuse(key, value, outcome.refusal.expected);
    }
    if (recovered && step <= taken) {
      this.steps.length = step - 1;
      this.evaluations = this.evaluations.filter((evaluation) => evaluation.step < step);
      this.changes = this.changes.filter((change) => change.step < step);
    }
    this.changes.push(line.fields as unknown as ChangeRecord);
  }

  private end(line: Line): void {
    const { length } = this.steps;
    line.architecture(this.space);
    line.text("genotype");
    line.benchmark();
    line.nasBench101();
    this.seconds = line.real("seconds", 0, LARGEST, "seconds, 0 or more");
    line.whole("steps", length, length, `${length}, the steps in the file`);
    this.result = line.fields as unknown as ResultRecord;
  }
}
