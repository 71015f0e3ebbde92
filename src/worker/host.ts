import * as Comlink from "comlink";
import { type Benchmark, decodeBenchmark } from "../core/benchmark";
import type { Settings } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import type { Edit } from "../core/link";
import { oneShotOf } from "../core/nasbench1shot1";
import { type NasBench101, openNasBench101 } from "../core/nasbench101-figures";
import type { Sharpness } from "../core/sharpness";
import { SPACES } from "../core/spaces";
import type { Dataset, ReadFile } from "../engine/data/dataset";
import { openDataset } from "../engine/data/packed";
import type { Progress as EngineProgress } from "../engine/device";
import { chooseDevice, type ReadyDevice } from "../engine/devices";
import { costOf, type OpenSearch, openSearch, type Surroundings } from "../search/open";
import { type CheckpointRecord, type RunRecord, type StepRecord, sharpnessFigures } from "../search/records";
import { toLine } from "../search/runfile";
import { DivergenceError, type Search } from "../search/search";
import { packRun, readRun } from "./files";
import { Checkpoints, gentler, LossGuard } from "./guard";
import { breathing, Meter } from "./meter";
import { Outbox } from "./outbox";
import { nextTask, Pacer } from "./pacer";
import type {
  Phase,
  ReadRun,
  SearchControl,
  SearchCost,
  SelectionRequest,
  StepPart,
  TestImages,
  TestImagesQuery,
  TrainingRequest,
} from "./protocol";
import { Selector, type SelectorParts } from "./selector";
import { Trainer } from "./trainer";

/** How long the loop may keep the worker from hearing the page, milliseconds. */
const HEARING_INTERVAL = 10;
/** How long the report of a device's loss may come after what failed by it, milliseconds. */
const LOSS_REPORT = 200;

/** A run under way, and what watches over it. */
interface Run {
  readonly settings: Settings;
  readonly opened: OpenSearch;
  readonly checkpoints: Checkpoints;
  readonly guard: LossGuard;
}

/** Runs searches for a page: one at a time, on one device, which is opened when it is first needed. */
export class SearchHost implements SearchControl {
  private outbox!: Outbox;
  private device: Promise<ReadyDevice> | null = null;
  private dataset: Dataset | null = null;
  private benchmark: Benchmark | null = null;
  private nasBench101: NasBench101 | null = null;
  private current: Run | null = null;
  private records: RunRecord[] = [];
  /** Edits of a link that have not come up yet, by step. */
  private edits: Edit[] = [];
  /** Where a diverged run may go back to, and what is turned there. */
  private offer: { checkpoint: CheckpointRecord; settings: Partial<Settings>; finite: boolean } | null = null;
  private readonly pacer = new Pacer();
  private readonly selector = new Selector(
    async (request) => ({
      benchmark: await this.benchmarkOf(request),
      device: await this.ready(),
      dataset: await this.images(request),
      supernet: this.supernetOf(request),
    }),
    (progress) => this.outbox.send(progress),
  );
  private readonly trainer = new Trainer(
    async ({ data, images }) => ({
      createEngine: this.engineOn(await this.ready()),
      // As many of either half.
      dataset: await this.load({ data, images: Math.ceil((images ?? Number.POSITIVE_INFINITY) / 2) }),
    }),
    (progress) => this.outbox.send(progress),
  );
  private readonly meter = new Meter((progress) => this.outbox.send(progress));
  /** Cuts a measurement within the run short. */
  private cut = new AbortController();
  private phase: Phase = "idle";
  private run_ = 0;
  /** Why the device that the run was on is no more; null while there is one, or none was needed. */
  private lost: string | null = null;
  private seconds = 0;
  private wanted: "run" | "pause" = "pause";
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly read: ReadFile,
    private readonly choose: (options: { onProgress: EngineProgress }) => Promise<ReadyDevice> = chooseDevice,
  ) {}

  async connect(port: MessagePort): Promise<void> {
    this.outbox = new Outbox(port, () => ({ run: this.run_, phase: this.phase, seconds: this.seconds }));
  }

  async chooseDevice(): Promise<void> {
    await this.ready();
  }

  async cost(settings: Settings): Promise<SearchCost | null> {
    if (settings.objective === "instant") return null;
    return costOf(settings, await this.images(settings), await this.ready());
  }

  async prepare(settings: Settings, edits: readonly Edit[] = []): Promise<void> {
    await this.clearDevice();
    await this.pause();
    this.current?.opened.close();
    this.current = null;
    this.offer = null;
    this.run_ += 1;
    this.seconds = 0;
    this.records = [];
    this.outbox.clear();
    this.enter("preparing");
    try {
      this.current = await this.open(settings);
      const { search } = this.current.opened;
      await this.current.checkpoints.keepUp(search, 0);
      this.records.push(search.header);
      this.edits = [...edits];
      this.enter("paused");
    } catch (error) {
      this.explain(error);
      throw error;
    }
  }

  async run(): Promise<void> {
    if (this.phase === "running" && this.wanted === "run") return;
    await this.clearDevice();
    await this.loop;
    const { guard } = this.standing();
    if (this.offer?.finite) {
      this.offer = null;
      guard.silence();
    } else if (this.phase !== "paused") return;
    this.wanted = "run";
    this.enter("running");
    this.loop = this.steps();
  }

  async pause(): Promise<void> {
    this.wanted = "pause";
    this.pacer.interrupt();
    this.cut.abort();
    await this.meter.giveWay();
    await this.loop;
  }

  async step(part: StepPart): Promise<void> {
    await this.clearDevice();
    await this.pause();
    const run = this.standing();
    if (this.phase !== "paused") return;
    this.loop = this.guarded(run, () => this.take(run, part));
    await this.loop;
  }

  async change(patch: Partial<Settings>): Promise<void> {
    const record = this.standing().opened.search.change(patch);
    this.records.push(record);
    this.outbox.addChange(record);
  }

  async setSpeed(rate: number | null): Promise<void> {
    this.pacer.setRate(rate);
  }

  async recover(): Promise<void> {
    await this.loop;
    if (!this.offer) throw new InputError("the run has not diverged: there is nothing to go back from");
    const { checkpoint, settings } = this.offer;
    const run = this.standing();
    run.checkpoints.used(checkpoint);
    this.goBack(run, checkpoint, settings);
    this.enter("paused");
  }

  async select(request: SelectionRequest): Promise<void> {
    await this.standStill();
    await this.trainer.pause();
    await this.selector.start(request);
  }

  async cancelSelection(): Promise<void> {
    await this.selector.cancel();
  }

  async train(request: TrainingRequest): Promise<void> {
    await this.standStill();
    await this.selector.cancel();
    await this.trainer.start(request);
  }

  async pauseTraining(): Promise<void> {
    await this.trainer.pause();
  }

  async testImages(query: TestImagesQuery): Promise<TestImages> {
    return this.trainer.testImages(query);
  }

  async measureSharpness(): Promise<void> {
    const underWay = this.phase === "running";
    await this.clearDevice();
    await this.standStill();
    const { search } = this.standing().opened;
    const undisturbed = this.meter.start(search, this.run_, (found) => this.keepSharpness(search.steps, found));
    if (underWay) undisturbed.then((goesOn) => (goesOn ? this.run() : undefined));
  }

  async cancelSharpness(): Promise<void> {
    await this.meter.cancel();
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

  /** Ends what goes on beside the run. */
  private async clearDevice(): Promise<void> {
    await this.selector.cancel();
    await this.trainer.pause();
    await this.meter.giveWay();
  }

  /** That of the run under way, where it is the one that is meant and has one. */
  private supernetOf({ supernet: wanted }: SelectionRequest): SelectorParts["supernet"] {
    if (!this.current || wanted !== this.run_ || this.current.settings.objective !== "supernet") return null;
    const { search } = this.current.opened;
    return { steps: search.steps, oneShot: (architecture) => search.oneShotAccuracy(architecture) };
  }

  /** Makes room for something beside the run. */
  private async standStill(): Promise<void> {
    if (this.phase === "preparing") throw new InputError("a run is being prepared: wait until it stands");
    await this.pause();
  }

  private standing(): Run {
    if (!this.current) throw new InputError("there is no run yet: prepare one first");
    return this.current;
  }

  /** The device, opened and tested once. */
  private ready(): Promise<ReadyDevice> {
    this.device ??= this.openDevice();
    return this.device;
  }

  private async openDevice(): Promise<ReadyDevice> {
    const testing = "Testing the device";
    this.progress(testing, null);
    try {
      const onProgress: EngineProgress = (done, total) => this.progress(testing, done < total ? done / total : null);
      const device = await this.choose({ onProgress });
      this.lost = null;
      this.outbox.send({ kind: "device", device: device.choice });
      const mine = this.device;
      device.onLost((reason) => {
        if (this.device === mine) void this.replaceDevice(device, reason);
      });
      return device;
    } finally {
      this.progress(testing, 1);
    }
  }

  /** A run on a lost device goes on from its last checkpoint on the next one that can be had. */
  private async replaceDevice(lost: ReadyDevice, reason: string): Promise<void> {
    this.device = null;
    this.lost = reason;
    this.selector.lose(reason);
    this.trainer.lose(reason);
    this.meter.lose(reason);
    const { current: hit, phase, run_: number } = this;
    const stands = phase === "running" || phase === "paused" || phase === "diverged";
    // A run that uses no device, or is over, does not mind; the next one opens another.
    if (!hit || hit.settings.objective === "instant" || !stands) {
      if (phase === "preparing" && !hit) this.explain(reason);
      return;
    }
    // Steps on the lost device may never end: the loop is left behind, and stops by itself where they do.
    this.current = null;
    this.loop = Promise.resolve();
    this.enter("preparing");
    try {
      hit.opened.close();
      lost.close();
    } catch {
      // What is gone need not be freed.
    }
    try {
      const fresh = { ...(await this.open(hit.settings)), checkpoints: hit.checkpoints, guard: hit.guard };
      // Another run was asked for meanwhile.
      if (this.run_ !== number) return fresh.opened.close();
      this.current = fresh;
      const checkpoint = hit.checkpoints.newest;
      if (checkpoint) this.goBack(fresh, checkpoint, {});
      this.enter("paused");
      if (phase === "running") await this.run();
    } catch (error) {
      if (this.run_ !== number) return;
      this.fail(
        `${sentence(reason)} The run could not go on elsewhere: ${messageOf(error)}.`,
        "Save the run file if you need it, then reload the page.",
      );
    }
  }

  private async open(settings: Settings): Promise<Run> {
    const benchmark = await this.benchmarkOf(settings);
    const opened = await (settings.objective === "instant"
      ? openSearch(settings, { benchmark })
      : this.openSupernet(settings, benchmark));
    return {
      settings,
      opened,
      checkpoints: new Checkpoints(),
      // The instant objective trains no weights that could run away.
      guard: new LossGuard(this.dataset?.classes.length ?? 1),
    };
  }

  /** Null where the space has no table. */
  private async benchmarkOf({ space }: Pick<Settings, "space">): Promise<Benchmark | null> {
    if (!SPACES[space].tabled) return null;
    this.benchmark ??= await decodeBenchmark(await this.read(`benchmarks/${space}.bin`));
    return this.benchmark;
  }

  /** Null where the space does not lie within NAS-Bench-101. */
  private async nasBench101Of({ space }: Settings): Promise<NasBench101 | null> {
    if (!oneShotOf(SPACES[space])) return null;
    this.nasBench101 ??= await openNasBench101(this.read);
    return this.nasBench101;
  }

  private async openSupernet(settings: Settings, benchmark: Benchmark | null): Promise<OpenSearch> {
    const nasBench101 = await this.nasBench101Of(settings);
    const device = await this.ready();
    const dataset = await this.load(settings);
    this.progress("Building the network", null);
    const opened = await openSearch(settings, {
      dataset,
      device: device.choice,
      createEngine: this.engineOn(device),
      benchmark,
      nasBench101,
    });
    this.progress("Building the network", 1);
    return opened;
  }

  private engineOn(device: ReadyDevice): Surroundings["createEngine"] {
    const onProgress = (done: number, total: number) => this.progress("Compiling kernels", done / total);
    return (spec, weights) => device.createEngine(spec, weights, onProgress);
  }

  private async images({ data }: Pick<Settings, "data">): Promise<Dataset> {
    this.dataset ??= await openDataset(this.read, data);
    return this.dataset;
  }

  private async load(settings: Pick<Settings, "data" | "images">): Promise<Dataset> {
    const dataset = await this.images(settings);
    const loading = "Loading images";
    // The search starts on the first chunk; the rest arrives beside it. A chunk that fails is asked for again when it is needed.
    dataset
      .stream(settings.images, (loaded, total) => this.progress(loading, loaded / total))
      .catch(() => this.progress(loading, 1));
    return dataset;
  }

  /** Steps until the run is done or a pause is wanted. */
  private steps(): Promise<void> {
    const run = this.standing();
    return this.guarded(run, async () => {
      let heard = performance.now();
      while (this.wanted === "run" && this.phase === "running" && this.current === run) {
        await this.pacer.turn();
        if (this.wanted !== "run" || this.current !== run) break;
        await this.take(run, "both");
        if (performance.now() - heard < HEARING_INTERVAL) continue;
        await nextTask();
        heard = performance.now();
      }
      if (this.current === run && this.phase === "running") this.enter("paused");
    });
  }

  /** Turns what is to be turned before the next step. */
  private async edit(search: Search): Promise<void> {
    while (this.edits.length > 0 && this.edits[0].step <= search.steps + 1) {
      const [{ settings }] = this.edits.splice(0, 1);
      await this.change(settings);
      this.outbox.send({ kind: "turned", run: this.run_, settings });
    }
  }

  private async take(run: Run, part: StepPart): Promise<void> {
    const { search } = run.opened;
    await this.edit(search);
    // What a pause has cut short comes first.
    if (!(await this.heedSharpness(run))) return;
    // A knob may have ended it.
    if (search.done) return this.finish(search);
    const begun = performance.now();
    const elapsed = () => (performance.now() - begun) / 1000;
    const weightRate = search.weightRate(search.steps + 1);
    const record = await search.step(part);
    if (this.current !== run) return;
    search.heedTime(this.seconds + elapsed());
    const evaluation = search.evaluationDue ? await search.evaluate() : null;
    if (this.current !== run) return;
    this.seconds += elapsed();
    this.records.push(record);
    if (evaluation) this.records.push(evaluation);
    if (evaluation) this.outbox.addEvaluation(evaluation);
    this.outbox.addStep(record, weightRate);
    run.guard.observe(record);
    if (!(await this.heedSharpness(run))) return;
    if (search.done) this.finish(search);
    else await run.checkpoints.keepUp(search, this.seconds);
  }

  /** Measures how sharp the loss is where that is due; false where a pause has cut it short. */
  private async heedSharpness({ opened: { search } }: Run): Promise<boolean> {
    if (!search.sharpnessDue) return true;
    this.cut = new AbortController();
    const { signal } = this.cut;
    try {
      this.keepSharpness(search.steps, await search.measure(await search.landscape(breathing(signal))));
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  private keepSharpness(step: number, found: Sharpness): void {
    const figures = sharpnessFigures(found);
    if (!figures) return;
    const at = this.records.findLastIndex((record) => record.kind === "step" && record.step === step);
    if (at >= 0) this.records[at] = { ...this.records[at], sharpness: figures } as StepRecord;
    this.outbox.addSharpness({ step, ...figures });
  }

  private finish(search: Search): void {
    const result = search.result(this.seconds);
    this.records.push(result);
    this.outbox.addResult(result);
    this.enter("finished");
  }

  /** Takes a run back to a checkpoint and on with some settings turned; edits made since are void. */
  private goBack(run: Run, checkpoint: CheckpointRecord, patch: Partial<Settings>): void {
    const { search } = run.opened;
    const { step, settings, pending } = checkpoint;
    this.offer = null;
    search.restore(checkpoint);
    run.guard.rewind();
    this.records = this.records.filter((record) => !("step" in record) || record.step <= step);
    this.outbox.rewind(step);
    this.outbox.send({ kind: "rewound", run: this.run_, step });
    this.outbox.send({ kind: "turned", run: this.run_, settings: { ...settings, ...pending, ...patch } });
    const record = { ...search.change(patch), recovered: true as const };
    this.records.push(record);
    this.outbox.addChange(record);
  }

  private async guarded(run: Run, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const known = error instanceof DivergenceError || error instanceof InputError;
      // What fails on a lost device may do so before the loss is reported, which has its own mend.
      if (!known && run.settings.objective === "supernet") await after(LOSS_REPORT);
      // A run left behind has nothing to say.
      if (this.current !== run) return;
      if (error instanceof DivergenceError) this.diverge(run, error);
      else this.explain(error);
    }
  }

  private diverge({ opened: { search }, checkpoints }: Run, { message, finite }: DivergenceError): void {
    const checkpoint = checkpoints.before(search.steps + 1);
    if (!checkpoint) {
      this.fail(message, "Lower the weight rate, then reset.");
      return;
    }
    const settings = gentler(search.settings, checkpoint);
    this.offer = { checkpoint, settings, finite };
    this.wanted = "pause";
    this.enter("diverged");
    this.outbox.send({ kind: "divergence", run: this.run_, message, finite, back: checkpoint.step, settings });
  }

  private explain(error: unknown): void {
    const message = messageOf(error);
    // Whatever else fails then is the echo of it.
    if (this.lost !== null) {
      this.fail(`${sentence(this.lost)} The run on it cannot go on.`, "Reset the run to take hold of a device again.");
    } else if (error instanceof InputError) this.fail(message, "Change the setting, then reset.");
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

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const after = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
