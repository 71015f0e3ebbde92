import { InputError, messageOf } from "../../core/errors";
import { gunzip } from "../../core/gunzip";
import { type Dataset, type Images, type Part, type ReadFile, slice } from "./dataset";
import { fromStreams } from "./pixel-codec";

/** What the manifest of a packed data set holds. */
export interface Manifest extends Omit<Dataset, "loadChunk" | "stream"> {
  readonly version: 1;
  /** Where the images came from, and their licence. */
  readonly source: string;
  readonly train: readonly ManifestChunk[];
  readonly test: readonly ManifestChunk[];
}

/**
 * A file of images: gzip of the labels, then the pixels as pixel-codec.ts packs them. A training chunk holds its images of the
 * weights half, then as many of the architecture half.
 */
export interface ManifestChunk {
  readonly file: string;
  readonly bytes: number;
  /** CRC-32 of what is compressed, which gzip keeps in the file as well; hexadecimal. */
  readonly crc32: string;
}

/**
 * Opens a data set that ships in public/datasets; reads its manifest only.
 * @throws {InputError} where the manifest is missing or not one
 */
export async function openDataset(read: ReadFile, name: string): Promise<Dataset> {
  const folder = `datasets/${name}`;
  const path = `${folder}/manifest.json`;
  const text = new TextDecoder().decode(await readOrExplain(read, path));
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch {
    throw new InputError(`${path} is damaged or cut short (${text.length} characters, not JSON): restore the file`);
  }
  if (manifest.version !== 1 || !manifest.train?.length || !manifest.test?.length) {
    throw new InputError(`${path} is not a manifest of version 1: take all files of datasets/ from the same version`);
  }
  return new PackedDataset(read, folder, manifest);
}

class PackedDataset implements Dataset {
  readonly name;
  readonly classes;
  readonly side;
  readonly mean;
  readonly std;
  readonly images;
  readonly chunk;
  private readonly cache = new Map<ManifestChunk, Promise<Images>>();

  constructor(
    private readonly read: ReadFile,
    private readonly folder: string,
    private readonly manifest: Manifest,
  ) {
    ({
      name: this.name,
      classes: this.classes,
      side: this.side,
      mean: this.mean,
      std: this.std,
      images: this.images,
      chunk: this.chunk,
    } = manifest);
  }

  async loadChunk(part: Part, index: number): Promise<Images> {
    if (part === "test") return this.file(this.manifest.test[index]);
    const both = await this.file(this.manifest.train[index]);
    const half = both.labels.length / 2;
    return part === "weights" ? slice(both, this.side, 0, half) : slice(both, this.side, half, 2 * half);
  }

  async stream(images: number, progress: (loaded: number, total: number) => void): Promise<void> {
    const needed = this.manifest.train.slice(0, Math.ceil(images / this.chunk.weights));
    const total = needed.reduce((sum, { bytes }) => sum + bytes, 0);
    let loaded = 0;
    progress(loaded, total);
    for (const chunk of needed) {
      await this.file(chunk);
      loaded += chunk.bytes;
      progress(loaded, total);
    }
  }

  private file(chunk: ManifestChunk): Promise<Images> {
    const known = this.cache.get(chunk);
    if (known) return known;
    const loading = readChunk(this.read, this.folder, chunk, this.side);
    this.cache.set(chunk, loading);
    loading.catch(() => this.cache.delete(chunk));
    return loading;
  }
}

async function readChunk(read: ReadFile, folder: string, chunk: ManifestChunk, side: number): Promise<Images> {
  const path = `${folder}/${chunk.file}`;
  const packed = await readOrExplain(read, path);
  if (packed.length !== chunk.bytes) {
    const state = packed.length < chunk.bytes ? "is cut short" : "is not the file that its manifest names";
    throw new InputError(`${path} ${state}: expected ${chunk.bytes} bytes, found ${packed.length}; restore the file`);
  }
  const { bytes, damaged } = await gunzip(packed);
  const crc32 = new DataView(packed.buffer, packed.byteOffset + packed.length - 8).getUint32(0, true).toString(16);
  const images = damaged || crc32.padStart(8, "0") !== chunk.crc32 ? null : unpackChunk(bytes, side);
  if (images === null) throw new InputError(`${path} is damaged: its contents fail their checksum; restore the file`);
  return images;
}

/** What a chunk holds when decompressed: uint32 number of images, the labels, the pixels' streams. Null if that doesn't add up. */
export function unpackChunk(bytes: Uint8Array, side: number): Images | null {
  if (bytes.length < 4) return null;
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const pixels = bytes.length < 4 + count ? null : fromStreams(bytes.subarray(4 + count), count, side);
  return pixels && { pixels, labels: bytes.slice(4, 4 + count) };
}

async function readOrExplain(read: ReadFile, path: string): Promise<Uint8Array> {
  try {
    return await read(path);
  } catch (error) {
    const reason = messageOf(error);
    throw new InputError(
      `${path} could not be read (${reason}): restore the file, or check the connection and try again`,
    );
  }
}
