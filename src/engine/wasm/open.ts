import { LossSignal, type OpenDevice, Unavailable } from "../device";
import { createPlan } from "../plan/plan";
import { ARENA_LIMIT, createWasmEngine } from "./engine";
import { createWasmGroup } from "./group";
import { matmulPeak, threadsFor } from "./machine";
import { createWasmProber } from "./prober";
import { relaxedSimd } from "./team";

/**
 * Opens the CPU by way of SIMD WebAssembly.
 * @throws {Unavailable} where there is no WebAssembly
 */
export async function open(): Promise<OpenDevice> {
  if (typeof WebAssembly === "undefined") throw new Unavailable("there is no WebAssembly here");
  // One round, to see how many threads really start.
  const { threads } = await matmulPeak(undefined, 0);
  const simd = relaxedSimd() ? "relaxed SIMD" : "SIMD";
  return {
    description: `the processor, by ${simd} WebAssembly on ${threads > 1 ? `up to ${threads} threads` : "one thread"}`,
    arenaLimit: ARENA_LIMIT,
    createEngine: (spec, weights) => createWasmEngine(spec, weights),
    createGroup: (specs, weights) => createWasmGroup(specs, weights),
    createProber: createWasmProber,
    matmulPeak: async (spec) => (await matmulPeak(threadsFor(createPlan(spec)))).gflops,
    // A processor is not lost.
    onLost: new LossSignal().onLost,
    close: () => {},
  };
}
