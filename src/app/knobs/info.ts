import { create } from "zustand";
import { type Acts, type ControlKey, controlOf, type SettingValue } from "../../core/controls";
import { expectedOf } from "../../core/settings";

/** When a control acts, in the words of its tag and of its explanation. */
export const ACTS: Readonly<Record<Acts, { tag: string; sentence: string }>> = {
  live: { tag: "now", sentence: "Acts at once, also during a run." },
  epoch: { tag: "epoch", sentence: "Acts from the next epoch on." },
  restart: { tag: "reset", sentence: "Acts at the next reset." },
};

/** The control that the explanation under the knobs speaks of: the last one pointed at; null before. */
export const useInfo = create<{ key: ControlKey | null }>(() => ({ key: null }));

export function explain(key: ControlKey): void {
  if (useInfo.getState().key !== key) useInfo.setState({ key });
}

/** Range and unit in words: "a number from 0.01 to 1000, px". */
export function rangeOf(key: ControlKey): string {
  const control = controlOf(key);
  if (control.kind === "switch") return "on or off";
  if (control.kind === "choice") return control.options.map((option) => option.label).join(" · ");
  return control.unit ? `${expectedOf(key)} ${control.unit}` : expectedOf(key);
}

/** What a control does, and what the option that it is set to does that the others don't. */
export function helpOf(key: ControlKey, value: SettingValue): string {
  const control = controlOf(key);
  const option = control.kind === "choice" ? control.options.find((each) => each.value === value) : undefined;
  return option?.note ? `${control.help} ${option.label}: ${option.note}` : control.help;
}
