import { useMemo } from "react";
import { create } from "zustand";
import { samplePreferences } from "../../core/posterior";
import { RandomStream } from "../../core/random";
import type { Choices } from "../../core/space";
import { type Moment, useMoment } from "../moment";

/** Cells of the gallery. */
export const DRAWS = 8;

/** Which samples are drawn, and which of them is drawn large. */
export const useSampleStore = create<{
  readonly seed: number;
  /** Number of the draw that is drawn large, counted from 1; a play goes on beyond the gallery's own. */
  readonly number: number;
  readonly playing: boolean;
}>(() => ({ seed: 1, number: 1, playing: false }));

/** Begins a new draw. */
export function drawWith(seed: number): void {
  useSampleStore.setState({ seed, number: 1 });
}

/** Draws a sample large. */
export function showSample(number: number): void {
  useSampleStore.setState({ number, playing: false });
}

export function nextSample(): void {
  useSampleStore.setState(({ number }) => ({ number: number + 1 }));
}

export interface SampledCell {
  readonly choices: Choices;
  /** How many of the draws it is. */
  readonly count: number;
  /** Number of its first draw. */
  readonly number: number;
}

export interface Samples {
  readonly seed: number;
  readonly moment: Moment;
  /** In the order in which they came up, each once. */
  readonly cells: readonly SampledCell[];
}

type Distribution = Pick<Moment, "space" | "mean" | "scale">;

/**
 * One draw from a posterior. Each has a stream of its own: under the same seed the same noise is laid on every step's posterior, and
 * a sample changes only where the posterior does.
 * @param number of the draw, from 1
 */
export function sampleOf({ space, mean, scale }: Distribution, seed: number, number: number): Choices {
  return space.discretise(samplePreferences(mean, scale, new RandomStream(seed, `sample ${number}`)));
}

/** The first draws under a seed, the same cells merged. */
export function drawSamples(distribution: Distribution, seed: number, draws: number): SampledCell[] {
  const cells = new Map<string, SampledCell>();
  for (let number = 1; number <= draws; number++) {
    const choices = sampleOf(distribution, seed, number);
    const key = choices.join();
    const known = cells.get(key);
    cells.set(key, known ? { ...known, count: known.count + 1 } : { choices, count: 1, number });
  }
  return [...cells.values()];
}

let memo: Samples | null = null;

/** The samples of the step on screen. Drawn once for all panels. */
export function useSamples(): Samples {
  const moment = useMoment();
  const seed = useSampleStore((state) => state.seed);
  if (memo?.moment !== moment || memo.seed !== seed) memo = { seed, moment, cells: drawSamples(moment, seed, DRAWS) };
  return memo;
}

/** The sample that is drawn large. */
export function useShownSample(): { readonly number: number; readonly choices: Choices } {
  const moment = useMoment();
  const seed = useSampleStore((state) => state.seed);
  const number = useSampleStore((state) => state.number);
  return useMemo(() => ({ number, choices: sampleOf(moment, seed, number) }), [moment, seed, number]);
}
