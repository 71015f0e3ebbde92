import * as tf from "@tensorflow/tfjs-core";
import { IN_NODE, LossSignal, type OpenDevice, Unavailable } from "../device";
import { activate, factory } from "./backend";

/** @throws {Unavailable} where there is no WebGL 2 off the screen */
export async function open(): Promise<OpenDevice> {
  if (IN_NODE) throw new Unavailable("there is no WebGL in Node");
  if (typeof OffscreenCanvas === "undefined" || !new OffscreenCanvas(1, 1).getContext("webgl2")) {
    throw new Unavailable("this browser offers no WebGL 2 to a worker");
  }
  const { MathBackendWebGL } = await import("@tensorflow/tfjs-backend-webgl");
  await activate("webgl");
  const { gl } = (tf.backend() as InstanceType<typeof MathBackendWebGL>).gpgpu;
  const loss = new LossSignal();
  gl.canvas.addEventListener("webglcontextlost", () => loss.report("the browser took the WebGL context away"));
  return { description: renderer(gl), createEngine: factory("webgl"), onLost: loss.onLost, close: () => {} };
}

function renderer(gl: WebGLRenderingContext): string {
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(extension ? extension.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
