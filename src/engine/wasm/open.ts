import { LossSignal, type OpenDevice, Unavailable } from "../device";
import { ARENA_LIMIT, createWasmEngine } from "./engine";
import { matmulPeak } from "./machine";

/**
 * Opens the CPU by way of SIMD WebAssembly.
 * @throws {Unavailable} where there is no WebAssembly
 */
export async function open(): Promise<OpenDevice> {
  if (typeof WebAssembly === "undefined") throw new Unavailable("there is no WebAssembly here");
  return {
    description: "the processor, by SIMD WebAssembly on one thread",
    gpu: null,
    arenaLimit: ARENA_LIMIT,
    createEngine: createWasmEngine,
    matmulPeak,
    // A processor is not lost.
    onLost: new LossSignal().onLost,
    close: () => {},
  };
}
