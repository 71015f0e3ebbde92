/**
 * What the engine asks of its host, Node or a page's worker. Node's modules come from the process rather than by import, so that a
 * bundle for browsers neither holds nor misses them.
 */

/** Most threads worth starting: beyond, handing parts of kernels out costs what a thread brings. */
const MOST_THREADS = 8;

/** How long a helper may take to start, milliseconds. */
const PATIENCE = 5000;

/** What `setup` in assembly/machine.ts takes: addresses (bytes), real images and all images. */
export type Layout = readonly [
  arena: number,
  scratch: number,
  rows: number,
  rowsBytes: number,
  gate: number,
  batch: number,
  images: number,
];

/** What the AssemblyScript module exports; see assembly/index.ts and assembly/machine.ts. */
export interface Kernels {
  setup(...layout: [...Layout, thread: number, threads: number]): void;
  run(entry: number, end: number): void;
  /** Helps with what another thread runs, until it ends the team. */
  help(): void;
}

/** What a helper is sent. */
export interface HelperJob {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  /** Which thread it is, from 1 on: the engine's own is 0. */
  readonly thread: number;
  readonly threads: number;
}

/** A running helper. */
export interface Helper {
  /** Settles when the helper waits for work. */
  readonly ready: Promise<unknown>;
  end(): void;
}

function builtin<Name extends "node:os" | "node:v8" | "node:worker_threads">(name: Name) {
  return typeof process === "undefined" ? undefined : process.getBuiltinModule?.(name);
}

/** Set once helpers did not start, so that nobody waits for them again. */
let alone = false;

/**
 * Threads that an engine may have here, its own among them: one where memory cannot be shared, which a page can only if it is isolated
 * from other origins, and one after helpers failed to start.
 */
export function hostThreads(): number {
  if (alone) return 1;
  const processors = builtin("node:os")?.availableParallelism();
  const count = processors ?? (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1);
  return Math.max(1, Math.min(count, MOST_THREADS));
}

/** Does the host run this module? Node 20 has relaxed SIMD, but behind a flag, which holds for all of its threads. */
export function supports(relaxed: Uint8Array<ArrayBuffer>): boolean {
  if (WebAssembly.validate(relaxed)) return true;
  builtin("node:v8")?.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(relaxed);
}

/** Starts a helper; it does not keep a Node process alive once it is ready. */
function startHelper(job: HelperJob): Helper {
  const node = builtin("node:worker_threads");
  if (node) {
    // Without the arguments of this process: its loaders are not needed and slow.
    const worker = new node.Worker(new URL(/* @vite-ignore */ "./helper.mjs", import.meta.url), { execArgv: [] });
    const ready = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    worker.postMessage(job);
    return { ready: ready.then(() => worker.unref()), end: () => void worker.terminate() };
  }
  const worker = new Worker(new URL("./helper.mjs", import.meta.url), { type: "module" });
  const ready = new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = () => reject(new Error("a thread of the engine did not start"));
  });
  worker.postMessage(job);
  return { ready, end: () => worker.terminate() };
}

/** Starts one helper a job; none at all if one of them does not start. */
export async function startHelpers(jobs: readonly HelperJob[]): Promise<readonly Helper[]> {
  const helpers: Helper[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (const job of jobs) helpers.push(startHelper(job));
    const late = new Promise((_, reject) => {
      timer = setTimeout(reject, PATIENCE, new Error("a thread of the engine took too long to start"));
    });
    await Promise.race([Promise.all(helpers.map(({ ready }) => ready)), late]);
    return helpers;
  } catch {
    alone = true;
    for (const helper of helpers) helper.end();
    return [];
  } finally {
    clearTimeout(timer);
  }
}
