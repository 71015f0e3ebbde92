import { messageOf } from "../core/errors";
import { type Dataset, slice } from "../engine/data/dataset";
import type { Surroundings } from "../search/open";
import { DivergenceError } from "../search/search";
import { type EpochRecord, openTraining, type TestOutcome, type Training } from "../search/train";
import { nextTask } from "./pacer";
import {
  type NetworkProgress,
  type TestImages,
  type TestImagesQuery,
  TRAINING_BEGUN,
  type TrainingProgress,
  type TrainingRequest,
} from "./protocol";
import { pace, type Turn, Turns } from "./turns";

/** Reports leave no faster than this, milliseconds. */
const INTERVAL = 250;
/** Points of the loss in an epoch; the networks take turns from one to the next, so that their curves grow together. */
const POINTS = 10;
/** Work of training on an image over that of testing on one: forward, and backward by data and by weights. */
const TRAINING_WORK = 3;

/** What a training works with. */
export type TrainerParts = Pick<Surroundings, "dataset" | "createEngine">;

/** One of the networks. */
interface Network {
  readonly training: Training;
  /** Frees its engine. */
  readonly close: () => void;
  readonly losses: [epochs: number, loss: number][];
  readonly records: EpochRecord[];
  /** Losses since the last point. */
  since: number[];
  tested: TestOutcome | null;
  problem: string | null;
}

/** Networks that are trained, or were: kept so that they go on, and that their mistakes can be looked at. */
interface Kept {
  readonly key: string;
  readonly dataset: Dataset;
  readonly networks: readonly Network[];
}

/** The training is to stand still. */
class Stopped extends Error {}

/** Trains networks for a page, side by side: one request at a time, which can be paused. */
export class Trainer {
  private readonly turns = new Turns();
  private kept: Kept | null = null;

  constructor(
    private readonly open: (request: TrainingRequest) => Promise<TrainerParts>,
    private readonly send: (progress: TrainingProgress) => void,
  ) {}

  /** Begins a training in place of the one before it, or goes on with it where it is the same. */
  async start(request: TrainingRequest): Promise<void> {
    await this.turns.start((turn) => this.work(request, turn));
  }

  /** Resolves when the training under way, if any, stands still. */
  async pause(): Promise<void> {
    await this.turns.stop();
  }

  /** The device is gone, and the weights with it; a training that was over, or a paused one's curves, do not mind. */
  lose(reason: string): void {
    const { kept } = this;
    const underWay = this.turns.leave();
    const hit = kept?.networks.filter((network) => !isDone(network)) ?? [];
    if (kept ? hit.length === 0 : !underWay) return;
    for (const network of hit) {
      network.problem = reason;
      try {
        network.close();
      } catch {
        // What is gone need not be freed.
      }
    }
    // The same request begins anew.
    if (kept) this.kept = { ...kept, key: "" };
    const problem = `${reason}: start again on the next device`;
    this.send({ ...(kept ? progressOf(kept) : TRAINING_BEGUN), state: "failed", problem });
  }

  async testImages({ network, label, taken, most }: TestImagesQuery): Promise<TestImages> {
    const answers = this.kept?.networks[network]?.tested?.answers;
    if (!this.kept || !answers) return { side: 0, images: [] };
    const { dataset } = this.kept;
    const { labels, classes, losses, probabilities } = answers;
    const surest = label === taken ? 1 : -1;
    const places = Array.from(labels.keys())
      .filter((place) => labels[place] === label && classes[place] === taken)
      .sort((a, b) => surest * (probabilities[a] - probabilities[b]))
      .slice(0, most);
    const images = places.map(async (place) => {
      const size = dataset.chunk.test;
      const chunk = await dataset.loadChunk("test", Math.floor(place / size));
      const { pixels } = slice(chunk, dataset.side, place % size, (place % size) + 1);
      return { place, pixels: pixels.slice(), taken: probabilities[place], own: Math.exp(-losses[place]) };
    });
    return { side: dataset.side, images: await Promise.all(images) };
  }

  private async work(request: TrainingRequest, turn: Turn): Promise<void> {
    let last = TRAINING_BEGUN;
    const report = (progress: TrainingProgress) => {
      last = progress;
      if (this.turns.holds(turn)) this.send(progress);
    };
    try {
      if (this.kept?.key !== JSON.stringify(request)) report(TRAINING_BEGUN);
      const kept = await this.prepare(request, turn);
      const remaining = pace();
      const before = workOf(kept).done;
      const now = (state: TrainingProgress["state"]): TrainingProgress => {
        const { done, all } = workOf(kept);
        return {
          ...progressOf(kept),
          state,
          remaining: state === "running" ? remaining(done - before, all - before) : null,
        };
      };
      report(now("running"));
      let due = performance.now() + INTERVAL;
      const breathe = async () => {
        await nextTask();
        if (turn.stopped || !this.turns.holds(turn)) throw new Stopped();
        if (performance.now() < due) return;
        report(now("running"));
        due = performance.now() + INTERVAL;
      };
      try {
        await breathe();
        for (let next = behind(kept.networks); next; next = behind(kept.networks)) await advance(next, breathe);
        report(now("finished"));
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        report(now("paused"));
      }
    } catch (error) {
      if (!this.turns.holds(turn)) return;
      this.discard();
      report({ ...last, state: "failed", remaining: null, problem: messageOf(error) });
    }
  }

  /** The networks of a request, at step 0 unless they are there already. */
  private async prepare(request: TrainingRequest, turn: Turn): Promise<Kept> {
    const key = JSON.stringify(request);
    if (this.kept?.key === key) return this.kept;
    this.discard();
    const { architectures, data: _, ...settings } = request;
    const parts = await this.open(request);
    const networks: Network[] = [];
    try {
      for (const architecture of architectures) {
        const { training, close } = await openTraining(settings, architecture, parts);
        networks.push({ training, close, losses: [], records: [], since: [], tested: null, problem: null });
        if (!this.turns.holds(turn)) throw new Stopped();
      }
    } catch (error) {
      for (const { close } of networks) close();
      throw error;
    }
    this.kept = { key, dataset: parts.dataset, networks };
    return this.kept;
  }

  private discard(): void {
    for (const network of this.kept?.networks ?? []) if (!isDone(network)) network.close();
    this.kept = null;
  }
}

/** Nothing follows, and its engine is freed. */
function isDone({ training, records, problem }: Network): boolean {
  return problem !== null || (training.done && records.length === training.epochs);
}

/** The network that has come least far; null where all are done. */
function behind(networks: readonly Network[]): Network | null {
  const left = networks.filter((network) => !isDone(network));
  const least = Math.min(...left.map(({ training }) => training.step));
  return left.find(({ training }) => training.step === least) ?? null;
}

/** Takes a network to its next point, or through the test that its epoch ends with. @param breathe throws to stop in between */
async function advance(network: Network, breathe: () => Promise<void>): Promise<void> {
  const { training, losses, records } = network;
  const { stepsPerEpoch } = training;
  try {
    const pointEvery = Math.ceil(stepsPerEpoch / POINTS);
    while (training.step === records.length * stepsPerEpoch || !training.epochEnded) {
      network.since.push((await training.advance()).loss);
      if (training.epochEnded || (training.step % stepsPerEpoch) % pointEvery === 0) {
        losses.push([
          training.step / stepsPerEpoch,
          network.since.reduce((sum, x) => sum + x, 0) / network.since.length,
        ]);
        network.since = [];
        break;
      }
      await breathe();
    }
    await breathe();
    if (!training.epochEnded || training.step === records.length * stepsPerEpoch) return;
    network.tested = await training.test(breathe);
    records.push(training.epochRecord(network.tested));
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    network.problem = error.message;
  }
  if (isDone(network)) network.close();
}

function progressOf({ networks, dataset }: Pick<Kept, "networks" | "dataset">): TrainingProgress {
  const { done, all } = workOf({ networks, dataset });
  return {
    ...TRAINING_BEGUN,
    networks: networks.map(snapshotOf),
    classes: dataset.classes,
    testImages: dataset.images.test,
    done: done / all,
  };
}

function snapshotOf({ training, losses, records, tested, problem }: Network): NetworkProgress {
  return {
    epochs: training.step / training.stepsPerEpoch,
    losses,
    records,
    tested: tested && { accuracy: tested.accuracy, interval: tested.interval, confusion: tested.confusion },
    problem,
  };
}

/** Work behind the networks and all of it, in images that are tested. */
function workOf({ networks, dataset }: Pick<Kept, "networks" | "dataset">): { done: number; all: number } {
  const work = (training: Training, steps: number, tests: number) =>
    TRAINING_WORK * training.spec.batch * steps + dataset.images.test * tests;
  const sum = (of: (network: Network) => number) => networks.reduce((total, network) => total + of(network), 0);
  const all = sum(({ training }) => work(training, training.steps, training.epochs));
  const left = sum((network) => {
    const { training, records } = network;
    if (isDone(network)) return 0;
    return work(training, training.steps - training.step, training.epochs - records.length);
  });
  return { done: all - left, all };
}
