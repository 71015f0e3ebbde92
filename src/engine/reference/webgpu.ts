import * as tf from "@tensorflow/tfjs-core";
import { LossSignal, type OpenDevice, Unavailable } from "../device";
import { activate, factory, IN_NODE } from "./backend";

/** Limits to raise from the guaranteed ones to the adapter's own: those the backend asks for, and the number of bindings. */
const LIMITS = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

/**
 * Opens WebGPU with a device of our own, because TensorFlow.js does not look after a lost one, and shares its with nobody.
 * @throws {Unavailable} where there is no adapter, or it gives no device
 */
export async function open(): Promise<OpenDevice> {
  const adapter = await requestAdapter();
  const device = await requestDevice(adapter);
  const loss = watch(device);
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  // The import registers a backend that would open a device by itself.
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info));
  // Commands queued before they are submitted: 15 are too few for thousands of small kernels.
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 200);
  await activate("webgpu");
  return {
    description: describe(adapter.info),
    gpu: device,
    createEngine: factory("webgpu"),
    onLost: loss.onLost,
    close: () => {
      // A later opening may have taken the name.
      if ((tf.findBackend("webgpu") as { device?: GPUDevice } | null)?.device === device) tf.removeBackend("webgpu");
      device.destroy();
    },
  };
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
    throw new Unavailable(`the WebGPU adapter gave no device (${error instanceof Error ? error.message : error})`);
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
