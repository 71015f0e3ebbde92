import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { InputError } from "../../core/errors";
import { ExpectedValue } from "../../core/expectation";
import { CELLS, NAS_BENCH_201 } from "../../core/nasbench201";
import { rowOffsets } from "../../core/space";
import type { ArchitectureGradient, Batch, Engine, Predictions, Score, SupernetSpec, WeightGradient } from "../engine";
import { DRAWS } from "./examples";

/** What the objective knows of every cell, in the order of `cellCode`. */
export interface ObjectiveTable {
  /** Classes of the data set. */
  readonly classes: number;
  /** Validation accuracy, 0..1. */
  readonly accuracy: Float64Array;
  /** Standard deviation of the accuracy over runs of the cell, as a share too; 0 where the benchmark's file does not say. */
  readonly spread: Float64Array;
}

const CLASSES: Readonly<Record<BenchmarkSet, number>> = { cifar10: 10, cifar100: 100, "imagenet16-120": 120 };

/** The benchmark's validation accuracies of a data set. Test accuracies stay unseen: they judge the result. */
export function objectiveTable(benchmark: Benchmark, set: BenchmarkSet): ObjectiveTable {
  const accuracy = benchmark.validAccuracy(set).map((percent) => percent / 100);
  // The file has the spread of CIFAR-10's validation accuracy alone.
  const spread = set === "cifar10" ? benchmark.spreads().map((points) => points / 100) : new Float64Array(CELLS);
  return { classes: CLASSES[set], accuracy, spread };
}

const ROWS = NAS_BENCH_201.rows.length;
const CHOICES = NAS_BENCH_201.rows[0].choices.length;
const OFFSETS = rowOffsets(NAS_BENCH_201.rows);
/** How far two cells lie apart in the table when they differ by one operation in a row. */
const STRIDES = NAS_BENCH_201.rows.map((_, row) => CHOICES ** row);

/**
 * The instant objective: not a network but the benchmark's own table, behind the interface of one. It sees the answers, as no supernet
 * does: the accuracy that a cell reaches once trained, averaged over the cells that independent draws by the mixing weights pick.
 *
 * The loss is the expected error rate, put in nats: ln K / (1 - 1/K) times it, so that a cell that guesses among the K classes has the
 * ln K of a uniform guess's cross-entropy, and a perfect one 0. Being linear in the accuracy, unlike cross-entropy itself, it is
 * estimated by sampled cells without bias. The unit matters to BaLeNAS, whose scales are 1 / sqrt(N s + delta) with s the mean squared
 * gradient, and to weight decay: in nats the same rates, N and decay suit this objective and a supernet's cross-entropy.
 *
 * Under noise, example b picks a cell c_b from its uniforms and its estimate of the gradient is
 * dL_b/dp[r, o] = -u accuracy(c_b with row r set to o), u the unit above, each of these cells with a training run of its own: accuracy + spread * normal.
 * Its mean is the exact gradient, -u E[accuracy(c) | c_r = o], as rows are drawn independently; it needs no division by small
 * probabilities, as the score function's estimate does. (Local expectation gradients, Titsias and Lazaro-Gredilla, NeurIPS 2015.)
 */
export class InstantEngine implements Engine {
  /** The networks behind the table; nothing is computed from it. */
  readonly spec: SupernetSpec = { space: NAS_BENCH_201, sizes: NAS_BENCH_201.published, batch: 256 };
  private readonly expected: ExpectedValue;
  private readonly chosen = new Int32Array(ROWS);
  /** Nats of loss for an error rate of 1. */
  private readonly unit: number;

  constructor(private readonly table: ObjectiveTable) {
    this.expected = new ExpectedValue(table.accuracy);
    this.unit = Math.log(table.classes) / (1 - 1 / table.classes);
  }

  /** There are no weights to train: the batch's score. */
  async weightStep(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    return this.evaluate(mixing, batch);
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    { images }: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    const { size } = NAS_BENCH_201;
    const gradient = new Float64Array(size);
    if (images.length === 0) {
      const accuracy = this.expected.differentiate(mixing, gradient);
      for (let i = 0; i < size; i++) gradient[i] *= -this.unit;
      return { ...this.score(accuracy), gradient, ...(perExample && { perExample: gradient.slice() }) };
    }
    const examples = images.length / DRAWS.total;
    const each = new Float64Array(examples * size);
    let accuracy = 0;
    for (let b = 0; b < examples; b++) {
      const mine = each.subarray(b * size, (b + 1) * size);
      accuracy += this.sampleNeighbourhood(mixing, images, b * DRAWS.total, mine) / examples;
      for (let i = 0; i < size; i++) gradient[i] += mine[i] / examples;
    }
    return { ...this.score(accuracy), gradient, ...(perExample && { perExample: each }) };
  }

  /** @throws {InputError} always: there are no weights */
  async weightGradient(): Promise<WeightGradient> {
    throw new InputError("the instant objective has no weights to differentiate by: use the supernet");
  }

  async evaluate(mixing: ArrayLike<number>, { images }: Batch): Promise<Score> {
    if (images.length === 0) return this.score(this.expected.value(mixing));
    const examples = images.length / DRAWS.total;
    let accuracy = 0;
    for (let b = 0; b < examples; b++) {
      const at = b * DRAWS.total;
      accuracy += this.trained(this.pick(mixing, images, at), images[at + DRAWS.uniforms]) / examples;
    }
    return this.score(accuracy);
  }

  /** @throws {InputError} always: there are no images */
  async predict(): Promise<Predictions> {
    throw new InputError("the instant objective has no images to classify: use the supernet");
  }

  async exportState(): Promise<Float32Array> {
    return new Float32Array(0);
  }

  importState(): void {}

  dispose(): void {}

  /**
   * One example's accuracy; its dL/dp goes to `gradient`.
   * @param at where the example's draws begin
   */
  private sampleNeighbourhood(
    mixing: ArrayLike<number>,
    draws: Float32Array,
    at: number,
    gradient: Float64Array,
  ): number {
    const code = this.pick(mixing, draws, at);
    let normal = at + DRAWS.uniforms;
    const accuracy = this.trained(code, draws[normal++]);
    for (let row = 0; row < ROWS; row++) {
      for (let o = 0; o < CHOICES; o++) {
        const apart = o - this.chosen[row];
        const reached = apart === 0 ? accuracy : this.trained(code + apart * STRIDES[row], draws[normal++]);
        gradient[OFFSETS[row] + o] = -this.unit * reached;
      }
    }
    return accuracy;
  }

  /** The code of the cell that an example's uniforms pick; its choices are left in `chosen`. */
  private pick(mixing: ArrayLike<number>, draws: Float32Array, at: number): number {
    let code = 0;
    for (let row = 0; row < ROWS; row++) {
      let choice = 0;
      for (let left = draws[at + row] - mixing[OFFSETS[row]]; left >= 0 && choice < CHOICES - 1; ) {
        choice += 1;
        left -= mixing[OFFSETS[row] + choice];
      }
      this.chosen[row] = choice;
      code += choice * STRIDES[row];
    }
    return code;
  }

  private trained(code: number, normal: number): number {
    return this.table.accuracy[code] + this.table.spread[code] * normal;
  }

  private score(accuracy: number): Score {
    return { loss: this.unit * (1 - accuracy), accuracy };
  }
}
