import { type ControlKey, controlOf, type Settings, type SettingValue } from "../../core/controls";
import { count, duration, plain } from "../format";
import type { Recording } from "../recording";
import type { KeptRun } from "./shelf";

/** A setting's value as the form shows it: "DARTS", "0.01", "1 px", "off". */
export function valueText(key: ControlKey, value: SettingValue): string {
  const control = controlOf(key);
  if (control.kind === "switch") return value ? "on" : "off";
  if (control.kind === "choice")
    return control.options.find((option) => option.value === value)?.label ?? String(value);
  const unit = control.unit && control.unit !== control.label.toLowerCase() ? ` ${control.unit}` : "";
  return `${key === "seed" ? value : plain(value as number)}${unit}`;
}

/** The method's name alone: "BaLeNAS", "DARTS". */
export function methodName({ method }: Pick<Settings, "method">): string {
  return valueText("method", method);
}

/** "BaLeNAS, seed 3", "DARTS on the instant objective, seed 1". */
export function nameOf(settings: Settings): string {
  const objective = settings.objective === "instant" ? " on the instant objective" : "";
  return `${methodName(settings)}${objective}, seed ${settings.seed}`;
}

/** The most probable cell at the end of a recording. */
export function finalArchitecture(recording: Recording): string {
  const { space, steps } = recording;
  return space.format(space.discretise(recording.mean(steps)));
}

export function summarise(
  recording: Recording,
  { id, name, kept, device }: Pick<KeptRun, "id" | "name" | "kept" | "device">,
): KeptRun {
  const { settings, steps, seconds, changes, result } = recording;
  return {
    id,
    name,
    kept,
    settings,
    device,
    steps,
    seconds,
    edits: changes.length,
    architecture: finalArchitecture(recording),
    finished: result !== null,
  };
}

/** "2,400 steps in 0:31", "stopped at 40 of 2,400 steps; 2 edits". */
export function courseText({ steps, seconds, settings, edits, finished }: Omit<KeptRun, "id">): string {
  const course = finished ? `${count(steps)} steps` : `stopped at ${count(steps)} of ${count(settings.steps)} steps`;
  const took = finished && seconds > 0 ? ` in ${duration(seconds)}` : "";
  return `${course}${took}${edits > 0 ? `; ${edits} edit${edits === 1 ? "" : "s"}` : ""}`;
}
