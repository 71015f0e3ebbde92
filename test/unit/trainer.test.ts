import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { withDefaults } from "../../src/core/settings";
import { openDataset } from "../../src/engine/data/packed";
import type { ReadyDevice } from "../../src/engine/devices";
import { openTraining } from "../../src/search/train";
import type { TrainingProgress, TrainingRequest } from "../../src/worker/protocol";
import { CELLS } from "../support/cases";
import { closePort, hosted, wasmDevice } from "../support/host";

afterEach(closePort);

const request: TrainingRequest = {
  space: "nasbench201",
  data: "fashion-mnist",
  architectures: [CELLS["every operation"], CELLS["sums of terms alone"]].map(NAS_BENCH_201.parse),
  channels: 1,
  cells: 1,
  image: 8,
  batch: 32,
  seed: 1,
  epochs: 2,
  images: 640,
  rate: 0.1,
};

async function training(device: ReadyDevice = wasmDevice().device) {
  const page = await hosted(async () => device);
  const all = () => page.messages.filter((message): message is TrainingProgress => message.kind === "training");
  const last = () => all().at(-1) as TrainingProgress;
  const state = (wanted: TrainingProgress["state"]) =>
    expect.poll(() => last()?.state, { timeout: 30_000, interval: 5 }).toBe(wanted);
  return { ...page, all, last, state };
}

describe("a training for the page", () => {
  test("trains as each network would be by itself, in turns, and shows what was mistaken for what", async () => {
    const { host, all, last, state } = await training();
    await host.train(request);
    await state("finished");
    const { networks, testImages, classes, done, problem } = last();
    expect([testImages, classes.length, done, problem]).toEqual([10_000, 10, 1, null]);
    // Twenty steps an epoch, a point every second of them: no network is ahead by more.
    for (const { networks: [a, b] = [] } of all()) if (a) expect(Math.abs(a.epochs - b.epochs)).toBeLessThan(0.11);

    const read = async (path: string) =>
      new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));
    const dataset = await openDataset(read, request.data);
    const { createEngine } = wasmDevice().device;
    for (const [i, architecture] of request.architectures.entries()) {
      const alone = await openTraining(request, architecture, { dataset, createEngine });
      const records = [];
      while (!alone.training.done) {
        await alone.training.advance();
        if (alone.training.epochEnded) records.push(alone.training.epochRecord(await alone.training.test()));
      }
      alone.close();
      const { losses, ...network } = networks[i];
      expect(network.records).toEqual(records);
      expect(losses.map(([epochs]) => epochs)).toEqual(Array.from({ length: 20 }, (_, k) => (k + 1) / 10));
      const mean = losses.slice(10).reduce((sum, [, loss]) => sum + loss / 10, 0);
      expect(mean).toBeCloseTo(records[1].trainLoss, 6);
      const { confusion = [], accuracy, interval = [0, 0] } = network.tested ?? {};
      expect(accuracy).toBe(records[1].testAccuracy);
      expect(interval[0] < records[1].testAccuracy && records[1].testAccuracy < interval[1]).toBe(true);
      expect(confusion.map((row) => row.reduce((sum, n) => sum + n, 0))).toEqual(new Array(10).fill(1000));
    }

    const confusion = networks[0].tested?.confusion ?? [];
    // The class that is taken most often for another one.
    const [[label, taken]] = confusion
      .flatMap((row, i) => row.map((_, j) => [i, j]))
      .filter(([i, j]) => i !== j)
      .sort(([a, b], [c, d]) => confusion[c][d] - confusion[a][b]);
    const query = { network: 0, label, taken };
    const { side, images } = await host.testImages({ ...query, most: 10_000 });
    expect(images).toHaveLength(confusion[label][taken]);
    const truth = await dataset.loadChunk("test", 0);
    for (const { place, pixels, taken: probability, own } of images) {
      if (place >= truth.labels.length) continue;
      expect(truth.labels[place]).toBe(label);
      expect(pixels).toEqual(truth.pixels.slice(place * side ** 2, (place + 1) * side ** 2));
      expect(own).toBeLessThanOrEqual(probability);
      expect(own + probability).toBeLessThanOrEqual(1.000001);
    }
    const sure = images.map((image) => image.taken);
    expect(sure).toEqual(sure.toSorted((a, b) => b - a));
    expect((await host.testImages({ ...query, most: 3 })).images).toEqual(images.slice(0, 3));
    const right = (await host.testImages({ network: 0, label, taken: label, most: 5 })).images;
    expect(right.map((image) => image.own)).toEqual(right.map((image) => image.own).toSorted((a, b) => a - b));
  });

  test("is paused by a run that is let go on, and goes on where it was as if nothing had been", async () => {
    const { host, last, state, phase } = await training();
    await host.prepare(withDefaults({ images: 1250, image: 8, channels: 1, batch: 4, evaluateImages: 4, steps: 12 }));
    await host.train(request);
    await expect.poll(() => last()?.done, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0);
    await host.run();
    await state("paused");
    const { done } = last();
    expect(done).toBeLessThan(1);
    await phase("finished");
    await host.train(request);
    await expect.poll(() => last().done, { timeout: 20_000, interval: 5 }).toBeGreaterThan(done);
    await host.pauseTraining();
    await state("paused");
    await host.train(request);
    await state("finished");

    const whole = await training();
    await whole.host.train(request);
    await whole.state("finished");
    expect(last().networks).toEqual(whole.last().networks);
    // There is nothing left to do.
    await host.train(request);
    await state("finished");
    expect(last().networks).toEqual(whole.last().networks);
  });

  test("says why where it cannot be", async () => {
    const { host, last, state } = await training();
    await host.train({ ...request, images: 70_000 });
    await state("failed");
    expect(last().problem).toMatch(/use at most 60000/);
    await host.train({ ...request, rate: 1e9 });
    await state("finished");
    expect(last().networks.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/loss/),
      expect.stringMatching(/loss/),
    ]);

    const { device, lose } = wasmDevice();
    const page = await training(device);
    await page.host.train(request);
    await expect.poll(() => page.last()?.done, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0);
    lose("the GPU was lost (pulled)");
    await page.state("failed");
    expect(page.last().problem).toMatch(/GPU was lost/);
    expect(page.last().networks[0].losses.length).toBeGreaterThan(0);
    await page.host.pauseTraining();
  });
});
