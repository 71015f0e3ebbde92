import { useSyncExternalStore } from "react";

const query = () => matchMedia("(prefers-reduced-motion: reduce)");

/** Does the reader ask for a still page? */
export function reducedMotion(): boolean {
  return query().matches;
}

function subscribe(listener: () => void): () => void {
  const list = query();
  list.addEventListener("change", listener);
  return () => list.removeEventListener("change", listener);
}

/** The same, kept up to date. */
export function useReducedMotion(): boolean {
  return useSyncExternalStore(subscribe, reducedMotion);
}
