import { samplePreferences } from "./posterior";
import { RandomStream } from "./random";
import type { Choices, SearchSpace } from "./space";

/** Numbers that are drawn when they are first asked for, and come again in the same order after `rewind`. */
class Replayed {
  private readonly drawn: number[] = [];
  private at = 0;

  constructor(private readonly draw: () => number) {}

  next = () => {
    if (this.at === this.drawn.length) this.drawn.push(this.draw());
    return this.drawn[this.at++];
  };

  rewind(): void {
    this.at = 0;
  }
}

/**
 * Samples of many distributions under the same noise (common random numbers): from one step of a search to the next, and from one method
 * to another, they differ only where the distributions do.
 */
export class CommonDraws {
  private readonly normals: Replayed;
  private readonly gumbels: Replayed;

  constructor(
    private readonly space: SearchSpace,
    private readonly draws: number,
    seed: number,
  ) {
    const [gaussian, categorical] = ["common normals", "common Gumbel noise"].map(
      (name) => new RandomStream(seed, name),
    );
    this.normals = new Replayed(() => gaussian.normal());
    this.gumbels = new Replayed(() => categorical.gumbel());
  }

  /**
   * Architectures drawn from a distribution, as `samplePreferences` draws.
   * @param mean the Gaussians' means, or the alpha of a point estimate, whose `scale` is null
   */
  choices(mean: ArrayLike<number>, scale: ArrayLike<number> | null): Choices[] {
    this.normals.rewind();
    this.gumbels.rewind();
    const noise = { normal: this.normals.next, gumbel: this.gumbels.next };
    const drawn = new Float64Array(this.space.size);
    return Array.from({ length: this.draws }, () =>
      this.space.discretise(samplePreferences(mean, scale, noise, drawn)),
    );
  }
}
