import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** State of one stream: the generator's words, and the spare normal where one is waiting. */
export interface StreamState {
  readonly generator: readonly number[];
  readonly spare: number | null;
}

/** A seeded stream of random numbers. Everything random in a search comes from one of these. */
export class RandomStream {
  private generator;
  private spare: number | null = null;

  /**
   * @param seed the run's seed, a 32-bit integer
   * @param name the stream's name; streams of other names under the same seed are independent of it
   */
  constructor(seed: number, name: string) {
    this.generator = xoroshiro128plus(hash(seed, name));
  }

  /** A float64 uniform on [0, 1) with 53 random bits. */
  uniform(): number {
    return uniformFloat64(this.generator);
  }

  /** An integer uniform on 0..below-1. `below` must be a positive integer. */
  integer(below: number): number {
    return uniformInt(this.generator, 0, below - 1);
  }

  /** A standard normal float64 (Box and Muller 1958). */
  normal(): number {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A standard Gumbel draw; never plus infinity, as -log(u) is above 0 for every u below 1. */
  gumbel(): number {
    return -Math.log(-Math.log(this.uniform()));
  }

  /** `count` standard normal draws. */
  normals(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.normal());
  }

  /** A random permutation of 0..count-1 (Fisher and Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const moved = order[i];
      order[i] = order[j];
      order[j] = moved;
    }
    return order;
  }

  save(): StreamState {
    return { generator: [...this.generator.getState()], spare: this.spare };
  }

  restore(state: StreamState): void {
    this.generator = xoroshiro128plusFromState(state.generator);
    this.spare = state.spare;
  }
}

/** A 32-bit seed for a named stream: FNV-1a of the name, mixed with the seed by the finaliser of MurmurHash3. */
function hash(seed: number, name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return finalise(h ^ finalise(seed));
}

function finalise(h: number): number {
  const once = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) | 0;
}
