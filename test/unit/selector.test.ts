import { afterEach, describe, expect, test } from "vitest";
import type { Settings } from "../../src/core/controls";
import { NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import { parseRanking } from "../../src/core/selection";
import { withDefaults } from "../../src/core/settings";
import type { ReadyDevice } from "../../src/engine/devices";
import { createWasmGroup } from "../../src/engine/wasm/group";
import { createWasmProber } from "../../src/engine/wasm/prober";
import type { SelectionProgress, SelectionRequest } from "../../src/worker/protocol";
import { closePort, hosted, wasmDevice } from "../support/host";

afterEach(closePort);

const SMALL = { images: 1250, image: 8, channels: 1, batch: 4, evaluateImages: 4, evaluateEvery: 1000 } as const;
const settings: Settings = withDefaults({ ...SMALL, steps: 12 });
const request: SelectionRequest = {
  space: "nasbench201",
  data: "fashion-mnist",
  posterior: { mean: new Array<number>(SPACE.size).fill(0), scale: new Array<number>(SPACE.size).fill(1) },
  samples: 8,
  temperature: 1,
  seed: 3,
  rankBy: parseRanking("naswot+flops", "ranking"),
  proxies: ["params"],
  sizes: { channels: 1, cells: 1, image: 8 },
  train: 0,
  supernet: null,
};

/** A device that counts the networks that are looked into. */
function counting(prober: ReadyDevice["createProber"] = createWasmProber) {
  const probed: number[] = [];
  const createProber: ReadyDevice["createProber"] =
    prober &&
    ((plans) => {
      probed.push(plans.length);
      return prober(plans);
    });
  const createGroup: ReadyDevice["createGroup"] = (specs, weights) => createWasmGroup(specs, weights, 1);
  return { ...wasmDevice({ createProber, createGroup }), probed };
}

async function selecting(device: ReadyDevice) {
  const page = await hosted(async () => device);
  const last = () => page.messages.findLast((message): message is SelectionProgress => message.kind === "selection");
  const state = (wanted: SelectionProgress["state"]) =>
    expect.poll(() => last()?.state, { timeout: 20_000 }).toBe(wanted);
  const select = (wanted: SelectionRequest) => {
    for (const message of page.messages.splice(0)) if (message.kind !== "selection") page.messages.push(message);
    return page.host.select(wanted);
  };
  return { ...page, last, state, select };
}

describe("a selection for the page", () => {
  test("pauses a run and leaves it as it was, and ranks what was asked for", async () => {
    const { host, seen, select, last, state, phase } = await selecting(counting().device);
    await host.prepare(settings);
    await host.setSpeed(50);
    await host.run();
    await seen("frame", 2);
    await select(request);
    await phase("paused");
    await host.setSpeed(null);
    await state("finished");
    const { scored, total, result, problem } = last() as SelectionProgress;
    expect([scored, problem]).toEqual([total, null]);
    expect(result?.candidates.map(({ rank }) => rank)).toEqual(result?.candidates.map((_, i) => i + 1));
    expect(Object.keys(result?.candidates[0].scores ?? {})).toEqual(["naswot", "flops", "params"]);
    expect(result?.control?.candidates).toBeGreaterThan(0);
    await host.run();
    await phase("finished");

    const alone = await selecting(counting().device);
    await alone.host.prepare(settings);
    await alone.host.run();
    await alone.phase("finished");
    const steps = (text: string) => text.split("\n").filter((line) => line.includes('"kind":"step"'));
    expect(steps(await host.runFile())).toHaveLength(settings.steps);
    expect(steps(await host.runFile())).toEqual(steps(await alone.host.runFile()));
  });

  test("is cancelled, resumed without scoring anything twice, and ranked otherwise at once", async () => {
    const { device, probed } = counting();
    const { host, select, last, state } = await selecting(device);
    await select(request);
    await expect.poll(() => probed.length, { timeout: 20_000, interval: 1 }).toBe(1);
    await host.cancelSelection();
    await state("cancelled");
    const { scored, total } = last() as SelectionProgress;
    expect(scored).toBeGreaterThan(0);
    expect(scored).toBeLessThan(total);
    await select(request);
    await state("finished");
    expect(probed).toEqual([total, total - scored]);
    const finished = last()?.result;

    await select({ ...request, rankBy: ["params"] });
    await state("finished");
    expect(probed).toHaveLength(2);
    const params = last()?.result?.candidates.map(({ scores }) => Number(scores.params)) as number[];
    expect(params).toEqual(params.toSorted((a, b) => b - a));

    const whole = await selecting(counting().device);
    await whole.select(request);
    await whole.state("finished");
    expect(whole.last()?.result).toEqual(finished);
  });

  test("ends in a short training, which is begun anew after it was cancelled", async () => {
    const { device, probed } = counting();
    const { host, select, last, state } = await selecting(device);
    await select({ ...request, train: 2 });
    await expect.poll(() => last()?.training?.of, { timeout: 20_000, interval: 1 }).toBe("group");
    await host.cancelSelection();
    await state("cancelled");
    expect(last()?.result?.training?.candidates).toEqual([]);
    await select({ ...request, train: 2 });
    await state("finished");
    expect(probed).toHaveLength(1);
    const { training, result } = last() as SelectionProgress;
    expect(training).toMatchObject({ of: "control", round: 2, networks: 1, done: training?.total });
    expect(result?.training?.candidates.map(({ place, rank, steps }) => ({ place, rank, steps }))).toEqual(
      expect.arrayContaining([
        { place: 1, rank: expect.any(Number), steps: 200 },
        { place: 2, rank: expect.any(Number), steps: 100 },
      ]),
    );
    expect(result?.training?.control).toHaveLength(2);
  });

  test("asks the supernet of the run on stage, anew once that has learnt more, and no other", async () => {
    const { device, probed } = counting();
    const { host, select, last, state } = await selecting(device);
    await host.prepare(settings);
    await host.step("both");
    const asking = { ...request, rankBy: parseRanking("one_shot", "ranking"), supernet: 1 };
    await select(asking);
    await state("finished");
    const scores = () => last()?.result?.candidates.map((row) => Number(row.scores.one_shot)) as number[];
    const first = scores();
    expect(first).toEqual(first.toSorted((a, b) => b - a));
    expect(first.every((accuracy) => accuracy >= 0 && accuracy <= 1)).toBe(true);
    for (let step = 0; step < 8; step++) await host.step("weights");
    await select(asking);
    await state("finished");
    expect(scores()).not.toEqual(first);
    expect(probed).toEqual([]);
    await host.prepare(settings);
    await select(asking);
    await state("failed");
    expect(last()?.problem).toMatch(/one-shot accuracy asks the supernet/);
  });

  test("gives way to a run that is let go on", async () => {
    const { host, select, state, phase } = await selecting(counting().device);
    await host.prepare(settings);
    await select(request);
    await host.run();
    await state("cancelled");
    await phase("finished");
  });

  test("says why where it cannot be", async () => {
    const without = { ...counting().device, createProber: undefined };
    const reference = await selecting(without);
    await reference.select(request);
    await reference.state("failed");
    expect(reference.last()?.problem).toMatch(/compiled engine/);

    const lost = counting(() => new Promise(() => {}));
    const page = await selecting(lost.device);
    await page.select(request);
    await expect.poll(() => lost.probed.length, { timeout: 20_000 }).toBe(1);
    lost.lose("the GPU was lost (pulled)");
    await page.state("failed");
    expect(page.last()?.problem).toMatch(/GPU was lost/);
    await page.host.cancelSelection();
  });
});
