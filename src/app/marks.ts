import { CONTROL_KEYS, controlOf } from "../core/controls";
import type { ChangeRecord } from "../worker/protocol";
import { useRecording } from "./history";

/** Where knobs were turned, for a time axis. */
export function useMarks(): readonly { step: number; text: string }[] {
  return useRecording().changes.map((change) => ({ step: change.step, text: changeText(change) }));
}

/** "step 84: Architecture rate 0.01". */
export function changeText({ step, settings, recovered }: ChangeRecord): string {
  const parts = CONTROL_KEYS.filter((key) => settings[key] !== undefined).map(
    (key) => `${controlOf(key).label} ${String(settings[key])}`,
  );
  if (recovered) parts.unshift("went back to here");
  return `step ${step}: ${parts.join(", ")}`;
}
