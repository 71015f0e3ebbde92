import { messageOf } from "../core/errors";
import { RandomStream } from "../core/random";
import {
  expectedExcess,
  gradientsOf,
  type Landscape,
  restrictedCovariance,
  type Sharpness,
  SLICE_LOSSES,
  sliceLoss,
} from "../core/sharpness";
import { sharpnessFigures } from "../search/records";
import type { Search } from "../search/search";
import { nextTask } from "./pacer";
import type { SharpnessFound, SharpnessProgress } from "./protocol";

/** Reports of progress leave no faster than this, milliseconds. */
const INTERVAL = 250;
/** Pairs of opposite draws behind the mean loss under the Gaussian. */
const PAIRS = 48;
/** What a gradient takes, in losses. */
const GRADIENT = 2;

const CANCELLED = "cancelled";
const GAVE_WAY = "gave way";

const BEGUN = { kind: "sharpness", state: "running", fraction: 0, found: null, problem: null } as const;

/** Lets the worker hear the page before each pass of the network; throws once the signal is given. */
export const breathing = (signal: AbortSignal) => async () => {
  await nextTask();
  signal.throwIfAborted();
};

/** Measures on demand how sharp the loss is where a search stands, and leaves the search as it was: one measurement at a time. */
export class Meter {
  private stop: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();
  private progress: SharpnessProgress = { ...BEGUN, run: 0, step: 0 };

  constructor(private readonly send: (progress: SharpnessProgress) => void) {}

  /**
   * Begins a measurement; none is under way.
   * @param keep gets the figures as soon as they are known
   * @returns settles when the search is free again: false where something else has taken it
   */
  start(search: Search, run: number, keep: (found: Sharpness) => void): Promise<boolean> {
    const stop = new AbortController();
    this.stop = stop;
    this.progress = { ...BEGUN, run, step: search.steps };
    this.loop = this.work(search, keep, stop);
    return this.loop.then(() => stop.signal.reason !== GAVE_WAY);
  }

  /** Ends what is under way, and lets a run that waits for it go on. */
  async cancel(): Promise<void> {
    this.stop?.abort(CANCELLED);
    await this.loop;
  }

  /** Ends what is under way because something else needs the search. */
  async giveWay(): Promise<void> {
    this.stop?.abort(GAVE_WAY);
    await this.loop;
  }

  /** The device is gone: what is under way on it may never end, and is left behind. */
  lose(reason: string): void {
    const { stop } = this;
    if (!stop) return;
    this.stop = null;
    this.loop = Promise.resolve();
    stop.abort(GAVE_WAY);
    this.send({ ...this.progress, state: "failed", problem: `${reason}: measure again on the next device` });
  }

  private async work(search: Search, keep: (found: Sharpness) => void, stop: AbortController): Promise<void> {
    const report = (change: Partial<SharpnessProgress>) => {
      if (this.stop !== stop) return;
      this.progress = { ...this.progress, ...change };
      this.send(this.progress);
    };
    report({});
    try {
      const around = await search.landscape(breathing(stop.signal));
      const landscape = counted(around, (fraction) => report({ fraction }));
      for await (const found of measuring(search, landscape)) {
        if (this.stop !== stop) return;
        if (!this.progress.found) keep(found);
        report({ found });
      }
      report({ state: "finished", fraction: 1 });
    } catch (error) {
      report(stop.signal.aborted ? { state: "cancelled" } : { state: "failed", problem: messageOf(error) });
    } finally {
      if (this.stop === stop) this.stop = null;
    }
  }
}

/** All that there is to draw, as it becomes known. */
async function* measuring(search: Search, landscape: Landscape): AsyncGenerator<SharpnessFound> {
  const { scale } = landscape;
  const sharpness = await search.measure(landscape);
  if (!sharpnessFigures(sharpness)) throw new Error("the loss around the mean is not a number");
  const { vectors } = sharpness.leading;
  const plane = vectors.length === 2;
  const covariance = scale && plane ? restrictedCovariance(scale, vectors) : null;
  let found: SharpnessFound = { ...sharpness, excess: null, covariance, slice: null };
  yield found;
  if (scale) {
    const noise = new RandomStream(search.settings.seed, "sharpness noise");
    found = { ...found, excess: await expectedExcess(landscape, scale, PAIRS, noise) };
    yield found;
  }
  if (!plane) return;
  for await (const slice of sliceLoss(landscape, vectors)) yield { ...found, slice };
}

/** The same landscape, which says now and then how much of a measurement is done. */
function counted(landscape: Landscape, tell: (fraction: number) => void): Landscape {
  const total = GRADIENT * gradientsOf(landscape) + (landscape.scale ? 1 + 2 * PAIRS : 0) + SLICE_LOSSES;
  let done = 0;
  let due = performance.now() + INTERVAL;
  const count =
    <T>(pass: (alpha: Float64Array) => Promise<T>, price: number) =>
    async (alpha: Float64Array) => {
      const answer = await pass(alpha);
      done += price;
      if (performance.now() > due) {
        due = performance.now() + INTERVAL;
        tell(Math.min(1, done / total));
      }
      return answer;
    };
  return { ...landscape, loss: count(landscape.loss, 1), gradient: count(landscape.gradient, GRADIENT) };
}
