/**
 * Writes public/datasets/fashion-mnist from a folder with the data set's four files (Debian: package dataset-fashion-mnist):
 *
 *   npx tsx src/tools/pack-fashion-mnist.ts /usr/share/datasets/fashion-mnist
 *
 * All images go in, exactly, in chunks. What was written is opened again and compared, image by image, before this ends.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { type Dataset, type Images, joined, PARTS, type Part } from "../engine/data/dataset";
import { openIdxDataset } from "../engine/data/idx";
import { type Manifest, type ManifestChunk, openDataset } from "../engine/data/packed";
import { streamLengths, toStreams } from "../engine/data/pixel-codec";
import { encodeGreyPng } from "./png";

const PUBLIC = new URL("../../public/", import.meta.url);
const OUT = new URL("datasets/fashion-mnist/", PUBLIC);

const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Images of each class in the preview. */
const PREVIEW_ROWS = 2;

const STRATEGIES = [constants.Z_DEFAULT_STRATEGY, constants.Z_FILTERED, constants.Z_HUFFMAN_ONLY];

/** Deflates a piece with whichever strategy is shortest, on its own, so that it may stand anywhere in a stream. */
function deflatePiece(piece: Uint8Array): Buffer {
  const tries = STRATEGIES.map((strategy) =>
    deflateRawSync(piece, { level: 9, memLevel: 9, strategy, finishFlush: constants.Z_SYNC_FLUSH }),
  );
  return tries.reduce((best, next) => (next.length < best.length ? next : best));
}

/** One gzip stream of pieces that are deflated one by one (RFC 1952; no name, no time, so that the same images give the same bytes). */
function gzipPieces(pieces: readonly Uint8Array[]): Buffer {
  const whole = Buffer.concat(pieces);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(whole), 0);
  trailer.writeUInt32LE(whole.length, 4);
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255);
  const deflated = pieces.filter((piece) => piece.length > 0).map(deflatePiece);
  return Buffer.concat([header, ...deflated, deflateRawSync(Uint8Array.of()), trailer]);
}

function packChunk({ pixels, labels }: Images, side: number, file: string): ManifestChunk {
  const count = new Uint8Array(Uint32Array.of(labels.length).buffer);
  const streams = toStreams(pixels, side);
  const packed = gzipPieces([Buffer.concat([count, labels, streamLengths(streams)]), ...streams]);
  writeFileSync(new URL(file, OUT), packed);
  return {
    file,
    bytes: packed.length,
    crc32: packed
      .readUInt32LE(packed.length - 8)
      .toString(16)
      .padStart(8, "0"),
  };
}

async function packSplit(dataset: Dataset, parts: readonly Part[], name: string): Promise<ManifestChunk[]> {
  const chunks: ManifestChunk[] = [];
  const count = Math.ceil(dataset.images[parts[0]] / dataset.chunk[parts[0]]);
  for (let i = 0; i < count; i++) {
    const images = joined(await Promise.all(parts.map((part) => dataset.loadChunk(part, i))));
    chunks.push(packChunk(images, dataset.side, `${name}-${String(i).padStart(2, "0")}.bin`));
  }
  return chunks;
}

/** Compares what was packed with where it came from. @throws at the first difference */
async function verify(original: Dataset): Promise<void> {
  const packed = await openDataset((path) => readFile(new URL(path, PUBLIC)), "fashion-mnist");
  for (const part of PARTS) {
    const chunks = Math.ceil(original.images[part] / original.chunk[part]);
    for (let i = 0; i < chunks; i++) {
      const [a, b] = [await original.loadChunk(part, i), await packed.loadChunk(part, i)];
      if (Buffer.compare(a.pixels, b.pixels) !== 0 || Buffer.compare(a.labels, b.labels) !== 0) {
        throw new Error(`chunk ${i} of the ${part} images came back wrong`);
      }
      const perClass = CLASSES.map((_, label) => b.labels.filter((other) => other === label).length);
      if (perClass.some((n) => n !== perClass[0]))
        throw new Error(`chunk ${i} of ${part} is not balanced: ${perClass}`);
    }
    console.log(
      `${part}: ${original.images[part]} images in ${chunks} chunks, as they were, each with every class equally often`,
    );
  }
}

/** The first images of each class, a column a class. */
async function writePreview(dataset: Dataset): Promise<void> {
  const { side } = dataset;
  const width = CLASSES.length * side;
  const sheet = new Uint8Array(PREVIEW_ROWS * side * width);
  const { pixels, labels } = await dataset.loadChunk("weights", 0);
  for (let label = 0; label < CLASSES.length; label++) {
    for (let row = 0, image = -1; row < PREVIEW_ROWS; row++) {
      image = labels.indexOf(label, image + 1);
      for (let y = 0; y < side; y++) {
        const line = pixels.subarray((image * side + y) * side, (image * side + y + 1) * side);
        sheet.set(line, (row * side + y) * width + label * side);
      }
    }
  }
  writeFileSync(new URL("preview.png", OUT), encodeGreyPng(sheet, width));
}

const folder = process.argv[2];
if (!folder) throw new Error("usage: npx tsx src/tools/pack-fashion-mnist.ts FOLDER");
const original = await openIdxDataset((path) => readFile(path), folder);
mkdirSync(OUT, { recursive: true });
for (const file of readdirSync(OUT)) if (file.endsWith(".bin")) rmSync(new URL(file, OUT));
const { side, mean, std, images, chunk } = original;
const manifest: Manifest = {
  version: 1,
  name: "Fashion-MNIST",
  source: "Xiao, Rasul, Vollgraf 2017, https://github.com/zalandoresearch/fashion-mnist; MIT, see NOTICE",
  classes: CLASSES,
  side,
  mean,
  std,
  images,
  chunk,
  train: await packSplit(original, ["weights", "architecture"], "train"),
  test: await packSplit(original, ["test"], "test"),
};
writeFileSync(new URL("manifest.json", OUT), `${JSON.stringify(manifest, null, 2)}\n`);
await writePreview(original);
await verify(original);
const bytes = [...manifest.train, ...manifest.test].map((entry) => entry.bytes);
const total = bytes.reduce((sum, size) => sum + size, 0);
const given = readdirSync(folder).reduce((sum, file) => sum + readFileSync(`${folder}/${file}`).length, 0);
console.log(
  `${total} bytes (${((100 * total) / given).toFixed(1)} % of the folder's), the first chunk ${bytes[0]}, the largest ${Math.max(...bytes)}`,
);
