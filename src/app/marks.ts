import { history, useHistoryVersion } from "./history";
import { changeText } from "./posterior/Axes";

/** Where knobs were turned, for a time axis. */
export function useMarks(): readonly { step: number; text: string }[] {
  useHistoryVersion();
  return history.changes.map((change) => ({ step: change.step, text: changeText(change) }));
}
