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
