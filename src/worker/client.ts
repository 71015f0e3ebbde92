import * as Comlink from "comlink";
import type { Acknowledgement, SearchControl, WorkerMessage } from "./protocol";
import { startWorker } from "./start";

/** The page's side of the boundary. */
export interface Connection {
  readonly control: Comlink.Remote<SearchControl>;
  /** Settles when the worker can be called. */
  readonly connected: Promise<void>;
  /** Ends the worker at once, whatever it is doing. */
  terminate(): void;
}

/**
 * Connects to the worker, and starts it if nobody has.
 * @param listener gets everything that streams, in order; each frame is acknowledged once it returns, so a slow page is sent fewer
 */
export function connectWorker(listener: (message: WorkerMessage) => void): Connection {
  const { worker, failed } = startWorker();
  const control = Comlink.wrap<SearchControl>(worker);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    listener(data);
    if (data.kind === "frame")
      port1.postMessage({ kind: "acknowledge", number: data.number } satisfies Acknowledgement);
  };
  failed.then(({ message }) =>
    listener({
      kind: "failure",
      message: `The worker that runs the search could not start or has stopped: ${message || "its script did not load"}.`,
      mend: "Reload the page.",
    }),
  );
  return {
    control,
    connected: control.connect(Comlink.transfer(port2, [port2])),
    terminate: () => {
      worker.terminate();
      port1.close();
    },
  };
}
