import { cellCode } from "../../core/nasbench201";
import { sampleOf } from "../gallery/samples";
import type { Moment } from "../moment";

export const SAMPLES = 100;

/** The first hundred cells that the gallery's seed draws from the posterior, as `cellCode`s. */
export function samplesOf(moment: Pick<Moment, "space" | "mean" | "scale">, seed: number): number[] {
  return Array.from({ length: SAMPLES }, (_, i) => cellCode(sampleOf(moment, seed, i + 1)));
}
