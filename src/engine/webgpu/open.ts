import type { OpenDevice } from "../device";
import { createWebGpuEngine } from "./engine";
import { openGpu } from "./gpu";
import { chooseVariant } from "./variants";

/**
 * Opens WebGPU and times the variants of its kernels.
 * @throws {Unavailable} where there is no adapter, or it gives no device
 */
export async function open(): Promise<OpenDevice> {
  const { device, description, onLost } = await openGpu();
  const { variant } = await chooseVariant(device);
  return {
    description,
    createEngine: (spec, weights, onProgress) => createWebGpuEngine(device, spec, weights, onProgress, variant),
    onLost,
    close: () => device.destroy(),
  };
}
