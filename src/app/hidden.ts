import { create } from "zustand";
import { pause, resume } from "./session";
import { useApp } from "./store";

/** What a run does while its tab is hidden. */
export type WhenHidden = "run" | "pause";

const KEY = "balenas.whenHidden";

function kept(): WhenHidden {
  try {
    return localStorage.getItem(KEY) === "pause" ? "pause" : "run";
  } catch {
    return "run";
  }
}

export const useWhenHidden = create<{ choice: WhenHidden }>(() => ({ choice: kept() }));

export function setWhenHidden(choice: WhenHidden): void {
  useWhenHidden.setState({ choice });
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

/** Pauses a run when the tab is hidden, where that was chosen, and lets it go on when it is seen again. Call once. */
export function listenToVisibility(): void {
  let paused = false;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      paused = useWhenHidden.getState().choice === "pause" && useApp.getState().phase === "running";
      if (paused) pause();
    } else if (paused) {
      paused = false;
      resume();
    }
  });
}
