import { messageOf } from "../../core/errors";
import { IN_NODE, LossSignal, type OpenDevice, Unavailable } from "../device";

/** Limits to raise from the guaranteed ones to the adapter's own: those that TensorFlow.js asks for, and the number of bindings. */
const LIMITS = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

/** A GPU, and what its adapter says of it. */
export interface Gpu extends Pick<OpenDevice, "description" | "onLost"> {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
}

/** @throws {Unavailable} where there is no adapter, or it gives no device */
export async function openGpu(): Promise<Gpu> {
  const adapter = await requestAdapter();
  const device = await requestDevice(adapter);
  const { onLost } = watch(device);
  return { device, info: adapter.info, description: describe(adapter.info), onLost };
}

async function requestAdapter(): Promise<GPUAdapter> {
  const gpu = typeof navigator === "undefined" ? undefined : navigator.gpu;
  if (!gpu) {
    if (IN_NODE) throw new Unavailable("there is no WebGPU in this Node");
    if (!globalThis.isSecureContext) throw new Unavailable("WebGPU needs a page from https or localhost");
    throw new Unavailable("this browser offers no WebGPU");
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Unavailable(`${IN_NODE ? "Node" : "this browser"} offers no WebGPU adapter`);
  return adapter;
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredFeatures: (["timestamp-query", "subgroups"] as const).filter((name) => adapter.features.has(name)),
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    });
  } catch (error) {
    throw new Unavailable(`the WebGPU adapter gave no device (${messageOf(error)})`);
  }
}

function watch(device: GPUDevice): LossSignal {
  const loss = new LossSignal();
  device.lost.then(({ reason, message }) => {
    if (reason !== "destroyed") loss.report(`the GPU was lost (${message || reason})`);
  });
  device.addEventListener("uncapturederror", ({ error }) =>
    loss.report(`the GPU reported an error (${error.message})`),
  );
  return loss;
}

function describe({ description, vendor, architecture, device }: GPUAdapterInfo): string {
  return (
    description || [vendor, architecture, device].filter(Boolean).join(" ") || "an adapter that does not say its name"
  );
}
