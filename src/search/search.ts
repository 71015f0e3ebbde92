import type { Benchmark } from "../core/benchmark";
import { CONTROLS, type ControlKey, type Settings } from "../core/controls";
import { InputError } from "../core/errors";
import type { Lesson, Method, Proposal, Trial } from "../core/method";
import { oneShotOf } from "../core/nasbench1shot1";
import type { NasBench101 } from "../core/nasbench101-figures";
import { RandomStream } from "../core/random";
import { checkTogether, unrolls } from "../core/settings";
import { type Landscape, landscapeOf, measureSharpness, type Sharpness } from "../core/sharpness";
import { softmaxRows } from "../core/softmax";
import { type Choices, oneHot, type SearchSpace } from "../core/space";
import type { ArchitectureGradient, Batch, DeviceReport, Engine, Score, WeightStep } from "../engine/engine";
import { decodeFloats, encodeFloats } from "./base64";
import {
  type ChangeRecord,
  type CheckpointRecord,
  type EvaluationRecord,
  type HeaderRecord,
  type ResultRecord,
  RUN_FILE_VERSION,
  rowsOf,
  type StepRecord,
} from "./records";
import { unrolledGradient } from "./unrolled";

/** What of a search step to take. */
export type StepPart = "both" | "weights" | "architecture";

/** Batches of one half of the training images, or of what stands for them, without end. */
export interface BatchStream<State = unknown> {
  /** True when the next batch opens an epoch. */
  readonly startsEpoch: boolean;
  /** @param settings in force; a stream reads what concerns it */
  next(settings: Settings): Promise<{ batch: Batch; epoch: number }>;
  save(): State;
  restore(state: State): void;
}

/** Everything that a search joins. */
export interface SearchParts {
  readonly settings: Settings;
  /** The data set's name, or where it came from. */
  readonly data: string;
  readonly space: SearchSpace;
  readonly method: Method;
  readonly engine: Engine;
  readonly device: Pick<DeviceReport, "device" | "engine">;
  /** Null for an engine without weights to train: the search then takes architecture halves alone. */
  readonly weightBatches: BatchStream | null;
  readonly architectureBatches: BatchStream;
  /** The first images of the architecture half, whole batches, as they are. */
  readonly evaluationBatches: (images: number) => Promise<readonly Batch[]>;
  readonly benchmark: Benchmark | null;
  /** Figures of cells within NAS-Bench-101; null, or absent, where the space has none. */
  readonly nasBench101?: NasBench101 | null;
}

/** The loss is no longer a number, or has exploded: the weights have run away. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";

  /** @param finite could the run go on as it is? */
  constructor(
    message: string,
    readonly finite = false,
  ) {
    super(message);
  }
}

/** Learning rate of the weights at a step, 1 the first: half a cosine from weightRate to weightRateEnd. */
export function weightRateAt(
  { weightRate, weightRateEnd, steps }: Pick<Settings, "weightRate" | "weightRateEnd" | "steps">,
  step: number,
): number {
  const progress = Math.min(1, (step - 1) / steps);
  return weightRateEnd + 0.5 * (weightRate - weightRateEnd) * (1 + Math.cos(Math.PI * progress));
}

/** Images by which one-shot accuracies tell architectures apart. */
export const ONE_SHOT_IMAGES = 1000;

type StepHalf = Pick<StepRecord, "validLoss" | "validAccuracy" | "noise" | "gradient" | "curvature">;

const NO_ARCHITECTURE_HALF: StepHalf = {
  validLoss: null,
  validAccuracy: null,
  noise: null,
  gradient: null,
  curvature: null,
};

const NO_WEIGHT_HALF = { score: null, mixing: null };

/**
 * The bilevel loop, one step at a time: the architecture learns from a batch of its half of the images, then the weights from one of
 * theirs; to second order the architecture looks at that one too. Method and engine meet here, in mixing weights and their gradients.
 */
export class Search {
  /** The posterior before step 1, as the run file opens. */
  readonly header: HeaderRecord;
  private readonly noise: RandomStream;
  private current: Settings;
  /** Changes that wait for the next epoch. */
  private pending: Partial<Settings> = {};
  /** Changes made while a step is under way; they wait for its end, so that a step has one set of hyper-parameters. */
  private arrived: Partial<Settings> | null = null;
  private taken = 0;
  /** Architecture steps, or steps between decisions, for which the most probable cell has stayed the same. */
  private steady = 0;
  private stopped = false;
  private epoch = 1;
  /** The step after which sharpness was measured last. */
  private measured = 0;

  constructor(private readonly parts: SearchParts) {
    const { settings, space, device } = parts;
    this.current = settings;
    this.noise = new RandomStream(settings.seed, "architecture noise");
    const { space: spaceId, method: methodId, data: _, seed, ...others } = settings;
    this.header = {
      kind: "header",
      version: RUN_FILE_VERSION,
      space: spaceId,
      method: methodId,
      data: parts.data,
      seed,
      device: device.device,
      engine: device.engine,
      settings: others,
      rows: rowsOf(space),
      ...this.posterior(),
    };
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.taken;
  }

  get done(): boolean {
    const { steps, patience } = this.current;
    const ended = this.parts.method.ended ?? false;
    return this.stopped || ended || this.taken >= steps || (patience > 0 && this.steady >= patience);
  }

  /** Ends the search with the steps taken so far once `seconds` spent on them are past its time limit. */
  heedTime(seconds: number): void {
    const { minutes } = this.current;
    if (minutes > 0 && seconds >= 60 * minutes) this.stopped = true;
  }

  get settings(): Settings {
    return this.current;
  }

  /** The architecture decided on now. */
  get architecture(): string {
    const { space, method } = this.parts;
    return space.format(space.discretise(method.mean));
  }

  /** Learning rate of the weights at a step, 1 the first. */
  weightRate(step: number): number {
    return weightRateAt(this.current, step);
  }

  /** Takes a step, or half of one. @throws {DivergenceError} when a loss is not finite; the step is then not counted */
  async step(part: StepPart = "both"): Promise<StepRecord> {
    this.arrived = {};
    try {
      return await this.takeStep(part);
    } finally {
      const { arrived } = this;
      this.arrived = null;
      if (Object.keys(arrived).length > 0) this.take(arrived, this.pending);
    }
  }

  private async takeStep(part: StepPart): Promise<StepRecord> {
    const step = this.taken + 1;
    const { weightBatches } = this.parts;
    if (weightBatches?.startsEpoch) this.take(this.pending);
    const warm = weightBatches && step <= this.current.warmupSteps && part === "both";
    const before = this.architecture;
    const learns = part !== "weights" && !warm;
    const trains = part !== "architecture" && weightBatches !== null;
    const looksAhead = learns && unrolls(this.current);
    // An architecture half taken alone uses the training batch up that it looks ahead with.
    const train = weightBatches && (trains || looksAhead) ? await this.trainingBatch(weightBatches) : null;
    const architecture = learns ? await this.architectureHalf(step, looksAhead ? train : null) : NO_ARCHITECTURE_HALF;
    const { score, mixing } = trains && train ? await this.weightHalf(step, train) : NO_WEIGHT_HALF;
    this.taken = step;
    const due = this.evaluationDue;
    if (due) await this.decide();
    // A method that learns no architecture has one at its decisions alone, and keeps it for the steps between.
    const decided = due ? 1 + ((step - 1) % this.current.evaluateEvery) : 0;
    const kept = !learns ? 0 : architecture === NO_ARCHITECTURE_HALF ? decided : 1;
    if (kept > 0) this.steady = this.architecture === before ? this.steady + kept : 0;
    return {
      kind: "step",
      step,
      epoch: this.epoch,
      trainLoss: score?.loss ?? null,
      trainAccuracy: score?.accuracy ?? null,
      ...architecture,
      ...this.posterior(),
      weights: mixing,
    };
  }

  /** Is an evaluation due after the last step? */
  get evaluationDue(): boolean {
    return this.taken > 0 && (this.done || this.taken % this.current.evaluateEvery === 0);
  }

  /** Scores the supernet at the mean's mixing weights on unaltered images of the architecture half. */
  async evaluate(): Promise<EvaluationRecord> {
    const { space, method } = this.parts;
    const mixing = method.meanMixing ?? softmaxRows(space.rows, method.mean);
    return {
      kind: "evaluation",
      step: this.taken,
      architecture: this.architecture,
      validAccuracy: await this.accuracy(mixing, this.current.evaluateImages),
      ...this.known(),
    };
  }

  /** Of the supernet on so many unaltered images of the architecture half, 0..1. */
  private async accuracy(mixing: ArrayLike<number>, images: number): Promise<number> {
    const { engine, evaluationBatches } = this.parts;
    let right = 0;
    let seen = 0;
    for (const batch of await evaluationBatches(images)) {
      const { accuracy } = await engine.evaluate(mixing, batch);
      right += accuracy * batch.labels.length;
      seen += batch.labels.length;
    }
    return right / seen;
  }

  /**
   * Accuracy of an architecture with the supernet's weights as they are, 0..1, on unaltered images of the architecture half: the other
   * operations have no weight (one-shot accuracy; Bender et al., ICML 2018).
   */
  async oneShotAccuracy(architecture: Choices): Promise<number> {
    return this.accuracy(oneHot(this.parts.space.rows, architecture), ONE_SHOT_IMAGES);
  }

  /**
   * Trains the weights through a recorded step as the search did, with its mixing weights, and leaves the architecture out: on the same
   * device the weights come out the same. Changes before it are made by `change`, as they were then.
   */
  async retrace({ step, weights, gradient }: StepRecord): Promise<void> {
    const { weightBatches, engine } = this.parts;
    if (weightBatches?.startsEpoch) this.take(this.pending);
    const lookedAhead = gradient !== null && unrolls(this.current);
    if (weightBatches && (weights || lookedAhead)) {
      const batch = await this.trainingBatch(weightBatches);
      if (weights) await engine.weightStep(weights, batch, this.weightStep(step));
    }
    this.taken = step;
  }

  /** Is a measurement of sharpness due after the last step? */
  get sharpnessDue(): boolean {
    const { sharpnessEvery: every } = this.current;
    return every > 0 && this.measured < this.taken && (this.done || this.taken % every === 0);
  }

  /**
   * The validation loss around the mean: of the first batch of the evaluation images, with the weights as they are. A supernet's batch norm
   * keeps nothing of a batch, so that looking around changes nothing.
   * @param breathe as in `landscapeOf`
   */
  async landscape(breathe?: () => Promise<void>): Promise<Landscape> {
    const { space, method, engine, evaluationBatches } = this.parts;
    const [batch] = await evaluationBatches(this.current.evaluateImages);
    return landscapeOf(space.rows, method, trialOn(engine, batch), breathe);
  }

  /** Sharpness after the last step, around which the landscape is, by random numbers of its own: the search goes on as if nobody had looked. */
  async measure(landscape: Landscape): Promise<Sharpness> {
    const step = this.taken;
    const sharpness = await measureSharpness(landscape, new RandomStream(this.current.seed, "sharpness"));
    this.measured = step;
    return sharpness;
  }

  /** @param seconds spent on the search so far */
  result(seconds: number): ResultRecord {
    const { architecture } = this;
    // NAS-Bench-201 has one notation: its genotype is the cell's string.
    return { kind: "result", architecture, genotype: architecture, ...this.known(), seconds, steps: this.taken };
  }

  /**
   * Turns knobs of the run. Those tagged "epoch" wait for the next one.
   * @throws {InputError} for a control that needs a restart, or values that clash
   */
  change(patch: Partial<Settings>): ChangeRecord {
    for (const key of Object.keys(patch) as ControlKey[]) {
      if (CONTROLS[key].acts === "restart")
        throw new InputError(`${key} acts at a restart: reset the run to change it`);
    }
    checkTogether({ ...this.current, ...this.pending, ...this.arrived, ...patch });
    const waits = (key: string) => CONTROLS[key as ControlKey].acts === "epoch";
    const entries = Object.entries(patch);
    this.pending = { ...this.pending, ...Object.fromEntries(entries.filter(([key]) => waits(key))) };
    const now = Object.fromEntries(entries.filter(([key]) => !waits(key)));
    if (this.arrived) this.arrived = { ...this.arrived, ...now };
    else this.take(now, this.pending);
    return { kind: "change", step: this.taken + (this.arrived ? 2 : 1), settings: patch };
  }

  /** Everything that the rest of the run depends on. */
  async checkpoint(seconds: number): Promise<CheckpointRecord> {
    const { method, weightBatches, architectureBatches, engine } = this.parts;
    return {
      kind: "checkpoint",
      step: this.taken,
      epoch: this.epoch,
      method: method.save(),
      noise: this.noise.save(),
      weightBatches: weightBatches?.save() ?? null,
      architectureBatches: architectureBatches.save(),
      settings: this.current,
      pending: this.pending,
      weights: encodeFloats(await engine.exportState()),
      seconds,
      steady: this.steady,
    };
  }

  /** Goes on from a checkpoint of the same settings as if the run had never stopped. */
  restore(checkpoint: CheckpointRecord): void {
    const { method, weightBatches, architectureBatches, engine } = this.parts;
    this.taken = checkpoint.step;
    this.measured = checkpoint.step;
    this.epoch = checkpoint.epoch;
    this.steady = checkpoint.steady ?? 0;
    this.stopped = false;
    this.noise.restore(checkpoint.noise);
    weightBatches?.restore(checkpoint.weightBatches);
    architectureBatches.restore(checkpoint.architectureBatches);
    engine.importState(decodeFloats(checkpoint.weights));
    method.restore(checkpoint.method);
    this.take(checkpoint.settings, checkpoint.pending);
  }

  private take(patch: Partial<Settings>, pending: Partial<Settings> = {}): void {
    this.current = { ...this.current, ...patch };
    this.pending = pending;
    this.parts.method.configure(this.current);
  }

  private async trainingBatch(batches: BatchStream): Promise<Batch> {
    const { batch, epoch } = await batches.next(this.current);
    this.epoch = epoch;
    return batch;
  }

  private weightStep(step: number): WeightStep {
    const { weightMomentum: momentum, weightDecay: decay, gradientClip: clip } = this.current;
    return { rate: this.weightRate(step), momentum, decay, clip };
  }

  /** @param train the batch of the weight step to look ahead across; null to first order */
  private async architectureHalf(step: number, train: Batch | null): Promise<StepHalf> {
    const { method, engine, architectureBatches } = this.parts;
    const proposals = method.propose(this.noise);
    if (proposals.length === 0) return NO_ARCHITECTURE_HALF;
    const { batch } = await architectureBatches.next(this.current);
    const answers: ArchitectureGradient[] = [];
    for (const { mixing, perExample } of proposals) {
      answers.push(
        train
          ? await unrolledGradient(engine, mixing, { train, valid: batch }, this.weightStep(step))
          : await engine.architectureGradient(mixing, batch, perExample),
      );
    }
    const mean = (pick: (answer: Score) => number) =>
      answers.reduce((sum, answer) => sum + pick(answer), 0) / answers.length;
    const validLoss = mean(({ loss }) => loss);
    checkFinite(validLoss, step);
    const lesson = method.learn(proposals, answers);
    return { validLoss, validAccuracy: mean(({ accuracy }) => accuracy), ...asRecord(proposals, lesson) };
  }

  /** Lets a method that decides by trials do so, on the first batch of the evaluation images. */
  private async decide(): Promise<void> {
    const { method, engine, evaluationBatches } = this.parts;
    if (!method.decide) return;
    const [batch] = await evaluationBatches(this.current.evaluateImages);
    await method.decide(this.noise, trialOn(engine, batch));
  }

  private async weightHalf(step: number, batch: Batch): Promise<{ score: Score; mixing: number[] }> {
    const { method, engine } = this.parts;
    const planned = method.trainingMixing(this.noise);
    const mixing = (await method.perturb?.(planned, this.noise, trialOn(engine, batch))) ?? planned;
    const score = await engine.weightStep(mixing, batch, this.weightStep(step));
    checkFinite(score.loss, step);
    return { score, mixing: [...mixing] };
  }

  private posterior(): { mean: number[]; scale: number[] | null } {
    const { mean, scale } = this.parts.method;
    return { mean: [...mean], scale: scale ? [...scale] : null };
  }

  /** What is known of the architecture decided on now. */
  private known(): Pick<EvaluationRecord, "benchmark" | "nasbench101"> {
    const { benchmark, nasBench101, space, method } = this.parts;
    const choices = space.discretise(method.mean);
    const cell = nasBench101 && oneShotOf(space)?.toCell(choices);
    return {
      benchmark: benchmark?.figures(choices).accuracy ?? null,
      ...(cell && { nasbench101: nasBench101.figures(cell) }),
    };
  }
}

function trialOn(engine: Engine, batch: Batch): Trial {
  return {
    score: (mixing) => engine.evaluate(mixing, batch),
    differentiate: (mixing) => engine.architectureGradient(mixing, batch, false),
  };
}

/** @throws {DivergenceError} */
export function checkFinite(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new DivergenceError(
    `The loss is no longer a number at step ${step}: the weights have run away. Lower the weight rate or the gradient clip.`,
  );
}

function asRecord(proposals: readonly Proposal[], { gradient, curvature }: Lesson) {
  const plain = (vectors: readonly ArrayLike<number>[]) => vectors.map((vector) => Array.from(vector));
  const noise = proposals.flatMap((proposal) => proposal.noise ?? []);
  return {
    noise: noise.length > 0 ? plain(noise) : null,
    gradient: plain(gradient),
    curvature: curvature ? plain(curvature) : null,
  };
}
