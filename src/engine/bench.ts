import { RandomStream } from "../core/random";
import { softmaxRows } from "../core/softmax";
import { median } from "../core/statistics";
import { chooseDevice } from "./devices";
import type { Batch, DeviceId, Engine, EngineId, SupernetSpec, WeightStep } from "./engine";
import { initialWeights, parameterLayout } from "./network";
import { createPlan, planCost } from "./plan/plan";

/** The two halves of a search step, of any implementation of the supernet. */
export interface Stepper {
  architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<{ readonly loss: number }>;
  weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<{ readonly loss: number }>;
  /** See `Engine`. */
  readonly kernelMilliseconds?: number;
  readonly arenaBytes?: number;
}

/** One that takes part in a benchmark. */
export interface Entrant {
  readonly engine: string;
  readonly device: DeviceId;
  /** Best matrix product of its device, GFLOP/s; null where it was not measured. */
  readonly peakGflops: number | null;
  readonly stepper: Stepper;
}

/** How one entrant did. */
export interface BenchLine {
  readonly engine: string;
  readonly device: DeviceId;
  readonly space: string;
  readonly channels: number;
  readonly cells: number;
  readonly image: number;
  readonly batch: number;
  /** Median over the steps of one whole search step (architecture, then weights). */
  readonly msPerStep: number;
  /** The part of it in which JavaScript holds the thread, kernels apart; the median too. */
  readonly jsMsPerStep: number;
  /** Compute dispatches of one search step as the GPU's interface counts them; null where there is none. */
  readonly dispatches: number | null;
  /** Arithmetic of one search step by the plan's count, see `PlanCost`; the same for every entrant. */
  readonly gflopPerStep: number;
  readonly gflops: number;
  readonly peakGflops: number | null;
  readonly parameters: number;
  /** Memory that the engine works in; null where it cannot tell. */
  readonly arenaBytes: number | null;
}

/** Steps that warm caches up and compile kernels, and are not counted. */
export const WARM_UP = 2;
/** An entrant that has taken this long and this many steps sits the other turns out. */
const PATIENCE = { milliseconds: 40_000, steps: 3 };

/** Longest wait for half a step, milliseconds. */
const SILENCE = 300_000;

/** Rates at which the loss stays a number from random weights on random images. */
export const STEP: WeightStep = { rate: 0.01, momentum: 0.9, decay: 5e-4, clip: 5 };

/** Random images and mixing weights, the same for every entrant. */
export function inputsOf({ space, sizes, batch }: SupernetSpec): { mixing: Float64Array; batch: Batch } {
  const random = new RandomStream(0, "benchmark");
  const pixels = batch * sizes.image ** 2 * sizes.imageChannels;
  return {
    mixing: softmaxRows(
      space.rows,
      Float64Array.from({ length: space.size }, () => random.normal()),
    ),
    batch: {
      images: Float32Array.from({ length: pixels }, () => random.normal()),
      labels: Uint8Array.from({ length: batch }, (_, i) => i % sizes.classes),
    },
  };
}

/** Weights that every entrant begins with. */
export function benchWeights({ space, sizes }: SupernetSpec): Float32Array {
  return initialWeights(parameterLayout(space, sizes), new RandomStream(0, "weights"));
}

interface Timing {
  readonly whole: number[];
  readonly script: number[];
  dispatches: number | null;
}

/**
 * Times search steps of several implementations in turns, so that whatever else the machine does meets them alike.
 * @param steps counted steps of each, at least 1; one that is very slow takes fewer, but at least three
 */
export async function timeSteps(
  spec: SupernetSpec,
  spaceId: string,
  entrants: readonly Entrant[],
  steps: number,
): Promise<BenchLine[]> {
  const { mixing, batch } = inputsOf(spec);
  const timings = entrants.map((): Timing => ({ whole: [], script: [], dispatches: null }));
  for (let i = -WARM_UP; i < steps; i++) {
    for (const [e, { stepper }] of entrants.entries()) {
      const timing = timings[e];
      const spent = timing.whole.reduce((sum, each) => sum + each, 0);
      if (spent > PATIENCE.milliseconds && timing.whole.length >= Math.min(steps, PATIENCE.steps)) continue;
      const count = countDispatches();
      const begun = performance.now();
      const kernels = stepper.kernelMilliseconds ?? 0;
      let script = 0;
      for (const half of [
        () => stepper.architectureGradient(mixing, batch, false),
        () => stepper.weightStep(mixing, batch, STEP),
      ]) {
        const called = performance.now();
        const answer = half();
        script += performance.now() - called;
        const { loss } = await answered(answer, entrants[e].engine);
        if (!Number.isFinite(loss)) throw new Error(`the loss of ${entrants[e].engine} is not a number`);
      }
      const whole = performance.now() - begun;
      timing.dispatches = count();
      if (i < 0) continue;
      timing.whole.push(whole);
      timing.script.push(script - ((stepper.kernelMilliseconds ?? 0) - kernels));
    }
  }
  const { parameters, flops } = planCost(createPlan(spec, { limit: Number.POSITIVE_INFINITY }));
  const gflopPerStep = flops / 1e9;
  return entrants.map(({ engine, device, peakGflops, stepper }, e) => {
    const { channels, cells, image } = spec.sizes;
    const msPerStep = median(timings[e].whole);
    return {
      engine,
      device,
      space: spaceId,
      channels,
      cells,
      image,
      batch: spec.batch,
      msPerStep,
      jsMsPerStep: median(timings[e].script),
      dispatches: timings[e].dispatches,
      gflopPerStep,
      gflops: flops / msPerStep / 1e6,
      peakGflops,
      parameters,
      arenaBytes: stepper.arenaBytes ?? null,
    };
  });
}

/** Rejects where no answer comes: a peer that hangs must not hold the others up for ever. */
async function answered<T>(answer: Promise<T>, who: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${who} gave no answer within ${SILENCE / 1000} s`)), SILENCE);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Counts compute dispatches at the interface itself until the function returned is called. */
export function countDispatches(): () => number | null {
  if (typeof GPUComputePassEncoder === "undefined") return () => null;
  const prototype = GPUComputePassEncoder.prototype;
  const { dispatchWorkgroups } = prototype;
  let count = 0;
  prototype.dispatchWorkgroups = function (...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  return () => {
    prototype.dispatchWorkgroups = dispatchWorkgroups;
    return count > 0 ? count : null;
  };
}

/** Engines opened for a benchmark. */
export interface Field {
  readonly entrants: readonly Entrant[];
  close(): void;
}

/**
 * Opens the engines of a device. The reference of WebAssembly is TensorFlow.js on its CPU backend: its WebAssembly cannot train.
 * @throws {InputError} if the device or one of the engines cannot be had
 */
export async function openField(device: DeviceId, engines: readonly EngineId[], spec: SupernetSpec): Promise<Field> {
  const weights = benchWeights(spec);
  const entrants: Entrant[] = [];
  const closing: (() => void)[] = [];
  const peaks = new Map<DeviceId, number | null>();
  const enter = (engine: EngineId, on: DeviceId, peakGflops: number | null, stepper: Engine) => {
    closing.unshift(() => stepper.dispose());
    entrants.push({ engine, device: on, peakGflops, stepper });
  };
  for (const engine of engines) {
    const on = device === "wasm" && engine === "reference" ? "cpu" : device;
    const ready = await chooseDevice({ device: on, engine });
    closing.unshift(() => ready.close());
    if (!peaks.has(on)) peaks.set(on, (await ready.matmulPeak?.(spec)) ?? null);
    enter(engine, on, peaks.get(on) ?? null, await ready.createEngine(spec, weights));
  }
  return {
    entrants,
    close: () => {
      for (const each of closing) each();
    },
  };
}
