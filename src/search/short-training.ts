import { CONTROLS } from "../core/controls";
import { InputError } from "../core/errors";
import { RandomStream } from "../core/random";
import type { Choices, NetworkSizes, SearchSpace } from "../core/space";
import { mean, ranks } from "../core/statistics";
import { BatchSource } from "../engine/data/batches";
import type { Dataset } from "../engine/data/dataset";
import type { OpenDevice } from "../engine/device";
import type { SupernetSpec } from "../engine/engine";
import { commonWeights, parameterLayout } from "../engine/network";

/**
 * Selection by short training: rounds of successive halving (Jamieson and Talwalkar, AISTATS 2016) by the training loss along the way
 * (TSE; Ru et al., NeurIPS 2021) and the proxies together. The candidates of a round train together, from the same initial weights wherever
 * they have parameters in common, and on the same batches. So early a loss tells how easily a cell learns, which shortcuts do most for, and
 * not how much it can learn, which proxies of its capacity tell: neither does for the other.
 */
export interface ShortTrainingOptions {
  readonly space: SearchSpace;
  readonly sizes: NetworkSizes;
  /** Images a batch. */
  readonly batch: number;
  readonly dataset: Dataset;
  readonly seed: number;
  /** Weight steps of the first round, at least 2; every further round doubles what a network has taken, and halves the networks. */
  readonly steps: number;
  /** At least 1. */
  readonly rounds: number;
  readonly device: Pick<OpenDevice, "createGroup">;
}

/** Constant. */
const RATE = 0.1;

const STEP = {
  rate: RATE,
  momentum: CONTROLS.weightMomentum.default,
  decay: CONTROLS.weightDecay.default,
  clip: CONTROLS.gradientClip.default,
};

const PLAIN = { shift: 0, flip: false, cutout: 0 };

/** What a candidate came to. */
export interface Trained {
  /** Weight steps taken: more of them the longer it stayed. */
  readonly steps: number;
  /** Mean training loss over the last half of them, nats; infinite where it ran away. */
  readonly loss: number;
}

/** How far a short training is; the share of work done is an honest measure of time, as networks are about alike. */
export interface ShortProgress {
  /** 1 the first. */
  readonly round: number;
  /** Networks that it trains. */
  readonly networks: number;
  /** Steps of single networks taken so far, and in all. */
  readonly done: number;
  readonly total: number;
}

/** Networks by round, and the steps that each of them has taken at its end. */
export function halvingRounds(candidates: number, { steps, rounds }: Pick<ShortTrainingOptions, "steps" | "rounds">) {
  return Array.from({ length: rounds }, (_, round) => ({
    networks: Math.max(1, Math.ceil(candidates / 2 ** round)),
    steps: steps * 2 ** round,
  }));
}

/** Steps of single networks over all rounds. */
export function stepsInAll(candidates: number, options: Pick<ShortTrainingOptions, "steps" | "rounds">): number {
  let [total, taken] = [0, 0];
  for (const { networks, steps } of halvingRounds(candidates, options)) {
    total += networks * (steps - taken);
    taken = steps;
  }
  return total;
}

/**
 * Indices of candidates, the best first: who stayed longer; of those that stayed as long, who has the smaller sum of two places among them,
 * that in the list and that by the loss. What ran away comes last.
 * @param trained the best by the proxies first
 */
export function rankTrained(trained: readonly Trained[]): number[] {
  const lengths = [...new Set(trained.map(({ steps }) => steps))].sort((a, b) => b - a);
  return lengths.flatMap((length) => {
    const peers = trained.flatMap(({ steps }, i) => (steps === length ? [i] : []));
    const losses = peers.map((i) => trained[i].loss);
    const byLoss = ranks(losses);
    const sums = losses.map((loss, k) => (loss < Number.POSITIVE_INFINITY ? k + byLoss[k] : 2 * peers.length + k));
    return peers
      .map((_, k) => k)
      .sort((a, b) => sums[a] - sums[b] || a - b)
      .map((k) => peers[k]);
  });
}

/**
 * Trains candidates in rounds and returns what each came to, in their order. Reports after every step; stop asking and the device is
 * freed.
 * @param candidates the best by the proxies first
 * @throws {InputError} where there are no candidates, too few images, or the device has no compiled engine
 */
export async function* shortTraining(
  candidates: readonly Choices[],
  options: ShortTrainingOptions,
): AsyncGenerator<ShortProgress, Trained[]> {
  const { space, sizes, batch, dataset, seed, device } = options;
  if (!device.createGroup) {
    throw new InputError("short training needs the compiled engine: choose the device wasm or webgpu");
  }
  const rounds = halvingRounds(candidates.length, options);
  const source = new BatchSource({
    dataset,
    half: "weights",
    images: dataset.images.weights,
    image: sizes.image,
    batch,
    random: new RandomStream(seed, "short training batches"),
  });
  const specs = candidates.map((architecture): SupernetSpec => ({ space, sizes, batch, architecture }));
  const layouts = specs.map(({ architecture }) => parameterLayout(space, sizes, architecture));
  const states = commonWeights(layouts, seed);
  const losses = candidates.map((): number[] => []);
  const progress = { done: 0, total: stepsInAll(candidates.length, options) };
  let [kept, taken] = [candidates.map((_, i) => i), 0];
  for (const [r, { networks, steps }] of rounds.entries()) {
    const outcome = losses.map(trainedOf);
    kept = rankTrained(outcome).slice(0, networks);
    const group = await device.createGroup(
      kept.map((i) => specs[i]),
      kept.map((i) => states[i]),
    );
    try {
      for (; taken < steps; taken++) {
        const { batch: images } = await source.next(PLAIN);
        for (const [k, { loss }] of (await group.weightStep(images, STEP)).entries()) losses[kept[k]].push(loss);
        progress.done += networks;
        yield { round: r + 1, networks, ...progress };
      }
      for (const [k, state] of (await group.exportStates()).entries()) states[kept[k]] = state;
    } finally {
      group.dispose();
    }
  }
  return losses.map(trainedOf);
}

function trainedOf(losses: readonly number[]): Trained {
  const loss = losses.length === 0 ? Number.POSITIVE_INFINITY : mean(losses.slice(losses.length >> 1));
  return { steps: losses.length, loss: Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY };
}
