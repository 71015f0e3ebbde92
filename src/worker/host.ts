import * as Comlink from "comlink";
import { type Benchmark, decodeBenchmark } from "../core/benchmark";
import type { Settings } from "../core/controls";
import { InputError } from "../core/errors";
import type { Dataset, ReadFile } from "../engine/data/dataset";
import { openDataset } from "../engine/data/packed";
import { chooseDevice, type ReadyDevice } from "../engine/devices";
import type { DeviceChoice } from "../engine/engine";
import { costOf, type OpenSearch, openSearch } from "../search/open";
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
  private device!: ReadyDevice;
  private dataset: Dataset | null = null;
  private benchmark: Benchmark | null = null;
  private current: OpenSearch | null = null;
  private records: RunRecord[] = [];
  private phase: Phase = "starting";
  private run_ = 0;
  private seconds = 0;
  private wanted: "run" | "pause" = "pause";
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly read: ReadFile) {}

  async connect(port: MessagePort): Promise<DeviceChoice> {
    this.outbox = new Outbox(port, () => ({ run: this.run_, phase: this.phase, seconds: this.seconds }));
    this.progress("Testing the device", null);
    this.device = await chooseDevice();
    this.device.onLost((reason) =>
      this.fail(
        `The GPU was lost: ${reason}. The run on it cannot go on.`,
        "Reload the page to take hold of it again.",
      ),
    );
    this.progress("Testing the device", 1);
    this.enter("idle");
    return this.device.choice;
  }

  async cost(settings: Settings): Promise<SearchCost> {
    this.dataset ??= await openDataset(this.read, settings.data);
    return costOf(settings, this.dataset, this.device);
  }

  async prepare(settings: Settings): Promise<void> {
    await this.pause();
    this.current?.close();
    this.current = null;
    this.run_ += 1;
    this.seconds = 0;
    this.records = [];
    this.outbox.clear();
    this.enter("preparing");
    try {
      const { dataset, benchmark } = await this.load(settings);
      this.progress("Building the network", null);
      const { choice } = this.device;
      const createEngine = this.device.createEngine.bind(this.device);
      this.current = await openSearch(settings, { dataset, device: choice, createEngine, benchmark });
      this.progress("Building the network", 1);
      this.records.push(this.current.search.header);
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

  private async load(settings: Settings): Promise<{ dataset: Dataset; benchmark: Benchmark }> {
    this.dataset ??= await openDataset(this.read, settings.data);
    this.benchmark ??= await decodeBenchmark(await this.read(`benchmarks/${settings.space}.bin`));
    const loading = "Loading images";
    // The search starts on the first chunk; the rest arrives beside it. A chunk that fails is asked for again when it is needed.
    this.dataset
      .stream(settings.images, (loaded, total) => this.progress(loading, loaded / total))
      .catch(() => this.progress(loading, 1));
    return { dataset: this.dataset, benchmark: this.benchmark };
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

  private async take(part: StepPart): Promise<void> {
    const { search } = this.opened();
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
    if (error instanceof InputError) this.fail(message, "Change the setting, then reset.");
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
