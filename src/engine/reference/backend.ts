import * as tf from "@tensorflow/tfjs-core";
import { type OpenDevice, Unavailable } from "../device";
import { ReferenceEngine } from "./engine";

/**
 * Makes a registered backend of TensorFlow.js the current one. Left to itself the library slips to another one silently.
 * @throws {Unavailable} if it does not start
 */
export async function activate(name: string): Promise<void> {
  // Without its checks and its advice on the console.
  tf.enableProdMode();
  if (!(await tf.setBackend(name)) || tf.getBackend() !== name) {
    throw new Unavailable(`TensorFlow.js could not start its ${name} backend`);
  }
}

/** The reference engine's factory on a backend, which stays current for as long as its engines live. */
export function factory(name: string): OpenDevice["createEngine"] {
  return async (spec, weights) => {
    await activate(name);
    return new ReferenceEngine(spec, weights);
  };
}
