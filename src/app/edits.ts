import { create } from "zustand";
import type { Settings } from "../core/controls";

/** One edit of the form: what it changed, from what, to what. */
export interface Edit {
  readonly before: Partial<Settings>;
  readonly after: Partial<Settings>;
  /** Did it reach for the run under way? A preset never does. */
  readonly live: boolean;
}

/** Most edits kept. */
const MOST = 100;

/** Edits that can be undone, and those that can be made again; the nearest stands last. */
export const useEdits = create<{ past: readonly Edit[]; future: readonly Edit[] }>(() => ({ past: [], future: [] }));

/** Keeps an edit to be undone; what was undone before it is forgotten. */
export function remember(edit: Edit): void {
  useEdits.setState(({ past }) => ({ past: [...past, edit].slice(-MOST), future: [] }));
}

/** Moves the last edit to those that can be made again; null where there is none. */
export function back(): Edit | null {
  const { past, future } = useEdits.getState();
  const edit = past.at(-1) ?? null;
  if (edit) useEdits.setState({ past: past.slice(0, -1), future: [...future, edit] });
  return edit;
}

/** The other way round. */
export function again(): Edit | null {
  const { past, future } = useEdits.getState();
  const edit = future.at(-1) ?? null;
  if (edit) useEdits.setState({ past: [...past, edit], future: future.slice(0, -1) });
  return edit;
}
