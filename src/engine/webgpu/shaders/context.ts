import type { Reducing } from "./reduce";
import type { Shape } from "./shape";

/** What the entries of one program share while they become dispatches. */
export interface Context {
  /** The batch rounded up to a multiple of four. */
  readonly images: number;
  readonly reducing: Reducing;
  /** Of the tiles of convolutions. */
  readonly shape: Shape;
  /** Whether neighbouring invocations share what they load. */
  readonly quads: boolean;
  /** Statistics of tiles, on their way from a convolution to the entry behind it; in vectors. */
  readonly tiles: number;
  /** Takes room for partial sums, in vectors. */
  take(vectors: number): number;
  /** Where the partial sums are that a plan expects at an offset (floats). */
  readonly sums: Map<number, number>;
}

/** Where the partial sums for an offset of the plan are. */
export function partialsOf({ sums }: Context, offset: number): number {
  const found = sums.get(offset);
  if (found === undefined) throw new Error(`nothing was reduced to ${offset}`);
  return found;
}
