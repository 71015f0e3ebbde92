import { readFile } from "node:fs/promises";
import * as Comlink from "comlink";
import { afterEach, expect, test, vi } from "vitest";
import { CONTROLS, type Settings, withDefaults } from "../../src/core/controls";
import type { ReadyDevice } from "../../src/engine/devices";
import type { Engine } from "../../src/engine/engine";
import { open } from "../../src/engine/wasm/open";
import { parseRunFile } from "../../src/search/runfile";
import { SearchHost } from "../../src/worker/host";
import type { Phase, SearchControl, WorkerMessage } from "../../src/worker/protocol";

type CreateEngine = ReadyDevice["createEngine"];

/** Makes the engines of the device that the host finds. */
const seam = vi.hoisted(() => ({ createEngine: undefined as CreateEngine | undefined }));

vi.mock("../../src/engine/devices", () => ({
  chooseDevice: async (): Promise<ReadyDevice> => {
    const opened = await open();
    const selfTest = { passed: true, forwardError: 0, gradientError: 0, milliseconds: 0 };
    return {
      ...opened,
      createEngine: (...given) => (seam.createEngine ?? opened.createEngine)(...given),
      choice: { device: "wasm", engine: "compiled", description: opened.description, selfTest, passedOver: [] },
    };
  },
}));

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  seam.createEngine = undefined;
});

/** A host behind the same kind of channel as between the page and its worker. */
async function connected(): Promise<{ control: Comlink.Remote<SearchControl>; phases: Phase[] }> {
  const calls = new MessageChannel();
  const stream = new MessageChannel();
  ports.push(calls.port1, calls.port2, stream.port1, stream.port2);
  const host = new SearchHost(read);
  Comlink.expose(host, calls.port1);
  const phases: Phase[] = [];
  stream.port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.kind === "phase") phases.push(data.phase);
    if (data.kind === "frame") stream.port1.postMessage({ kind: "acknowledge", number: data.number });
  };
  await host.connect(stream.port2);
  return { control: Comlink.wrap<SearchControl>(calls.port2), phases };
}

/** Runs a search and asks for a pause from within a step's architecture half, as a page might at any time. */
async function pauseWithin(step: number, settings: Partial<Settings>, createEngine: CreateEngine) {
  const { control, phases } = await connected();
  let begun = 0;
  let asked = 0;
  let answer: Promise<number> | undefined;
  seam.createEngine = async (spec, weights) => {
    const engine = await createEngine(spec, weights);
    return {
      ...bound(engine),
      architectureGradient: (...given) => {
        if (++begun === step) {
          asked = performance.now();
          answer = control.pause().then(() => performance.now());
        }
        return engine.architectureGradient(...given);
      },
    };
  };
  await control.prepare(withDefaults({ images: 1250, steps: 100000, evaluateEvery: 100000, ...settings }));
  await control.run();
  await vi.waitFor(() => expect(answer).toBeDefined(), { timeout: 60_000, interval: 5 });
  const waited = ((await answer) ?? Number.NaN) - asked;
  const atAnswer = begun;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const records = parseRunFile(await control.runFile());
  return { phases, waited, further: atAnswer - step, late: begun - atAnswer, records };
}

function bound(engine: Engine): Engine {
  return {
    spec: engine.spec,
    weightStep: (...given) => engine.weightStep(...given),
    architectureGradient: (...given) => engine.architectureGradient(...given),
    evaluate: (...given) => engine.evaluate(...given),
    exportState: () => engine.exportState(),
    importState: (state) => engine.importState(state),
    dispose: () => engine.dispose(),
  };
}

test("a pause during a run on WASM is answered within 100 ms or one step, and nothing follows", async ({
  annotate,
}) => {
  const { phases, waited, further, late, records } = await pauseWithin(5, {}, (await open()).createEngine);
  await annotate(`answered after ${waited.toFixed(1)} ms and ${further} further steps`);
  // The step under way ends in any case; short ones may follow it until the loop listens.
  expect(further <= 1 || waited < 100, `${further} steps and ${waited} ms`).toBe(true);
  expect(late).toBe(0);
  expect(phases.slice(-2)).toEqual(["running", "paused"]);
  expect(records.filter(({ kind }) => kind === "step")).toHaveLength(5 + further);
});

test("a pause at the largest images and batches is answered after the step under way", async () => {
  const largest = { image: CONTROLS.image.max, batch: CONTROLS.batch.max, channels: 1, cells: 1 };
  // Holds the worker as a large network does, at any size of the network: only the batches are made in earnest.
  const hold = () => {
    for (const end = performance.now() + 15; performance.now() < end; );
  };
  const { further, late } = await pauseWithin(3, largest, async (spec, weights) => {
    const score = async () => {
      hold();
      return { loss: 1, accuracy: 0 };
    };
    return {
      spec,
      weightStep: score,
      architectureGradient: async (mixing) => ({ ...(await score()), gradient: new Float64Array(mixing.length) }),
      evaluate: score,
      exportState: async () => weights,
      importState: () => {},
      dispose: () => {},
    };
  });
  expect({ further, late }).toEqual({ further: 0, late: 0 });
});
