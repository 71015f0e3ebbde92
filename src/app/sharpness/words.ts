import type { SearchSpace } from "../../core/space";
import { fixed } from "../format";
import { lookOf, shortName } from "../operations";

/** Largest components of a direction that are named. */
const NAMED = 4;

/** A direction by what it moves most: "0→1 conv 3×3 +0.52, 2→3 skip −0.41". */
export function directionWords(space: SearchSpace, vector: ArrayLike<number>): string {
  const names = space.rows.flatMap(({ choices }, row) =>
    choices.map((choice) => `${shortName(space, row)} ${lookOf(choice).name}`),
  );
  return names
    .map((name, i) => ({ name, size: Math.abs(vector[i]), value: vector[i] }))
    .sort((a, b) => b.size - a.size)
    .slice(0, NAMED)
    .map(({ name, value }) => `${name} ${value > 0 ? "+" : ""}${fixed(value, 2)}`)
    .join(", ");
}

/** Decimals that leave a value about two significant digits. */
export function digitsFor(value: number): number {
  if (value === 0) return 2;
  return Math.min(8, Math.max(1, 1 - Math.floor(Math.log10(Math.abs(value)))));
}
