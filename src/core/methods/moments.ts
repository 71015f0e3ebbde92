import type { MethodState } from "../method";

/** Running means of the gradient and of the curvature, which every method of the Adam family keeps beside its parameters. */
export class Moments {
  readonly momentum: Float64Array;
  readonly curvature: Float64Array;
  /** Sum of the weights that each running mean has given so far: 1 - beta^t at a constant beta, and right when a knob is turned. */
  momentumWeight = 0;
  curvatureWeight = 0;

  constructor(size: number, initialCurvature: number) {
    this.momentum = new Float64Array(size);
    this.curvature = new Float64Array(size).fill(initialCurvature);
  }

  /** m <- beta m + (1 - beta) gradient */
  addGradient(gradient: ArrayLike<number>, beta: number): void {
    for (let i = 0; i < this.momentum.length; i++) {
      this.momentum[i] = beta * this.momentum[i] + (1 - beta) * gradient[i];
    }
    this.momentumWeight = beta * this.momentumWeight + (1 - beta);
  }

  /** s <- keep s + rate curvature */
  addCurvature(curvature: ArrayLike<number>, keep: number, rate: number): void {
    for (let i = 0; i < this.curvature.length; i++) {
      this.curvature[i] = keep * this.curvature[i] + rate * curvature[i];
    }
    this.curvatureWeight = keep * this.curvatureWeight + rate;
  }

  /** Bias-corrected, as Adam's m-hat. */
  correctedMomentum(i: number): number {
    return this.momentum[i] / this.momentumWeight;
  }

  /** Bias-corrected, as Adam's v-hat. */
  correctedCurvature(i: number): number {
    return this.curvature[i] / this.curvatureWeight;
  }

  save(mean: Float64Array): MethodState {
    return {
      mean: [...mean],
      momentum: [...this.momentum],
      curvature: [...this.curvature],
      momentumWeight: this.momentumWeight,
      curvatureWeight: this.curvatureWeight,
    };
  }

  restore(state: MethodState, mean: Float64Array): void {
    mean.set(state.mean);
    this.momentum.set(state.momentum);
    this.curvature.set(state.curvature);
    this.momentumWeight = state.momentumWeight;
    this.curvatureWeight = state.curvatureWeight;
  }
}

/** Element-wise mean of equally long vectors; at least one. */
export function meanOf(vectors: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from({ length: vectors[0].length }, (_, i) => {
    let sum = 0;
    for (const vector of vectors) sum += vector[i];
    return sum / vectors.length;
  });
}
