import { CONTROLS, type Settings } from "../core/controls";
import { InputError } from "../core/errors";
import { RandomStream } from "../core/random";
import type { Choices } from "../core/space";
import { SPACES } from "../core/spaces";
import { wilsonInterval } from "../core/statistics";
import type { Augmentation } from "../engine/data/augment";
import { BatchSource } from "../engine/data/batches";
import { type Dataset, type Part, withWholeTraining } from "../engine/data/dataset";
import type { Engine, Predictions, Score, SupernetSpec } from "../engine/engine";
import { initialWeights, parameterLayout } from "../engine/network";
import type { Surroundings } from "./open";
import { checkFinite, weightRateAt } from "./search";

/** How a discrete network is trained. */
export interface TrainSettings extends Pick<Settings, "space" | "channels" | "cells" | "image" | "batch" | "seed"> {
  /** Passes over the training images. */
  readonly epochs: number;
  /** Training images to use, from the start; null for all. */
  readonly images: number | null;
  /** Learning rate of the first step; it falls to zero along half a cosine. */
  readonly rate: number;
}

/** Shares of right answers and mean losses (nats) of an epoch. */
export interface EpochRecord {
  /** 1 the first. */
  readonly epoch: number;
  /** Means over the epoch's batches, each before its own step. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Of all test images after the epoch, by the running statistics. */
  readonly testLoss: number;
  readonly testAccuracy: number;
}

/** What a network says of every test image, in their order. */
export interface Answers extends Predictions {
  readonly labels: Uint8Array;
}

export interface TestOutcome extends Score {
  /** Wilson's interval of 95 % for the accuracy. */
  readonly interval: readonly [low: number, high: number];
  /** Images of a class, by row, that were taken for a class, by column. */
  readonly confusion: readonly (readonly number[])[];
  readonly answers: Answers;
}

/** Four of 32 pixels, as NAS-Bench-201 and DARTS crop CIFAR's images. */
const SHIFT = 1 / 8;

const MOMENTUM = CONTROLS.weightMomentum.default;
const DECAY = CONTROLS.weightDecay.default;
const CLIP = CONTROLS.gradientClip.default;

interface TrainingParts {
  readonly settings: TrainSettings & { readonly images: number };
  readonly engine: Engine;
  readonly training: BatchSource;
  readonly test: BatchSource;
  readonly testImages: number;
}

/**
 * Trains one architecture step by step, so that whoever drives it may pause, or leave it. Batch norm is affine; images are moved and
 * mirrored; SGD with Nesterov momentum and a cosine of rates (Dong and Yang, NAS-Bench-201, ICLR 2020, trains alike).
 */
export class Training {
  /** Weight steps in an epoch, and in all. */
  readonly stepsPerEpoch: number;
  readonly steps: number;
  private readonly augmentation: Augmentation;
  private taken = 0;
  private sums = { loss: 0, accuracy: 0 };

  constructor(private readonly parts: TrainingParts) {
    const { epochs, images, batch, image } = parts.settings;
    this.stepsPerEpoch = Math.floor(images / batch);
    this.steps = epochs * this.stepsPerEpoch;
    this.augmentation = { shift: Math.round(SHIFT * image), flip: true, cutout: 0 };
  }

  get spec(): SupernetSpec {
    return this.parts.engine.spec;
  }

  get epochs(): number {
    return this.parts.settings.epochs;
  }

  /** Steps taken. */
  get step(): number {
    return this.taken;
  }

  get done(): boolean {
    return this.taken === this.steps;
  }

  /** Has the last step ended an epoch? */
  get epochEnded(): boolean {
    return this.taken > 0 && this.taken % this.stepsPerEpoch === 0;
  }

  /** Takes one step; the score is that of the batch before it. @throws {DivergenceError} where the loss is no longer a number */
  async advance(): Promise<Score> {
    const { engine, training, settings } = this.parts;
    if (this.epochEnded) this.sums = { loss: 0, accuracy: 0 };
    const { batch } = await training.next(this.augmentation);
    const rates = { weightRate: settings.rate, weightRateEnd: 0, steps: this.steps };
    const rate = weightRateAt(rates, this.taken + 1);
    const score = await engine.weightStep([], batch, { rate, momentum: MOMENTUM, decay: DECAY, clip: CLIP });
    this.taken += 1;
    checkFinite(score.loss, this.taken);
    this.sums.loss += score.loss;
    this.sums.accuracy += score.accuracy;
    return score;
  }

  /** The epoch that has ended. */
  epochRecord({ loss, accuracy }: Score): EpochRecord {
    const { stepsPerEpoch, sums } = this;
    return {
      epoch: this.taken / stepsPerEpoch,
      trainLoss: sums.loss / stepsPerEpoch,
      trainAccuracy: sums.accuracy / stepsPerEpoch,
      testLoss: loss,
      testAccuracy: accuracy,
    };
  }

  /**
   * What the network makes of all test images.
   * @param between awaited after every batch; what it throws ends the test
   */
  async test(between: () => Promise<void> = async () => {}): Promise<TestOutcome> {
    const { engine, test, testImages: images } = this.parts;
    const { classes } = engine.spec.sizes;
    const answers = {
      labels: new Uint8Array(images),
      classes: new Uint8Array(images),
      losses: new Float32Array(images),
      probabilities: new Float32Array(images),
    };
    let tested = 0;
    for await (const { batch, count } of test.everyImage()) {
      const predictions = await engine.predict([], batch);
      answers.labels.set(batch.labels.subarray(0, count), tested);
      for (const name of ["classes", "losses", "probabilities"] as const) {
        answers[name].set(predictions[name].subarray(0, count), tested);
      }
      tested += count;
      await between();
    }
    const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
    for (const [i, label] of answers.labels.entries()) confusion[label][answers.classes[i]] += 1;
    const hits = confusion.reduce((sum, row, label) => sum + row[label], 0);
    return {
      loss: answers.losses.reduce((sum, loss) => sum + loss / images, 0),
      accuracy: hits / images,
      interval: wilsonInterval(hits, images),
      confusion,
      answers,
    };
  }
}

/**
 * A training at step 0 on all training images of a data set.
 * @throws {InputError} for an architecture without a network, and for more images than there are
 */
export async function openTraining(
  settings: TrainSettings,
  architecture: Choices,
  { dataset, createEngine }: Pick<Surroundings, "dataset" | "createEngine">,
): Promise<{ readonly training: Training; readonly close: () => void }> {
  const { channels, cells, image, batch, seed } = settings;
  const whole = withWholeTraining(dataset);
  const available = whole.images.weights;
  const images = settings.images ?? available;
  if (images > available) {
    throw new InputError(
      `${dataset.name} has ${available} training images, ${images} were asked for: use at most ${available}`,
    );
  }
  const source = (from: Dataset, half: Part, count: number) =>
    new BatchSource({
      dataset: from,
      half,
      images: count,
      image,
      batch,
      random: new RandomStream(seed, `${half} batches`),
    });
  const training = source(whole, "weights", images);
  const test = source(whole, "test", whole.images.test);
  const sizes = { channels, cells, image, imageChannels: 1, classes: dataset.classes.length };
  const spec: SupernetSpec = { space: SPACES[settings.space], sizes, batch, architecture };
  const layout = parameterLayout(spec.space, sizes, architecture);
  const engine = await createEngine(spec, initialWeights(layout, new RandomStream(seed, "weights")));
  return {
    training: new Training({
      settings: { ...settings, images },
      engine,
      training,
      test,
      testImages: whole.images.test,
    }),
    close: () => engine.dispose(),
  };
}
