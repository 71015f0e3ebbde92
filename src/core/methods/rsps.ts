import type { Settings } from "../controls";
import type { Lesson, Method, MethodState, Proposal, Trial } from "../method";
import type { RandomStream } from "../random";
import { type Choices, oneHot, optionCount, type SearchSpace } from "../space";

/** Lead of a decided operation's parameter: its softmax is 1 to within 1e-8, and finite. */
const DECIDED = 20;

/**
 * Random search with parameter sharing (Li and Talwalkar, "Random Search and Reproducibility for Neural Architecture Search", UAI 2019), as
 * AutoDL-Projects runs it on NAS-Bench-201: every weight step trains one cell drawn uniformly, and no architecture is learnt. It decides
 * by trying 100 random cells on a validation batch for the best accuracy; here all on the same batch, of equals the one of lower loss, and
 * at every evaluation, so that a search that is stopped has decided too. Until then the parameters stay where they start.
 *
 * Where a row picks several candidates, they share it equally. The code of NAS-Bench-1Shot1 gives each the weight 1; here all methods
 * keep to the simplex, and the decision is evaluated with the very weights that it was tried with.
 */
export class Rsps implements Method {
  readonly id = "rsps";
  readonly scale = null;
  readonly mean: Float64Array;

  /** @param mean initial architecture parameters, copied */
  constructor(
    private readonly space: SearchSpace,
    private settings: Settings,
    mean: Float64Array,
  ) {
    this.mean = mean.slice();
  }

  propose(): Proposal[] {
    return [];
  }

  learn(): Lesson {
    return { gradient: [], curvature: null };
  }

  trainingMixing(noise: RandomStream): Float64Array {
    return oneHot(this.space.rows, this.randomArchitecture(noise));
  }

  /** Uniform over the space. Where edges are dropped, preferences without a preference decide, so that none is more likely than another. */
  private randomArchitecture(noise: RandomStream): Choices {
    const { rows, size, keptEdges, discretise } = this.space;
    return keptEdges === null ? rows.map((row) => noise.integer(optionCount(row))) : discretise(noise.normals(size));
  }

  async decide(noise: RandomStream, trial: Trial): Promise<void> {
    let best = { mixing: this.mean, accuracy: -1, loss: 0 };
    for (let tried = 0; tried < this.settings.trials; tried++) {
      const mixing = this.trainingMixing(noise);
      const { accuracy, loss } = await trial.score(mixing);
      if (accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss))
        best = { mixing, accuracy, loss };
    }
    this.mean.set(best.mixing.map((p) => (p > 0 ? DECIDED : 0)));
  }

  configure(settings: Settings): void {
    this.settings = settings;
  }

  save(): MethodState {
    return { mean: [...this.mean], momentum: [], curvature: [], momentumWeight: 0, curvatureWeight: 0 };
  }

  restore(state: MethodState): void {
    this.mean.set(state.mean);
  }
}
