import { RandomStream } from "../../core/random";
import type { Moment } from "../moment";

export const SAMPLES = 100;

let uniforms: Float64Array | null = null;

/**
 * Cells drawn from the posterior, as `cellCode`s: each edge draws its operation by P(wins), for a point estimate by the mixing weights.
 * The same uniform numbers every time, so that a sample moves only when the posterior does.
 */
export function samplesOf({ space, offsets, share }: Pick<Moment, "space" | "offsets" | "share">): number[] {
  const rows = space.rows.length;
  if (uniforms?.length !== SAMPLES * rows) {
    const random = new RandomStream(0, "samples on the map");
    uniforms = Float64Array.from({ length: SAMPLES * rows }, () => random.uniform());
  }
  const numbers = uniforms;
  return Array.from({ length: SAMPLES }, (_, sample) => {
    let code = 0;
    for (let row = 0, place = 1; row < rows; row++) {
      const choices = space.rows[row].choices.length;
      let left = numbers[sample * rows + row];
      let choice = 0;
      while (choice < choices - 1 && left >= share[offsets[row] + choice]) left -= share[offsets[row] + choice++];
      code += place * choice;
      place *= choices;
    }
    return code;
  });
}
