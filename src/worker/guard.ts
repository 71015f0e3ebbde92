import { CONTROLS, type Settings } from "../core/controls";
import type { CheckpointRecord, StepRecord } from "../search/records";
import { DivergenceError, type Search } from "../search/search";

/** A checkpoint is taken when both so many steps and so many milliseconds have gone by: on a GPU it reads all weights back. */
const CHECKPOINT_STEPS = 100;
const CHECKPOINT_INTERVAL = 5000;
/** Checkpoints kept: the last may have been taken when the weights were running away already. */
const KEPT = 2;
/** Weight steps over which the loss is averaged. */
const WINDOW = 50;
/** Going back goes at least so many steps back, so that what is averaged above lies after it. */
const MARGIN = WINDOW + 10;
/** In units of the loss of guessing, ln K: a run below the first has learned; one that then rises above the second has lost it. */
const LEARNED = 0.9;
const FORGOTTEN = 1.02;
/** In the same unit: no network is ever as wrong as this but one whose weights have exploded. */
const EXPLODED = 2;

/**
 * Tells when the weights run away although the loss stays finite. Batch normalisation bounds the loss: at a rate far too high it does not
 * become infinite but returns to that of guessing among the classes, or a little above, and stays there. The rule: the mean of the last
 * 50 weight losses is above 1.02 ln K after it has once been below 0.9 ln K, or is above 2 ln K at any time.
 */
export class LossGuard {
  private recent: number[] = [];
  private learned = false;

  /** @param classes K */
  constructor(private readonly classes: number) {}

  /** @throws {DivergenceError} where the step is the last of a divergence */
  observe({ step, trainLoss }: Pick<StepRecord, "step" | "trainLoss">): void {
    if (trainLoss === null) return;
    this.recent.push(trainLoss);
    if (this.recent.length > WINDOW) this.recent.shift();
    if (this.recent.length < WINDOW) return;
    const mean = this.recent.reduce((sum, loss) => sum + loss, 0) / WINDOW;
    const guessing = Math.log(this.classes);
    if (mean < LEARNED * guessing) this.learned = true;
    if (mean < (this.learned ? FORGOTTEN : EXPLODED) * guessing) return;
    throw new DivergenceError(
      `${this.learned ? "The supernet has lost what it had learned" : "The loss has exploded"} by step ${step}: over the last ${WINDOW} steps its mean loss is ` +
        `${mean.toFixed(2)} nats, guessing has ${guessing.toFixed(2)}. The weights have run away.`,
    );
  }

  /** The run went back: what was seen since is void. */
  rewind(): void {
    this.recent = [];
  }
}

/** The last good states of a run, in memory. */
export class Checkpoints {
  private kept: CheckpointRecord[] = [];
  private takenAt = performance.now();

  /** Takes a checkpoint when one is due; the first at once. */
  async keepUp(search: Search, seconds: number): Promise<void> {
    const last = this.kept.at(-1);
    if (last && search.steps - last.step < CHECKPOINT_STEPS) return;
    if (last && performance.now() - this.takenAt < CHECKPOINT_INTERVAL) return;
    this.kept = [...this.kept, await search.checkpoint(seconds)].slice(-KEPT);
    this.takenAt = performance.now();
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
    this.takenAt = performance.now();
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
