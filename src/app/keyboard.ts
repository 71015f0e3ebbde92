import { redo, undo } from "./form";
import { reset, step, toggle } from "./session";
import { moveTo, NOTHING, toggleReplay, useApp } from "./store";

const SHORTCUTS: Readonly<Record<string, () => void>> = {
  " ": toggle,
  s: () => step("both"),
  r: reset,
  p: toggleReplay,
  l: () => moveTo(null),
  escape: () => useApp.setState({ pinned: NOTHING, hover: NOTHING }),
};

/** Ctrl or Cmd with Z undoes the last edit of the form, with Shift too (or Y) makes it again. Space runs and pauses, S steps, R resets, P replays, L goes back to the latest step, Escape lets go of what is pinned: anywhere but where a person types. */
export function listenToKeyboard(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("mousedown", leaveFocus);
}

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const key = event.key.toLowerCase();
  const typing = target.closest("input:not([type=radio], [type=range], [type=checkbox]), textarea");
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !typing && (key === "z" || key === "y")) {
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (typing || target.closest("select")) return;
  // Space presses what has the focus, unless that has no use for it.
  if (event.key === " " && target.closest("button, summary, a, input:not([type=range], [type=radio]:checked)")) return;
  const act = SHORTCUTS[key];
  if (!act) return;
  event.preventDefault();
  act();
}

/**
 * A button pressed with the mouse doesn't take the focus, or the next space would press it again instead of run or pause; what was
 * typed into a field before is taken.
 */
function leaveFocus(event: MouseEvent): void {
  if (!(event.target as HTMLElement).closest("button")) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
