/** Longest wait for a pause, milliseconds: a busy page gets its charts all the same. */
const PATIENCE = 1500;

/** Settles when the main thread has nothing better to do; where the browser cannot tell, after a while. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve(), { timeout: PATIENCE });
    else setTimeout(resolve, PATIENCE / 3);
  });
}
