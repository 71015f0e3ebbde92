import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { RandomStream } from "../../src/core/random";
import { PARTS } from "../../src/engine/data/dataset";
import { openIdxDataset } from "../../src/engine/data/idx";
import { type Manifest, openDataset } from "../../src/engine/data/packed";
import { fromStreams, streamLengths, toStreams } from "../../src/engine/data/pixel-codec";
import { idx, idxFolder, reader } from "./synthetic-data";

const readPublic = async (path: string): Promise<Uint8Array> =>
  readFile(new URL(`../../public/${path}`, import.meta.url));

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

describe("Fashion-MNIST as shipped", () => {
  it("holds all images, every class equally often in every chunk of every part, with the known mean and deviation", async () => {
    const dataset = await openDataset(readPublic, "fashion-mnist");
    expect(dataset.images).toEqual({ weights: 30_000, architecture: 30_000, test: 10_000 });
    let sum = 0;
    let squares = 0;
    for (const part of PARTS) {
      for (let i = 0; i < dataset.images[part] / dataset.chunk[part]; i++) {
        const { pixels, labels } = await dataset.loadChunk(part, i);
        expect(pixels.length).toBe(dataset.chunk[part] * 784);
        const counts = new Array<number>(10).fill(0);
        for (const label of labels) counts[label]++;
        expect(counts).toEqual(new Array<number>(10).fill(dataset.chunk[part] / 10));
        if (part === "test") continue;
        for (const value of pixels) {
          sum += value;
          squares += value * value;
        }
      }
    }
    const mean = sum / (60_000 * 784);
    expect(dataset.mean).toBe(mean / 255);
    expect(dataset.std).toBeCloseTo(Math.sqrt(squares / (60_000 * 784) - mean * mean) / 255, 12);
    expect(dataset.mean.toFixed(4)).toBe("0.2860");
    expect(dataset.std.toFixed(4)).toBe("0.3530");
  }, 60_000);

  it("streams what a search needs and no more, with progress, each file once", async () => {
    const paths: string[] = [];
    const dataset = await openDataset((path) => {
      paths.push(path);
      return readPublic(path);
    }, "fashion-mnist");
    const steps: number[] = [];
    await dataset.stream(2501, (loaded, total) => steps.push(loaded / total));
    expect(steps.length).toBe(4);
    expect(steps[0]).toBe(0);
    expect(steps[3]).toBe(1);
    await dataset.loadChunk("weights", 2);
    await dataset.loadChunk("architecture", 0);
    expect(paths).toEqual(
      ["manifest.json", "train-00.bin", "train-01.bin", "train-02.bin"].map((file) => `datasets/fashion-mnist/${file}`),
    );
  });

  it("begins with less than 2 MB", async () => {
    const manifest = JSON.parse(
      new TextDecoder().decode(await readPublic("datasets/fashion-mnist/manifest.json")),
    ) as Manifest;
    for (const { bytes } of [...manifest.train, ...manifest.test]) expect(bytes).toBeLessThan(2_000_000);
  });
});

describe("a bad packed data set", () => {
  const changed = (path: string, change: (bytes: Uint8Array) => Uint8Array) =>
    openDataset(async (asked) => {
      const bytes = await readPublic(asked);
      return asked.endsWith(path) ? change(bytes) : bytes;
    }, "fashion-mnist");
  const flipped = (at: number) => (bytes: Uint8Array) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

  it("says which file is missing", async () => {
    expect(await refusal(openDataset(readPublic, "no-such-data"))).toMatch(
      /datasets\/no-such-data\/manifest.json could not be read/,
    );
    const gone = await openDataset(async (path) => {
      if (path.endsWith("train-03.bin")) throw new Error("404");
      return readPublic(path);
    }, "fashion-mnist");
    expect(await refusal(gone.loadChunk("weights", 3))).toMatch(/train-03.bin could not be read \(404\): .*try again/);
  });

  it("tries again after a failure", async () => {
    let online = false;
    const dataset = await openDataset(async (path) => {
      if (!online && path.endsWith(".bin")) throw new Error("offline");
      return readPublic(path);
    }, "fashion-mnist");
    await refusal(dataset.loadChunk("test", 0));
    online = true;
    expect((await dataset.loadChunk("test", 0)).labels.length).toBe(2500);
  });

  it("says which file is cut short, with bytes expected and found", async () => {
    const dataset = await changed("train-01.bin", (bytes) => bytes.subarray(0, 1000));
    expect(await refusal(dataset.loadChunk("architecture", 1))).toMatch(
      /train-01.bin is cut short: expected 8\d{5} bytes, found 1000/,
    );
  });

  it.each([0, 30, 40_000, 853_780])("notices a changed byte at %i", async (at) => {
    const dataset = await changed("train-01.bin", flipped(at));
    expect(await refusal(dataset.loadChunk("weights", 1))).toMatch(/train-01.bin is damaged/);
  });

  it("refuses a manifest that is a page, or of another version", async () => {
    const page = () => new TextEncoder().encode("<!doctype html>");
    expect(await refusal(changed("manifest.json", page))).toMatch(/manifest.json is damaged/);
    const other = () => new TextEncoder().encode('{"version":2}');
    expect(await refusal(changed("manifest.json", other))).toMatch(/not a manifest of version 1/);
  });
});

describe("the pixel codec", () => {
  it.each([1, 2, 3, 28])("returns images of %i px as they were", (side) => {
    const random = new RandomStream(side, "pixels");
    const noise = Uint8Array.from({ length: 20 * side * side }, (_, i) => (i % 3 ? random.integer(256) : 0));
    const streams = toStreams(noise, side);
    const packed = Uint8Array.from([...streamLengths(streams), ...streams.flatMap((stream) => [...stream])]);
    expect(fromStreams(packed, 20, side)).toEqual(noise);
    expect(fromStreams(packed, 21, side)).toBeNull();
    packed[0] ^= 1;
    expect(fromStreams(packed, 20, side)).toBeNull();
  });
});

describe("a folder in MNIST's layout", () => {
  it("is read gzipped or not, with the test images apart", async () => {
    const plain = await openIdxDataset(reader(idxFolder({})), "folder");
    const zipped = await openIdxDataset(reader(idxFolder({ zipped: true })), "folder");
    expect(plain.images).toEqual({ weights: 20, architecture: 20, test: 20 });
    expect(plain.classes).toEqual(["0", "1", "2", "3"]);
    expect(plain.side).toBe(4);
    for (const part of PARTS) expect(await zipped.loadChunk(part, 0)).toEqual(await plain.loadChunk(part, 0));
    const { pixels } = await plain.loadChunk("test", 0);
    expect(Array.from({ length: 20 }, (_, i) => pixels[16 * i]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it("names the file that is missing and what the folder should hold", async () => {
    for (const name of idxFolder({}).keys()) {
      const files = idxFolder({});
      files.delete(name);
      expect(await refusal(openIdxDataset(reader(files), "folder"))).toMatch(
        new RegExp(`^${name} .*could not be read.*t10k-labels`),
      );
    }
  });

  const spoilt = (name: string, change: (bytes: Uint8Array) => Uint8Array, zipped = false) => {
    const files = idxFolder({ zipped });
    files.set(name, change(files.get(name) as Uint8Array));
    return refusal(openIdxDataset(reader(files), "folder"));
  };

  it("names the file that is cut short, with bytes expected and found", async () => {
    const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5);
    expect(await spoilt("folder/train-images-idx3-ubyte", cut)).toMatch(
      /^folder\/train-images-idx3-ubyte is cut short: expected 656 bytes, found 651/,
    );
    expect(await spoilt("folder/t10k-labels-idx1-ubyte", cut)).toMatch(
      /t10k-labels-idx1-ubyte is cut short: expected 28 bytes, found 23/,
    );
    expect(await spoilt("folder/t10k-labels-idx1-ubyte", () => Uint8Array.of(0, 0))).toMatch(
      /at least 8 bytes, found 2/,
    );
  });

  it("notices gzip data that is cut short or damaged", async () => {
    const name = "folder/train-images-idx3-ubyte.gz";
    expect(await spoilt(name, (bytes) => bytes.subarray(0, bytes.length - 20), true)).toMatch(
      /train-images-idx3-ubyte.gz is (cut short|damaged): expected .* bytes.* after decompression, found \d+/,
    );
    expect(
      await spoilt(name, (bytes) => bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte)), true),
    ).toMatch(/\.gz is/);
  });

  it("refuses files that are something else or do not belong together", async () => {
    expect(await spoilt("folder/train-images-idx3-ubyte", () => new TextEncoder().encode("hello there"))).toMatch(
      /not an IDX file of images: it begins with 68 65 6c 6c, expected 00 00 08 03/,
    );
    expect(await spoilt("folder/train-labels-idx1-ubyte", () => idx([3], Uint8Array.of(1, 2, 3)))).toMatch(
      /3 labels for 40 images/,
    );
    expect(await spoilt("folder/t10k-images-idx3-ubyte", () => idx([20, 2, 2], new Uint8Array(80)))).toMatch(
      /4 px and test images of 2 px/,
    );
    expect(await spoilt("folder/t10k-images-idx3-ubyte", () => idx([20, 2, 3], new Uint8Array(120)))).toMatch(
      /3 x 2 pixels: only square/,
    );
    expect(await spoilt("folder/train-images-idx3-ubyte", () => idx([0, 2, 2], new Uint8Array(0)))).toMatch(
      /40 labels for 0 images/,
    );
  });
});
