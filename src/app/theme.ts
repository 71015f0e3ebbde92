import { useSyncExternalStore } from "react";

const KEY = "theme";

/** The theme in force: what the toggle last said, else what the system wants. */
export function currentTheme(): "light" | "dark" {
  const chosen = document.documentElement.style.colorScheme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function toggleTheme(): void {
  const next = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.style.colorScheme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage may be closed to us; the choice then lasts until the page is left.
  }
}

/** The theme in force, for what is drawn in pixels and can't follow the style sheet. */
export function useTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, currentTheme);
}

function subscribe(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const toggle = new MutationObserver(listener);
  toggle.observe(document.documentElement, { attributeFilter: ["style"] });
  system.addEventListener("change", listener);
  return () => {
    toggle.disconnect();
    system.removeEventListener("change", listener);
  };
}
