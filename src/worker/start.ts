export interface StartedWorker {
  readonly worker: Worker;
  /** Settles with the first error that nobody caught in the worker: its script did not load, or has failed. */
  readonly failed: Promise<ErrorEvent>;
}

let started: StartedWorker | null = null;

/** The worker that runs the page's searches; it starts with the first call. */
export function startWorker(): StartedWorker {
  if (!started) {
    const worker = new Worker(new URL("./entry.ts", import.meta.url), { type: "module" });
    // Its script may fail before the page has loaded and listens.
    const failed = new Promise<ErrorEvent>((resolve) => {
      worker.onerror = resolve;
    });
    started = { worker, failed };
  }
  return started;
}
