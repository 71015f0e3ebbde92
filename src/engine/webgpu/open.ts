import type { OpenDevice } from "../device";
import { createWebGpuEngine } from "./engine";
import { arenaLimit } from "./executor";
import { openGpu } from "./gpu";
import { createWebGpuGroup } from "./group";
import { matmulPeak } from "./peak";
import { createWebGpuProber } from "./prober";
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
    arenaLimit: arenaLimit(device),
    matmulPeak: () => matmulPeak(device),
    createEngine: (spec, weights, onProgress) => createWebGpuEngine(device, spec, weights, onProgress, variant),
    createGroup: (specs, weights, onProgress) => createWebGpuGroup(device, specs, weights, onProgress, variant),
    createProber: (plans) => createWebGpuProber(device, plans, variant),
    onLost,
    close: () => device.destroy(),
  };
}
