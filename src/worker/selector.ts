import type { Benchmark } from "../core/benchmark";
import { messageOf } from "../core/errors";
import type { Scores } from "../core/proxies";
import { SPACES } from "../core/spaces";
import type { Dataset } from "../engine/data/dataset";
import type { OpenDevice } from "../engine/device";
import type { Scoring } from "../search/measures";
import { scoringBatch } from "../search/proxies";
import { Selection, type ShortTrainingProgress } from "../search/select";
import { nextTask } from "./pacer";
import { SELECTION_BEGUN, type SelectionProgress, type SelectionRequest } from "./protocol";
import { pace, type Turn, Turns } from "./turns";

/** Reports leave no faster than this, milliseconds; and to rank a large group for one takes no more than such a share of the time. */
const INTERVAL = 250;
const SHARE = 0.1;

/** What a selection works with. */
export interface SelectorParts {
  readonly device: OpenDevice;
  readonly dataset: Dataset;
  readonly benchmark: Benchmark | null;
  /** That of the run that the request names, while it stands: its one-shot accuracies, 0..1, after so many steps. */
  readonly supernet: { readonly steps: number; readonly oneShot: NonNullable<Scoring["oneShot"]> } | null;
}

/** Selects architectures for a page: one selection at a time, whose scores outlive it. */
export class Selector {
  private readonly turns = new Turns();
  /** Scores of architectures under the circumstances that they depend on. */
  private known = new Map<string, Scores>();
  private circumstances = "";

  constructor(
    private readonly open: (request: SelectionRequest) => Promise<SelectorParts>,
    private readonly send: (progress: SelectionProgress) => void,
  ) {}

  /** Begins a selection in place of the one before it, of which nothing more is heard. */
  async start(request: SelectionRequest): Promise<void> {
    await this.turns.start((turn) => this.work(request, turn));
  }

  /** Resolves when the selection under way, if any, stands still. */
  async cancel(): Promise<void> {
    await this.turns.stop();
  }

  /** The device is gone: what is under way on it may never end, and is left behind. */
  lose(reason: string): void {
    if (!this.turns.leave()) return;
    this.send({ ...SELECTION_BEGUN, state: "failed", problem: `${reason}: start again on the next device` });
  }

  private async work(request: SelectionRequest, turn: Turn): Promise<void> {
    let last: SelectionProgress = SELECTION_BEGUN;
    const report = (progress: SelectionProgress) => {
      last = progress;
      if (this.turns.holds(turn)) this.send(progress);
    };
    try {
      report(SELECTION_BEGUN);
      const selection = await this.prepare(request);
      const { scored: before } = selection.progress;
      const far: { training: ShortTrainingProgress | null } = { training: null };
      let remaining = pace();
      const progress = (state: SelectionProgress["state"]): SelectionProgress => {
        const { scored, total } = selection.progress;
        const { training } = far;
        const left = training ? remaining(training.done, training.total) : remaining(scored - before, total - before);
        return { ...SELECTION_BEGUN, ...far, state, scored, total, remaining: left, result: selection.result() };
      };
      report(progress("running"));
      let due = performance.now() + INTERVAL;
      // Reports where one is due, and lets the page be heard; false where the selection is not to go on.
      const goesOn = async (): Promise<boolean> => {
        // A loop that was left behind with its device may come round once more.
        if (!this.turns.holds(turn)) return false;
        const now = performance.now();
        if (now > due) {
          report(progress("running"));
          const done = performance.now();
          due = done + Math.max(INTERVAL, (done - now) / SHARE);
        }
        await nextTask();
        return !turn.stopped;
      };
      // A generator that is not asked frees the device; one that has nothing left to score never takes it.
      if (!turn.stopped) {
        for await (const { architecture, scores } of selection.run()) {
          this.known.set(architecture, scores);
          if (!(await goesOn())) break;
        }
      }
      const { scored, total } = selection.progress;
      let finished = scored === total;
      if (finished && !turn.stopped) {
        remaining = pace();
        for await (const training of selection.train()) {
          far.training = training;
          finished = await goesOn();
          if (!finished) break;
        }
      }
      report(progress(finished ? "finished" : "cancelled"));
    } catch (error) {
      report({ ...last, state: "failed", remaining: null, problem: messageOf(error) });
    }
  }

  /** A selection that knows what an earlier one has scored alike. */
  private async prepare(request: SelectionRequest): Promise<Selection> {
    const { space, sizes, seed, data, rankBy, proxies, train, supernet: run, ...drawn } = request;
    const { device, dataset, benchmark, supernet } = await this.open(request);
    const wanted = [...rankBy, ...proxies];
    const { createProber, createGroup } = device;
    const selection = new Selection({
      ...drawn,
      seed,
      rankBy,
      benchmark,
      scoring: {
        space: SPACES[space],
        sizes: { ...sizes, imageChannels: 1, classes: dataset.classes.length },
        batch: await scoringBatch(dataset, sizes.image),
        repeats: 1,
        proxies,
        device: { createProber },
        oneShot: supernet?.oneShot,
      },
      training: train > 0 ? { count: train, dataset, device: { createGroup } } : null,
    });
    const asked = wanted.includes("one_shot") && [run, supernet?.steps];
    const circumstances = JSON.stringify([space, data, sizes, seed, asked]);
    if (circumstances !== this.circumstances) this.known.clear();
    this.circumstances = circumstances;
    for (const { architecture } of [...selection.group.candidates, ...selection.control.candidates]) {
      const scores = this.known.get(architecture);
      if (scores && wanted.every((name) => scores[name] !== undefined)) selection.restore(architecture, scores);
    }
    return selection;
  }
}
