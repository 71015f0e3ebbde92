import { samplePreferences } from "./posterior";
import { RandomStream } from "./random";
import type { Choices, SearchSpace } from "./space";

/**
 * Samples of many distributions under the same noise (common random numbers): from one step of a search to the next, and from one run to
 * another, they differ only where the distributions do.
 */
export class CommonDraws {
  private readonly normals: Float64Array;
  private readonly gumbels: Float64Array;
  private at = 0;
  private readonly random = {
    normal: () => this.normals[this.at++],
    gumbel: () => this.gumbels[this.at++],
  };

  constructor(
    private readonly space: SearchSpace,
    private readonly draws: number,
  ) {
    const random = new RandomStream(1, "common draws");
    this.normals = random.normals(draws * space.size);
    this.gumbels = Float64Array.from({ length: draws * space.size }, () => random.gumbel());
  }

  /**
   * Architectures drawn from a distribution, as `samplePreferences` draws.
   * @param mean the Gaussians' means, or the alpha of a point estimate, whose `scale` is null
   */
  choices(mean: ArrayLike<number>, scale: ArrayLike<number> | null): Choices[] {
    this.at = 0;
    const drawn = new Float64Array(this.space.size);
    return Array.from({ length: this.draws }, () =>
      this.space.discretise(samplePreferences(mean, scale, this.random, drawn)),
    );
  }
}
