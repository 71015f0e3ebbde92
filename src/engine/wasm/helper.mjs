/**
 * A thread that helps the WASM engine, in Node and in a page alike: takes parts of what the engine's own thread runs, and sleeps in
 * between. Plain JavaScript, so that Node's workers load it without a loader.
 */

/** @typedef {import("./host").HelperJob} HelperJob */
/** @typedef {import("./host").Kernels} Kernels */

/** @type {Pick<DedicatedWorkerGlobalScope, "onmessage" | "postMessage" | "close">} */
const port =
  globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? /** @type {any} */ (globalThis);

port.onmessage = async (/** @type {MessageEvent<HelperJob>} */ { data }) => {
  const { module, memory, layout, thread, threads } = data;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort() {} } });
  const kernels = /** @type {Kernels} */ (/** @type {unknown} */ (exports));
  kernels.setup(...layout, thread, threads);
  port.postMessage("ready");
  kernels.help();
  port.close();
};
