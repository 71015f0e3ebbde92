import * as Comlink from "comlink";
import { type Benchmark, decodeBenchmark } from "../core/benchmark";
import type { Settings } from "../core/controls";
import { InputError } from "../core/errors";
import type { Edit } from "../core/link";
import type { Dataset, ReadFile } from "../engine/data/dataset";
import { openDataset } from "../engine/data/packed";
import { chooseDevice, type ReadyDevice } from "../engine/devices";
import type { DeviceChoice } from "../engine/engine";
import { costOf, type OpenSearch, openSearch, type Surroundings } from "../search/open";
import type { RunRecord } from "../search/records";
import { toLine } from "../search/runfile";
import { DivergenceError } from "../search/search";
import { packRun, readRun } from "./files";
import { Outbox } from "./outbox";
import type { Phase, ReadRun, SearchControl, SearchCost, StepPart } from "./protocol";

/** How long the loop may keep the worker from hearing the page, milliseconds. */
const HEARING_INTERVAL = 10;

/** Runs searches for a page: one at a time, on one device. */
export class SearchHost implements SearchControl {
  private outbox!: Outbox;
  private device!: Promise<ReadyDevice>;
  private dataset: Dataset | null = null;
  private benchmark: Benchmark | null = null;
  private current: OpenSearch | null = null;
  private records: RunRecord[] = [];
  /** Edits of a link that have not come up yet, by step. */
  private edits: Edit[] = [];
  private phase: Phase = "starting";
  private run_ = 0;
  /** Why there is no device any more. */
  private lost: string | null = null;
  private seconds = 0;
  private wanted: "run" | "pause" = "pause";
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly read: ReadFile) {}

  async connect(port: MessagePort): Promise<DeviceChoice> {
    this.outbox = new Outbox(port, () => ({ run: this.run_, phase: this.phase, seconds: this.seconds }));
    this.progress("Testing the device", null);
    const onProgress = (done: number, total: number) =>
      this.progress("Testing the device", done < total ? done / total : null);
    this.device = chooseDevice({ onProgress });
    const device = await this.device;
    device.onLost((reason) => {
      this.lost = reason;
      this.explain(reason);
    });
    this.progress("Testing the device", 1);
    // A run that needs no device may have begun meanwhile.
    if (this.phase === "starting") this.enter("idle");
    return device.choice;
  }

  async cost(settings: Settings): Promise<SearchCost | null> {
    if (settings.objective === "instant") return null;
    this.dataset ??= await openDataset(this.read, settings.data);
    return costOf(settings, this.dataset, await this.device);
  }

  async prepare(settings: Settings, edits: readonly Edit[] = []): Promise<void> {
    await this.pause();
    this.current?.close();
    this.current = null;
    this.run_ += 1;
    this.seconds = 0;
    this.records = [];
    this.outbox.clear();
    this.enter("preparing");
    try {
      this.benchmark ??= await decodeBenchmark(await this.read(`benchmarks/${settings.space}.bin`));
      this.current = await (settings.objective === "instant"
        ? openSearch(settings, { benchmark: this.benchmark })
        : this.openSupernet(settings, this.benchmark));
      this.records.push(this.current.search.header);
      this.edits = [...edits];
      this.enter("paused");
    } catch (error) {
      this.explain(error);
      throw error;
    }
  }

  async run(): Promise<void> {
    await this.loop;
    const { search } = this.opened();
    if (search.done) return;
    this.wanted = "run";
    this.enter("running");
    this.loop = this.steps();
  }

  async pause(): Promise<void> {
    this.wanted = "pause";
    await this.loop;
  }

  async step(part: StepPart): Promise<void> {
    await this.pause();
    const { search } = this.opened();
    if (search.done) return;
    this.loop = this.guarded(() => this.take(part));
    await this.loop;
  }

  async change(patch: Partial<Settings>): Promise<void> {
    const record = this.opened().search.change(patch);
    this.records.push(record);
    this.outbox.addChange(record);
  }

  async runFile(): Promise<string> {
    return this.records.map(toLine).join("");
  }

  async packedRun(steps: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.records.length === 0) throw new InputError("there is no run yet: prepare one first");
    const packed = await packRun(this.records, steps);
    return Comlink.transfer(packed, [packed.buffer]);
  }

  async readRun(file: Uint8Array): Promise<ReadRun> {
    const run = await readRun(file);
    const arrays = [run.mean, run.scale, run.frame.scalars, run.frame.mean, run.frame.scale];
    return Comlink.transfer(
      run,
      arrays.flatMap((values) => (values ? [values.buffer as ArrayBuffer] : [])),
    );
  }

  private opened(): OpenSearch {
    if (!this.current) throw new InputError("there is no run yet: prepare one first");
    return this.current;
  }

  private async openSupernet(settings: Settings, benchmark: Benchmark): Promise<OpenSearch> {
    const device = await this.device;
    const dataset = await this.load(settings);
    this.progress("Building the network", null);
    const onProgress = (done: number, total: number) => this.progress("Compiling kernels", done / total);
    const createEngine: Surroundings["createEngine"] = (spec, weights) =>
      device.createEngine(spec, weights, onProgress);
    const opened = await openSearch(settings, { dataset, device: device.choice, createEngine, benchmark });
    this.progress("Building the network", 1);
    return opened;
  }

  private async load(settings: Settings): Promise<Dataset> {
    this.dataset ??= await openDataset(this.read, settings.data);
    const loading = "Loading images";
    // The search starts on the first chunk; the rest arrives beside it. A chunk that fails is asked for again when it is needed.
    this.dataset
      .stream(settings.images, (loaded, total) => this.progress(loading, loaded / total))
      .catch(() => this.progress(loading, 1));
    return this.dataset;
  }

  /** Steps until the run is done or a pause is wanted. */
  private steps(): Promise<void> {
    return this.guarded(async () => {
      let heard = performance.now();
      while (this.wanted === "run" && !this.opened().search.done) {
        await this.take("both");
        if (performance.now() - heard < HEARING_INTERVAL) continue;
        await nextTask();
        heard = performance.now();
      }
      if (this.phase === "running") this.enter("paused");
    });
  }

  /** Turns what is to be turned before the next step. */
  private async edit(): Promise<void> {
    while (this.edits.length > 0 && this.edits[0].step <= this.opened().search.steps + 1) {
      const [{ settings }] = this.edits.splice(0, 1);
      await this.change(settings);
    }
  }

  private async take(part: StepPart): Promise<void> {
    const { search } = this.opened();
    await this.edit();
    const begun = performance.now();
    const weightRate = search.weightRate(search.steps + 1);
    const record = await search.step(part);
    const evaluation = search.evaluationDue ? await search.evaluate() : null;
    this.seconds += (performance.now() - begun) / 1000;
    this.records.push(record);
    if (evaluation) this.records.push(evaluation);
    if (search.done) {
      const result = search.result(this.seconds);
      this.records.push(result);
      this.outbox.addResult(result);
      this.phase = "finished";
    }
    if (evaluation) this.outbox.addEvaluation(evaluation);
    this.outbox.addStep(record, weightRate);
    if (search.done) this.enter("finished");
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.explain(error);
    }
  }

  private explain(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    // Whatever else fails then is the echo of it.
    if (this.lost !== null) {
      const [initial, ...rest] = this.lost;
      this.fail(
        `${initial.toUpperCase()}${rest.join("")}. The run on it cannot go on.`,
        "Reload the page to take hold of the GPU again.",
      );
    } else if (error instanceof InputError) this.fail(message, "Change the setting, then reset.");
    else if (error instanceof DivergenceError) this.fail(message, "Lower the weight rate, then reset.");
    else {
      this.fail(`The search has stopped: ${message}.`, "Reset the run; if it happens again, choose a smaller network.");
    }
  }

  private fail(message: string, mend: string): void {
    this.wanted = "pause";
    this.enter("failed");
    this.outbox.send({ kind: "failure", message, mend });
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.outbox.send({ kind: "phase", phase });
    this.outbox.touch();
  }

  private progress(what: string, fraction: number | null): void {
    this.outbox.send({ kind: "progress", what, fraction });
  }
}

/** Lets waiting messages in. A channel, because timers of a busy worker are held back by 4 ms. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
