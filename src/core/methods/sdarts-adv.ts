import type { Trial } from "../method";
import type { RandomStream } from "../random";
import { PerturbedDarts } from "./perturbed";

/**
 * SmoothDARTS by adversarial attack: the weights train where mixing weights within epsilon of softmax(alpha) do them most harm on their
 * own batch. As in the authors' code it is found by projected gradient ascent from a random start: steps of 2 epsilon / 7 along the
 * gradient's signs, seven of them, each held within epsilon and brought back to the simplex; what lowers the loss after all is dropped.
 * There batch norm takes running statistics during the attack; here, as everywhere in the supernet, those of the batch.
 */
export class SdartsAdv extends PerturbedDarts {
  readonly id = "sdarts-adv";

  async perturb(mixing: Float64Array, noise: RandomStream, trial: Trial): Promise<Float64Array> {
    const epsilon = this.epsilon();
    const { ascentSteps } = this.settings;
    const before = await trial.score(mixing);
    let moved = this.legal(mixing.map((p) => p + epsilon * (2 * noise.uniform() - 1)));
    for (let step = 0; step < ascentSteps; step++) {
      const { gradient } = await trial.differentiate(moved);
      const length = (2 * epsilon) / ascentSteps;
      moved = this.legal(
        moved.map((p, i) => {
          const ascended = p + length * Math.sign(gradient[i]);
          return Math.min(mixing[i] + epsilon, Math.max(mixing[i] - epsilon, ascended));
        }),
      );
    }
    const after = await trial.score(moved);
    return before.loss > after.loss ? mixing : moved;
  }
}
