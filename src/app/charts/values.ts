import type { Datum } from "./series";

/** Every value of a chart, bands too. */
export function valuesOf(points: readonly Datum[]): number[] {
  return points.flatMap(({ step: _, ...values }) => Object.values(values).filter((value) => value !== null));
}
