import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { RandomStream } from "../../src/core/random";
import { BatchSource, type BatchSourceOptions, type BatchSourceState } from "../../src/engine/data/batches";
import type { Dataset } from "../../src/engine/data/dataset";
import { openIdxDataset } from "../../src/engine/data/idx";
import { idxFolder, numbersIn, reader } from "./synthetic-data";

const NONE = { shift: 0, flip: false, cutout: 0 };
const ALL = { shift: 2, flip: true, cutout: 2 };
const IMAGES = 3000;
const BATCH = 64;
const BATCHES_AN_EPOCH = 46;

let dataset: Dataset;
beforeAll(async () => {
  dataset = await openIdxDataset(reader(idxFolder({ train: 6001, test: 10, classes: 10 })), "folder");
});

function source(options: Partial<BatchSourceOptions> = {}): BatchSource {
  const random = new RandomStream(7, "weight batches");
  return new BatchSource({ dataset, half: "weights", images: IMAGES, image: 4, batch: BATCH, random, ...options });
}

async function take(
  from: BatchSource,
  count: number,
  augmentation = NONE,
): Promise<{ epoch: number; numbers: number[] }[]> {
  const taken = [];
  for (let i = 0; i < count; i++) {
    const { batch, epoch } = await from.next(augmentation);
    taken.push({ epoch, numbers: numbersIn(batch, dataset) });
  }
  return taken;
}

const numbers = (taken: readonly { numbers: number[] }[]) => taken.flatMap((batch) => batch.numbers);

async function numbersOfHalf(half: "weights" | "architecture"): Promise<number[]> {
  const { batch } = await source({ half, batch: IMAGES }).next(NONE);
  return numbersIn(batch, dataset).sort((a, b) => a - b);
}

describe("epochs", () => {
  it("give every image at most once and drop only what fills no batch", async () => {
    const taken = await take(source(), 3 * BATCHES_AN_EPOCH);
    const half = new Set(await numbersOfHalf("weights"));
    expect(half.size).toBe(IMAGES);
    for (const epoch of [1, 2, 3]) {
      const given = numbers(taken.filter((batch) => batch.epoch === epoch));
      expect(given.length).toBe(BATCHES_AN_EPOCH * BATCH);
      expect(new Set(given).size).toBe(given.length);
      expect(given.every((number) => half.has(number))).toBe(true);
    }
  });

  it("give every image exactly once where the batches divide them", async () => {
    const taken = await take(source({ batch: 60 }), 100);
    for (const epoch of [1, 2])
      expect(new Set(numbers(taken.filter((batch) => batch.epoch === epoch))).size).toBe(IMAGES);
  });

  it("are shuffled differently each time, and by the seed", async () => {
    const taken = numbers(await take(source({ batch: 1000 }), 9));
    expect(taken.slice(3000, 6000)).not.toEqual(taken.slice(6000, 9000));
    const other = await take(source({ batch: 1000, random: new RandomStream(8, "weight batches") }), 1);
    expect(numbers(other)).not.toEqual(taken.slice(0, 1000));
  });

  it("keep labels with their images", async () => {
    const { batch } = await source().next(NONE);
    expect(numbersIn(batch, dataset).map((number) => number % 10)).toEqual([...batch.labels]);
  });
});

describe("chunks", () => {
  it("come in order in the first epoch and mixed from the second on", async () => {
    const asked: number[] = [];
    const watched: Dataset = {
      ...dataset,
      loadChunk: (part, i) => dataset.loadChunk(part, i).finally(() => asked.push(i)),
    };
    const from = source({ dataset: watched });
    await take(from, 19);
    expect(new Set(asked)).toEqual(new Set([0]));
    await take(from, 1);
    expect(new Set(asked)).toEqual(new Set([0, 1]));
    await take(from, BATCHES_AN_EPOCH - 20);
    asked.length = 0;
    await take(from, 1);
    expect(new Set(asked)).toEqual(new Set([0, 1, 2]));
  });

  it("change nothing by when they arrive", async () => {
    const late: Dataset = {
      ...dataset,
      loadChunk: async (part, i) => {
        await new Promise((resolve) => setTimeout(resolve, (5 * (i + 3)) % 7));
        return dataset.loadChunk(part, i);
      },
    };
    expect(await take(source({ dataset: late }), 50)).toEqual(await take(source(), 50));
  });

  it("may fail: the same batch comes when they are there again", async () => {
    let failing = false;
    const shaky: Dataset = {
      ...dataset,
      loadChunk: (part, i) => (failing ? Promise.reject(new InputError("gone")) : dataset.loadChunk(part, i)),
    };
    const from = source({ dataset: shaky });
    const first = await take(from, 30);
    failing = true;
    await expect(from.next(NONE)).rejects.toThrow("gone");
    await expect(from.next(NONE)).rejects.toThrow("gone");
    failing = false;
    expect([...first, ...(await take(from, 20))]).toEqual(await take(source(), 50));
  });
});

describe("halves", () => {
  it("are disjoint and together all images but the odd one", async () => {
    const [weights, architecture] = [await numbersOfHalf("weights"), await numbersOfHalf("architecture")];
    expect(new Set([...weights, ...architecture]).size).toBe(6000);
  });

  it("hold every class equally often, in any run of images from the start", async () => {
    for (const half of ["weights", "architecture"] as const) {
      for (const images of [10, 130, 1250, 2500]) {
        const { batch } = await source({ half, images, batch: images }).next(NONE);
        for (let label = 0; label < 10; label++) {
          expect(batch.labels.filter((other) => other === label).length).toBe(images / 10);
        }
      }
    }
  });

  it("share out rare and missing classes too", async () => {
    const files = idxFolder({ train: 101, test: 4, classes: 4 });
    const labels = files.get("folder/train-labels-idx1-ubyte") as Uint8Array;
    for (let i = 0; i < 101; i++) labels[8 + i] = i < 90 ? 0 : i < 97 ? 5 : 9;
    const uneven = await openIdxDataset(reader(files), "folder");
    expect(uneven.classes.length).toBe(10);
    expect(uneven.images).toMatchObject({ weights: 50, architecture: 50 });
    for (const part of ["weights", "architecture"] as const) {
      const found = (await uneven.loadChunk(part, 0)).labels;
      for (const [label, count] of [
        [0, 90],
        [5, 7],
        [9, 4],
      ]) {
        const here = found.filter((other) => other === label).length;
        expect(Math.abs(here - count / 2)).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe("saving and restoring", () => {
  it.each([0, 1, 20, BATCHES_AN_EPOCH, BATCHES_AN_EPOCH + 1, 2 * BATCHES_AN_EPOCH + 5])(
    "after %i batches goes on as if never stopped",
    async (count) => {
      const whole = source();
      for (let i = 0; i < count; i++) await whole.next(ALL);
      const state = JSON.parse(JSON.stringify(whole.save())) as BatchSourceState;
      expect(JSON.stringify(state).length).toBeLessThan(400);
      const resumed = source({ random: new RandomStream(99, "other") });
      await resumed.next(ALL);
      resumed.restore(state);
      expect(resumed.save()).toEqual(state);
      for (let i = 0; i < BATCHES_AN_EPOCH + 2; i++) expect(await resumed.next(ALL)).toEqual(await whole.next(ALL));
    },
  );
});

describe("augmentation", () => {
  it("never changes which images come when", async () => {
    const labels = async (augmentation: typeof NONE) => {
      const from = source();
      const seen: number[] = [];
      for (let i = 0; i < 2 * BATCHES_AN_EPOCH + 3; i++)
        seen.push(...(await from.next(i % 3 ? augmentation : NONE)).batch.labels);
      return { seen, plain: numbers(await take(from, 3)) };
    };
    expect(await labels(ALL)).toEqual(await labels(NONE));
  });

  it("changes the images", async () => {
    const [plain, varied] = [await source().next(NONE), await source().next(ALL)];
    expect(varied.batch.labels).toEqual(plain.batch.labels);
    expect(varied.batch.images).not.toEqual(plain.batch.images);
  });
});

describe("evaluation", () => {
  const collect = async (from: BatchSource, count: number) => {
    const found: number[] = [];
    for await (const batch of from.evaluationBatches(count)) found.push(...numbersIn(batch, dataset));
    return found;
  };

  it("takes the first images of the half, in whole batches, always the same", async () => {
    const from = source();
    const first = await collect(from, 100);
    expect(first.length).toBe(128);
    await from.next(ALL);
    expect(await collect(from, 100)).toEqual(first);
    const { pixels } = await dataset.loadChunk("weights", 0);
    expect(first).toEqual(Array.from({ length: 128 }, (_, i) => pixels[16 * i] + 256 * pixels[16 * i + 1]));
  });

  it("stops where the half ends", async () => {
    expect((await collect(source({ images: 100 }), 30_000)).length).toBe(BATCHES_AN_EPOCH * BATCH);
  });

  it("draws nothing", async () => {
    const from = source();
    await collect(from, 500);
    expect(await take(from, 50)).toEqual(await take(source(), 50));
  });
});

describe("impossible wishes", () => {
  it("are refused with what would work", () => {
    expect(() => source({ images: 64, batch: 65 })).toThrow(InputError);
    expect(() => source({ images: 64, batch: 65 })).toThrow(/at most 64/);
    expect(() => source({ images: 3001 })).toThrow(InputError);
    expect(() => source({ images: 3001 })).toThrow(/use at most 3000 images/);
  });
});

it("normalises with the training images' mean and standard deviation", async () => {
  const { batch } = await source({ batch: IMAGES }).next(NONE);
  const values = Array.from(batch.images);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  // Half of the images, whose statistics are near those of all.
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.abs(square - 1)).toBeLessThan(0.01);
});
