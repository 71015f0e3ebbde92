import * as Comlink from "comlink";
import { SPACES } from "../../core/spaces";
import { benchWeights, type Entrant, openField, timeSteps } from "../../engine/bench";
import type { DeviceId, EngineId } from "../../engine/engine";
import { type GroupLine, timeGroup } from "../../engine/group-bench";
import { createPeer } from "./jax";

/** Sizes of one benchmark, NAS-Bench-201. */
export interface Case {
  readonly device: DeviceId;
  readonly engines: readonly EngineId[];
  /** Whether jax-js takes part. */
  readonly peer: boolean;
  readonly channels: number;
  readonly cells: number;
  readonly image: number;
  readonly batch: number;
  readonly steps: number;
}

/** A group of discrete networks against the same with an engine each. */
export interface GroupCase {
  readonly device: DeviceId;
  readonly networks: number;
  readonly steps: number;
}

/** What training the candidates of a selection takes. */
const CANDIDATE = { channels: 4, cells: 1, image: 8, imageChannels: 1, classes: 10 };

export function runGroup({ device, networks, steps }: GroupCase): Promise<GroupLine> {
  return timeGroup(device, CANDIDATE, 32, networks, steps);
}

/** Runs a benchmark of the search step. */
export async function run({ device, engines, peer, channels, cells, image, batch, steps }: Case) {
  const sizes = { channels, cells, image, imageChannels: 1, classes: 10 };
  const spec = { space: SPACES.nasbench201, sizes, batch };
  const field = await openField(device, engines, spec);
  const entrants: Entrant[] = [...field.entrants];
  try {
    if (peer) {
      if (device !== "webgpu" && device !== "wasm") throw new Error(`jax-js is not run on ${device}`);
      const { peakGflops } = entrants[0];
      entrants.push({
        engine: "jax-js",
        device,
        peakGflops,
        stepper: await createPeer(device, spec, benchWeights(spec)),
      });
    }
    return await timeSteps(spec, "nasbench201", entrants, steps);
  } finally {
    field.close();
  }
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) Comlink.expose({ run, runGroup });
