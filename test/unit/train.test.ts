import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { RandomStream } from "../../src/core/random";
import type { Choices } from "../../src/core/space";
import { BatchSource } from "../../src/engine/data/batches";
import { type Dataset, withWholeTraining } from "../../src/engine/data/dataset";
import { openIdxDataset } from "../../src/engine/data/idx";
import type { Engine, SupernetSpec } from "../../src/engine/engine";
import { ReferenceEngine } from "../../src/engine/reference/engine";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { openTraining, type TrainSettings } from "../../src/search/train";
import { CELLS } from "../support/cases";
import { idxFolder, numbersIn, reader } from "./synthetic-data";

const SETTINGS: TrainSettings = {
  space: "nasbench201",
  channels: 2,
  cells: 1,
  image: 8,
  batch: 8,
  seed: 1,
  epochs: 2,
  images: null,
  rate: 0.02,
};
const CELL = NAS_BENCH_201.parse(CELLS["every operation"]);

let dataset: Dataset;
beforeAll(async () => {
  await tf.setBackend("cpu");
  dataset = await openIdxDataset(reader(idxFolder({ train: 44, test: 10 })), "folder");
});

const onWasm = (spec: SupernetSpec, weights: Float32Array) => createWasmEngine(spec, weights, 1);
const onReference = async (spec: SupernetSpec, weights: Float32Array) => new ReferenceEngine(spec, weights);

async function trained(
  createEngine: (spec: SupernetSpec, weights: Float32Array) => Promise<Engine>,
  settings: Partial<TrainSettings> = {},
  architecture: Choices = CELL,
) {
  const { training, close } = await openTraining({ ...SETTINGS, ...settings }, architecture, { dataset, createEngine });
  const epochs = [];
  while (!training.done) {
    await training.advance();
    if (!training.epochEnded) continue;
    const outcome = await training.test();
    epochs.push({ record: training.epochRecord(outcome), outcome });
  }
  close();
  return epochs;
}

describe("training one architecture", () => {
  it("repeats itself from the same seed, and not from another", async () => {
    const once = await trained(onWasm);
    expect(once.map(({ record }) => record.epoch)).toEqual([1, 2]);
    expect(await trained(onWasm)).toEqual(once);
    expect(await trained(onWasm, { seed: 2 })).not.toEqual(once);
  });

  it("comes to the same on the reference engine, and tests every image once", async () => {
    const [compiled, reference] = [await trained(onWasm, { epochs: 1 }), await trained(onReference, { epochs: 1 })];
    for (const [i, { record, outcome }] of compiled.entries()) {
      const expected = reference[i].record;
      expect(record.trainLoss).toBeCloseTo(expected.trainLoss, 4);
      expect(record.testLoss).toBeCloseTo(expected.testLoss, 4);
      expect(outcome.confusion).toEqual(reference[i].outcome.confusion);
      // Ten test images of four classes, in batches of eight.
      expect(outcome.confusion.map((row) => row.reduce((sum, n) => sum + n, 0))).toEqual([3, 3, 2, 2]);
      const hits = outcome.confusion.reduce((sum, row, label) => sum + row[label], 0);
      expect(record.testAccuracy).toBe(hits / 10);
      expect(outcome.interval[0]).toBeLessThanOrEqual(hits / 10);
      expect(outcome.interval[1]).toBeGreaterThanOrEqual(hits / 10);
    }
  });

  it("trains genotypes of the DARTS space", async () => {
    const { choices } = PUBLISHED_GENOTYPES[1];
    const [{ record }] = await trained(onWasm, { space: "darts", epochs: 1, images: 16 }, choices);
    expect(Number.isFinite(record.trainLoss) && Number.isFinite(record.testLoss)).toBe(true);
  });

  it("lets the rate fall along half a cosine, and moves and mirrors what it trains on", async () => {
    const rates: number[] = [];
    const seen: Float32Array[] = [];
    await trained(async (spec, weights) => {
      const engine = await onWasm(spec, weights);
      const { weightStep } = engine;
      engine.weightStep = (mixing, batch, step) => {
        rates.push(step.rate);
        seen.push(batch.images);
        return weightStep.call(engine, mixing, batch, step);
      };
      return engine;
    });
    // Five batches of eight from 44 images, twice.
    expect(rates).toHaveLength(10);
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(0.01 * (1 + Math.cos((Math.PI * i) / 10)), 12);
    const { mean, std } = dataset;
    const black = -mean / std;
    expect(seen.some((images) => images.some((value) => Math.abs(value - black) < 1e-6))).toBe(true);
  });

  it("refuses more images than there are", async () => {
    const refused = openTraining({ ...SETTINGS, images: 45 }, CELL, { dataset, createEngine: onWasm });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(/has 44 training images, 45 were asked for: use at most 44/);
  });
});

it("all training images are both halves, each image once", async () => {
  const many = await openIdxDataset(reader(idxFolder({ train: 6001, test: 10, classes: 10 })), "folder");
  const whole = withWholeTraining(many);
  // The halves have as many images, so one is left over.
  const { weights: images } = whole.images;
  expect(images).toBe(6000);
  const random = new RandomStream(1, "weights batches");
  const source = new BatchSource({ dataset: whole, half: "weights", images, image: 4, batch: 1000, random });
  const numbers: number[] = [];
  for await (const { batch, count } of source.everyImage()) numbers.push(...numbersIn(batch, whole).slice(0, count));
  expect(numbers).toHaveLength(6000);
  expect(new Set(numbers).size).toBe(6000);
});
