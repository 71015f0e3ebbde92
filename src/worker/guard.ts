import { CONTROLS, type Settings } from "../core/controls";
import type { CheckpointRecord, StepRecord } from "../search/records";
import { DivergenceError, type Search } from "../search/search";

/** Steps between two checkpoints at least; and time at least, as a multiple of what one takes, since a GPU reads all weights back. */
const CHECKPOINT_STEPS = 100;
const CHECKPOINT_SHARE = 50;
const CHECKPOINT_INTERVAL = 500;
/** Checkpoints kept: the last may have been taken when the weights were running away already. */
const KEPT = 2;
/** Weight steps over which the loss is averaged. */
const WINDOW = 50;
/** Going back goes at least so many steps back, so that what is averaged above lies after it. */
const MARGIN = WINDOW + 10;
/** In units of the loss of guessing, ln K: a mean below it has learned something that can be lost. */
const LEARNED = 0.8;
/** So much of what was learned, of the way from the best mean to the loss of guessing, must be lost again. */
const LOST = 0.9;
/** In units of ln K: no network is ever as wrong as this but one whose weights have exploded. */
const EXPLODED = 2;

/**
 * Tells when the weights run away although the loss stays finite. Batch normalisation bounds the loss: at a rate far too high it does not
 * become infinite but returns to about that of guessing among the classes. The rule, on the mean of the last 50 weight losses: it has
 * given back nine tenths of its best gain over guessing, where that gain was at least a fifth of ln K; or it is above 2 ln K.
 */
export class LossGuard {
  private recent: number[] = [];
  private best = Number.POSITIVE_INFINITY;
  private silent = false;

  /** @param classes K */
  constructor(private readonly classes: number) {}

  /** @throws {DivergenceError} where the step is the last of a divergence */
  observe({ step, trainLoss }: Pick<StepRecord, "step" | "trainLoss">): void {
    if (trainLoss === null || this.silent) return;
    this.recent.push(trainLoss);
    if (this.recent.length > WINDOW) this.recent.shift();
    if (this.recent.length < WINDOW) return;
    const mean = this.recent.reduce((sum, loss) => sum + loss, 0) / WINDOW;
    const guessing = Math.log(this.classes);
    this.best = Math.min(this.best, mean);
    const lost = this.best < LEARNED * guessing && mean > this.best + LOST * (guessing - this.best);
    if (!lost && mean < EXPLODED * guessing) return;
    throw new DivergenceError(
      `${lost ? "The supernet has lost what it had learned" : "The loss has exploded"} by step ${step}: over the last ${WINDOW} ` +
        `steps its mean is ${mean.toFixed(2)} nats, guessing has ${guessing.toFixed(2)}` +
        `${lost ? `, its best was ${this.best.toFixed(2)}` : ""}. The weight rate is too high, or the architecture cannot learn.`,
      true,
    );
  }

  /** Says no more of a run that goes on regardless. */
  silence(): void {
    this.silent = true;
  }

  /** The run went back: what was seen since is void. */
  rewind(): void {
    this.recent = [];
  }
}

/** The last good states of a run, in memory. */
export class Checkpoints {
  private kept: CheckpointRecord[] = [];
  /** When the next one is due, by the clock of `performance.now`. */
  private dueAt = 0;

  /** Takes a checkpoint when one is due; the first at once. */
  async keepUp(search: Search, seconds: number): Promise<void> {
    const last = this.kept.at(-1);
    if (last && search.steps - last.step < CHECKPOINT_STEPS) return;
    const begun = performance.now();
    if (last && begun < this.dueAt) return;
    this.kept = [...this.kept, await search.checkpoint(seconds)].slice(-KEPT);
    const now = performance.now();
    this.dueAt = now + Math.max(CHECKPOINT_INTERVAL, CHECKPOINT_SHARE * (now - begun));
  }

  /** The newest: where a run whose weights are sound goes on. */
  get newest(): CheckpointRecord | undefined {
    return this.kept.at(-1);
  }

  /** The newest that is old enough to be good, for a run that has diverged at a step; the oldest where none is. */
  before(step: number): CheckpointRecord | undefined {
    return this.kept.findLast((checkpoint) => checkpoint.step <= step - MARGIN) ?? this.kept[0];
  }

  /** The run went back to one: later ones are void, and another divergence goes further back where it can. */
  used(checkpoint: CheckpointRecord): void {
    const older = this.kept.filter(({ step }) => step < checkpoint.step);
    this.kept = older.length > 0 ? older : [checkpoint];
  }
}

/** What makes a run gentler that had these settings when it diverged and those at its checkpoint. */
export function gentler(now: Settings, { settings, pending }: CheckpointRecord): Partial<Settings> {
  const key = now.objective === "supernet" ? "weightRate" : "archRate";
  const then = { ...settings, ...pending };
  const half = Math.max(CONTROLS[key].min, Math.min(now[key], then[key]) / 2);
  if (key === "archRate") return { archRate: half };
  return { weightRate: half, ...(then.weightRateEnd > half && { weightRateEnd: half }) };
}
