import { afterEach, expect, test } from "vitest";
import { Recording } from "../../src/app/recording";
import { withDefaults } from "../../src/core/settings";
import type { ReadyDevice } from "../../src/engine/devices";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { parseRunFile } from "../../src/search/runfile";
import { readRun } from "../../src/worker/files";
import type { SearchHost } from "../../src/worker/host";
import type { SharpnessProgress } from "../../src/worker/protocol";
import { closePort, hosted, wasmDevice } from "../support/host";

afterEach(closePort);

const SMALL = { images: 1250, image: 8, channels: 1, batch: 4, evaluateImages: 4, evaluateEvery: 1000 } as const;
const settings = withDefaults({ ...SMALL, steps: 8 });

async function measuring(device = wasmDevice()) {
  const page = await hosted(async () => device.device);
  const all = () => page.messages.filter((message): message is SharpnessProgress => message.kind === "sharpness");
  const state = (wanted: SharpnessProgress["state"]) =>
    expect.poll(() => all().at(-1)?.state, { timeout: 20_000, interval: 2 }).toBe(wanted);
  return { ...page, lose: device.lose, all, state };
}

/** Steps of the run file, without what was measured beside them. */
const stepsOf = async (host: SearchHost) =>
  parseRunFile(await host.runFile()).flatMap((record) => {
    if (record.kind !== "step") return [];
    const { sharpness: _, ...step } = record;
    return [step];
  });

const sharpnessOf = async (host: SearchHost) =>
  parseRunFile(await host.runFile()).flatMap((record) =>
    record.kind === "step" && record.sharpness ? [{ step: record.step, ...record.sharpness }] : [],
  );

let known: ReturnType<typeof stepsOf> | undefined;

/** The steps of a run that measures nothing. */
function plainSteps(): ReturnType<typeof stepsOf> {
  known ??= (async () => {
    const { host, phase } = await measuring();
    await host.prepare(settings);
    await host.run();
    await phase("finished");
    closePort();
    return stepsOf(host);
  })();
  return known;
}

test("a run that measures every few steps, and on demand between, takes the steps of one that does not", async () => {
  const plain = await plainSteps();
  const { host, phase, all, state, seen, messages } = await measuring();
  await host.prepare(settings);
  await host.change({ sharpnessEvery: 3 });
  await host.step("both");
  await host.setSpeed(20);
  await host.run();
  await seen("frame", 2);
  await host.measureSharpness();
  // It goes on by itself.
  await state("finished");
  await host.setSpeed(null);
  await phase("finished");
  expect(await stepsOf(host)).toEqual(plain);

  const { step, found, fraction } = all().at(-1) as SharpnessProgress;
  expect(fraction).toBe(1);
  expect(found?.slice?.side).toBe(17);
  expect(found?.excess?.error).toBeGreaterThan(0);
  const levels = all().flatMap(({ found }) => (found?.slice ? [found.slice.side] : []));
  expect([...new Set(levels)]).toEqual([5, 9, 17]);
  const kept = await sharpnessOf(host);
  expect(kept.map((point) => point.step)).toEqual([...new Set([3, 6, 8, step])].sort((a, b) => a - b));
  const wanted = kept.find((point) => point.step === step);
  expect([wanted?.eigenvalue, wanted?.penalty]).toEqual([found?.eigenvalue, found?.penalty]);

  // What the page records, live and out of the file, is what the file says.
  await expect
    .poll(() => messages.flatMap((message) => (message.kind === "frame" ? (message.sharpness ?? []) : [])).length)
    .toBeGreaterThanOrEqual(kept.length);
  const { mean, scale, frame, settings: read } = await readRun(new TextEncoder().encode(await host.runFile()));
  const reread = new Recording(read, mean, scale);
  reread.append(frame);
  const live = new Recording(read, mean, scale);
  for (const message of messages) if (message.kind === "frame") live.append(message);
  expect(reread.sharpness).toEqual(kept);
  expect(live.sharpness).toEqual(kept);
  live.rewind(5);
  expect(live.sharpness.every((point) => point.step <= 5)).toBe(true);
});

test("a pause cuts a measurement short that is due, which comes first when the run goes on", async () => {
  const plain = await plainSteps();
  let gradients = 0;
  const createEngine: ReadyDevice["createEngine"] = async (spec, weights) => {
    const engine = await createWasmEngine(spec, weights, 1);
    const gradient = engine.architectureGradient.bind(engine);
    engine.architectureGradient = async (...args) => {
      gradients += 1;
      return gradient(...args);
    };
    return engine;
  };
  const { host, phase } = await measuring(wasmDevice({ createEngine }));
  await host.prepare({ ...settings, sharpnessEvery: 4 });
  await host.run();
  await expect.poll(() => gradients, { interval: 0 }).toBeGreaterThan(6);
  await host.pause();
  const stood = gradients;
  expect(stood).toBeLessThan(4 + 60);
  await phase("paused");
  expect(await stepsOf(host)).toHaveLength(4);
  expect(await sharpnessOf(host)).toEqual([]);
  await host.run();
  await phase("finished");
  expect((await sharpnessOf(host)).map(({ step }) => step)).toEqual([4, 8]);
  expect(gradients).toBe(stood + 2 * 60 + 4);
  expect(await stepsOf(host)).toEqual(plain);
});

test("a measurement is cancelled, gives way to a run, ends with its device, and needs a run", async () => {
  const { host, state, phase, all, lose } = await measuring();
  await expect(host.measureSharpness()).rejects.toThrow("prepare one first");
  await host.prepare({ ...settings, method: "darts" });
  await host.measureSharpness();
  await host.cancelSharpness();
  await state("cancelled");
  await host.measureSharpness();
  await host.step("both");
  await state("cancelled");
  await host.measureSharpness();
  await state("finished");
  const { step, found } = all().at(-1) as SharpnessProgress;
  expect([step, found?.penalty, found?.excess, found?.covariance]).toEqual([1, null, null, null]);
  expect(found?.slice?.reach).toBe(2);
  await host.measureSharpness();
  lose("the GPU was lost (pulled)");
  await state("failed");
  expect(all().at(-1)?.problem).toMatch(/GPU was lost/);
  await phase("paused");
});
