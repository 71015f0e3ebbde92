import * as tf from "@tensorflow/tfjs-core";
import type { OpenDevice } from "../device";
import { openGpu } from "../webgpu/gpu";
import { activate, factory } from "./backend";

/**
 * TensorFlow.js on WebGPU, with a device of our own, because it does not look after a lost one.
 * @throws {Unavailable} where there is no adapter, or it gives no device
 */
export async function open(): Promise<OpenDevice> {
  const { device, info, description, onLost } = await openGpu();
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  // The import registers a backend that would open a device by itself.
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, info));
  // Commands queued before they are submitted: 15 are too few for thousands of small kernels.
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 200);
  await activate("webgpu");
  return {
    description,
    createEngine: factory("webgpu"),
    onLost,
    close: () => {
      // A later opening may have taken the name.
      if ((tf.findBackend("webgpu") as { device?: GPUDevice } | null)?.device === device) tf.removeBackend("webgpu");
      device.destroy();
    },
  };
}
