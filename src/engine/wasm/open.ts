import { LossSignal, type OpenDevice, Unavailable } from "../device";
import { createWasmEngine } from "./engine";

/**
 * Opens the CPU by way of SIMD WebAssembly.
 * @throws {Unavailable} where there is no WebAssembly
 */
export async function open(): Promise<OpenDevice> {
  if (typeof WebAssembly === "undefined") throw new Unavailable("there is no WebAssembly here");
  return {
    description: "the processor, by SIMD WebAssembly on one thread",
    createEngine: createWasmEngine,
    // A processor is not lost.
    onLost: new LossSignal().onLost,
    close: () => {},
  };
}
