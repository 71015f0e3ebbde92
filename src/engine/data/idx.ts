import { InputError } from "../../core/errors";
import { gunzip } from "../../core/gunzip";
import { RandomStream } from "../../core/random";
import { type Dataset, type Images, type Part, type ReadFile, slice } from "./dataset";
import { shuffledEvenly, splitHalves } from "./split";

/**
 * The layout of MNIST's files (LeCun et al. 1998): big-endian; two zero bytes, a type (8: unsigned byte), the number of dimensions,
 * the dimensions as uint32, then the bytes. As they are or gzipped.
 */

interface IdxFile {
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

/** Images and labels of one split of an IDX folder, and the side of its square images. */
interface IdxSplit extends Images {
  readonly side: number;
}

/** Fixes which image is in which half; the same for every run. */
const SPLIT_SEED = 201;

/** Images that a chunk holds of each part. */
const CHUNK: Readonly<Record<Part, number>> = { weights: 1250, architecture: 1250, test: 2500 };

/**
 * Opens a folder of four files in MNIST's layout, all of it at once. Classes are called by their labels. Halves and order come
 * from a fixed seed: a packed data set and the folder it was packed from give the same images in the same places.
 * @throws {InputError} naming the file that is missing, damaged or cut short
 */
export async function openIdxDataset(read: ReadFile, folder: string): Promise<Dataset> {
  const train = await readIdxSplit(read, folder, "train");
  const test = await readIdxSplit(read, folder, "t10k");
  const { side } = train;
  if (test.side !== side) {
    throw new InputError(
      `${folder} holds training images of ${side} px and test images of ${test.side} px: both must have one size`,
    );
  }
  const classes = 1 + Math.max(train.labels.reduce(larger), test.labels.reduce(larger));
  const random = new RandomStream(SPLIT_SEED, "split");
  const halves = splitHalves(train.labels, classes, random);
  const parts: Record<Part, Images> = {
    weights: gather(train, side, halves.weights),
    architecture: gather(train, side, halves.architecture),
    test: gather(test, side, shuffledEvenly(test.labels, classes, random)),
  };
  return {
    name: folder,
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    side,
    ...pixelStatistics(train.pixels),
    images: {
      weights: parts.weights.labels.length,
      architecture: parts.architecture.labels.length,
      test: parts.test.labels.length,
    },
    chunk: CHUNK,
    loadChunk: async (part, index) => slice(parts[part], side, index * CHUNK[part], (index + 1) * CHUNK[part]),
    stream: async (_, progress) => progress(train.pixels.length, train.pixels.length),
  };
}

/**
 * Reads `<prefix>-images-idx3-ubyte[.gz]` and `<prefix>-labels-idx1-ubyte[.gz]`.
 * @throws {InputError} naming the file that is missing, cut short or not what it should be
 */
async function readIdxSplit(read: ReadFile, folder: string, prefix: "train" | "t10k"): Promise<IdxSplit> {
  const images = await readIdx(read, `${folder}/${prefix}-images-idx3-ubyte`, 3);
  const labels = await readIdx(read, `${folder}/${prefix}-labels-idx1-ubyte`, 1);
  const [count, height, width] = images.dimensions;
  if (height !== width) {
    throw new InputError(
      `${folder}/${prefix}-images-idx3-ubyte holds images of ${width} x ${height} pixels: only square ones can be read, crop or pad them`,
    );
  }
  if (labels.dimensions[0] !== count) {
    throw new InputError(
      `${folder}/${prefix}-labels-idx1-ubyte holds ${labels.dimensions[0]} labels for ${count} images: the two files do not belong together`,
    );
  }
  if (count === 0 || height === 0) throw new InputError(`${folder}/${prefix}-images-idx3-ubyte holds no images`);
  return { pixels: images.data, labels: labels.data, side: height };
}

async function readIdx(read: ReadFile, name: string, rank: 1 | 3): Promise<IdxFile> {
  const { bytes: packed, path } = await readEither(read, name);
  const zipped = packed[0] === 0x1f && packed[1] === 0x8b;
  const { bytes, damaged } = zipped ? await gunzip(packed) : { bytes: packed, damaged: false };
  const inside = zipped ? " after decompression" : "";
  const head = 4 + 4 * rank;
  if (bytes.length >= 4 && (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || bytes[3] !== rank)) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new InputError(
      `${path} is not an IDX file of ${rank === 3 ? "images" : "labels"}: it begins with ${magic}, expected 00 00 08 0${rank}`,
    );
  }
  if (bytes.length < head) {
    throw new InputError(
      `${path} is cut short: expected at least ${head} bytes${inside}, found ${bytes.length}; copy it again`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = head + dimensions.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected || damaged) {
    const state = bytes.length < expected ? "is cut short" : "is damaged";
    throw new InputError(`${path} ${state}: expected ${expected} bytes${inside}, found ${bytes.length}; copy it again`);
  }
  return { dimensions, data: bytes.subarray(head) };
}

async function readEither(read: ReadFile, name: string): Promise<{ bytes: Uint8Array; path: string }> {
  for (const path of [name, `${name}.gz`]) {
    try {
      return { bytes: await read(path), path };
    } catch {
      // The other spelling may be there.
    }
  }
  throw new InputError(
    `${name} (or the same with .gz) could not be read: a folder of data holds train-images-idx3-ubyte, train-labels-idx1-ubyte, ` +
      "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, in MNIST's format",
  );
}

const larger = (a: number, b: number) => Math.max(a, b);

function gather({ pixels, labels }: Images, side: number, places: Int32Array): Images {
  const area = side * side;
  const gathered = { pixels: new Uint8Array(places.length * area), labels: new Uint8Array(places.length) };
  for (const [i, place] of places.entries()) {
    gathered.pixels.set(pixels.subarray(place * area, (place + 1) * area), i * area);
    gathered.labels[i] = labels[place];
  }
  return gathered;
}

/** Mean and standard deviation of pixels, as shares of full white. Sums of bytes are exact in float64. */
function pixelStatistics(pixels: Uint8Array): { mean: number; std: number } {
  let sum = 0;
  let squares = 0;
  // By index: an iterator takes five times as long over 47 million bytes.
  for (let i = 0; i < pixels.length; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const mean = sum / pixels.length;
  return { mean: mean / 255, std: Math.max(Math.sqrt(squares / pixels.length - mean * mean), 1) / 255 };
}
