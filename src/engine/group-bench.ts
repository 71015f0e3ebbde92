import { CELLS, cellOfCode, NAS_BENCH_201 } from "../core/nasbench201";
import { RandomStream } from "../core/random";
import type { NetworkSizes } from "../core/space";
import { median } from "../core/statistics";
import { countDispatches, inputsOf, STEP, WARM_UP } from "./bench";
import { chooseDevice } from "./devices";
import type { DeviceId, SupernetSpec } from "./engine";
import { commonWeights, parameterLayout } from "./network";

/** Discrete networks of one step together, against the same networks with an engine each. */
export interface GroupLine {
  readonly device: DeviceId;
  readonly networks: number;
  readonly channels: number;
  readonly cells: number;
  readonly image: number;
  readonly batch: number;
  /** Medians over the steps of one weight step of all networks, milliseconds. */
  readonly msTogether: number;
  readonly msAlone: number;
  /** Median over the steps of together / alone, which are timed in turns. */
  readonly ratio: number;
  /** Compute dispatches of such a step; null where there are none. */
  readonly dispatchesTogether: number | null;
  readonly dispatchesAlone: number | null;
  /** Of a loss in any step between the two, relative. */
  readonly largestDifference: number;
}

/**
 * Times weight steps of random cells of NAS-Bench-201 from common weights, together and with an engine each.
 * @param device with the compiled engine
 * @param networks how many, at least 1
 * @param steps that count, at least 1
 * @throws {InputError} if the device cannot be had, or cannot hold them
 */
export async function timeGroup(
  device: DeviceId,
  sizes: NetworkSizes,
  batch: number,
  networks: number,
  steps: number,
): Promise<GroupLine> {
  const ready = await chooseDevice({ device, engine: "compiled" });
  try {
    if (!ready.createGroup) throw new Error(`the compiled engine on ${device} has no groups`);
    const random = new RandomStream(0, "cells");
    const space = NAS_BENCH_201;
    const specs = Array.from({ length: networks }, (): SupernetSpec => {
      return { space, sizes, batch, architecture: cellOfCode(random.integer(CELLS)) };
    });
    const weights = commonWeights(
      specs.map(({ architecture }) => parameterLayout(space, sizes, architecture)),
      0,
    );
    const data = inputsOf(specs[0]).batch;
    const group = await ready.createGroup(specs, weights);
    const engines = await Promise.all(specs.map((spec, i) => ready.createEngine(spec, weights[i])));
    const together = () => group.weightStep(data, STEP);
    const alone = () => Promise.all(engines.map((engine) => engine.weightStep([], data, STEP)));
    const times = { together: [] as number[], alone: [] as number[], ratio: [] as number[] };
    const dispatches = { together: null as number | null, alone: null as number | null };
    let largestDifference = 0;
    for (let i = -WARM_UP; i < steps; i++) {
      const [one, other] = [await timed(together), await timed(alone)];
      dispatches.together = one.dispatches;
      dispatches.alone = other.dispatches;
      for (const [k, { loss }] of one.scores.entries()) {
        const expected = other.scores[k].loss;
        largestDifference = Math.max(largestDifference, Math.abs(loss - expected) / expected);
      }
      if (i < 0) continue;
      times.together.push(one.milliseconds);
      times.alone.push(other.milliseconds);
      times.ratio.push(one.milliseconds / other.milliseconds);
    }
    for (const each of [group, ...engines]) each.dispose();
    const { channels, cells, image } = sizes;
    return {
      device,
      networks,
      channels,
      cells,
      image,
      batch,
      msTogether: median(times.together),
      msAlone: median(times.alone),
      ratio: median(times.ratio),
      dispatchesTogether: dispatches.together,
      dispatchesAlone: dispatches.alone,
      largestDifference,
    };
  } finally {
    ready.close();
  }
}

async function timed<T>(run: () => Promise<T>) {
  const count = countDispatches();
  const begun = performance.now();
  const scores = await run();
  return { scores, milliseconds: performance.now() - begun, dispatches: count() };
}
