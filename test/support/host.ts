import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import type { ReadyDevice } from "../../src/engine/devices";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { SearchHost } from "../../src/worker/host";
import type { WorkerMessage } from "../../src/worker/protocol";

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));

let port: MessagePort | null = null;
/** To be called after each test. */
export const closePort = () => port?.close();

/** A host and the page's side of its stream. */
export async function hosted(choose?: () => Promise<ReadyDevice>) {
  const host = new SearchHost(read, choose);
  const messages: WorkerMessage[] = [];
  const { port1, port2 } = new MessageChannel();
  port = port1;
  port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    messages.push(data);
    if (data.kind === "frame") port1.postMessage({ kind: "acknowledge", number: data.number });
  };
  await host.connect(port2);
  const seen = async <Kind extends WorkerMessage["kind"]>(kind: Kind, number = 1) => {
    await expect.poll(() => messages.filter((message) => message.kind === kind).length).toBeGreaterThanOrEqual(number);
    return messages.filter((message) => message.kind === kind)[number - 1] as Extract<WorkerMessage, { kind: Kind }>;
  };
  const phase = (wanted: string) =>
    expect
      .poll(() => messages.findLast((message) => message.kind === "phase")?.phase, { timeout: 20_000 })
      .toBe(wanted);
  return { host, messages, seen, phase };
}

/** A device of the WASM engine on one thread, and how it is lost. */
export function wasmDevice(own: Partial<ReadyDevice> = {}) {
  let lost = (_: string) => {};
  const device: ReadyDevice = {
    description: "WASM",
    choice: {
      device: "wasm",
      engine: "compiled",
      description: "WASM",
      selfTest: { passed: true, forwardError: 0, gradientError: 0, milliseconds: 0 },
      passedOver: [],
    },
    createEngine: (spec, weights) => createWasmEngine(spec, weights, 1),
    onLost: (callback) => {
      lost = callback;
    },
    close: () => {},
    ...own,
  };
  return { device, lose: (reason: string) => lost(reason) };
}
