import { gzipSync } from "node:zlib";
import type { Dataset, ReadFile } from "../../src/engine/data/dataset";
import type { Batch } from "../../src/engine/engine";

/** Files of an IDX folder called "folder", by path. Image i of a split has the number i in its first two pixels and class i % classes. */
export function idxFolder({ train = 40, test = 20, classes = 4, side = 4, zipped = false }): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [prefix, count] of [
    ["train", train],
    ["t10k", test],
  ] as const) {
    const images = new Uint8Array(count * side * side);
    for (let i = 0; i < count; i++) {
      images.set(
        [i & 255, i >> 8, ...Array.from({ length: side * side - 2 }, (_, k) => (i * 31 + k * 17) & 255)],
        i * side * side,
      );
    }
    const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
    const put = (name: string, bytes: Uint8Array) =>
      files.set(`folder/${prefix}-${name}${zipped ? ".gz" : ""}`, zipped ? gzipSync(bytes) : bytes);
    put("images-idx3-ubyte", idx([count, side, side], images));
    put("labels-idx1-ubyte", idx([count], labels));
  }
  return files;
}

export function idx(dimensions: readonly number[], data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head[2] = 8;
  head[3] = dimensions.length;
  for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, data]);
}

export function reader(files: ReadonlyMap<string, Uint8Array>): ReadFile {
  return async (path) => {
    const bytes = files.get(path);
    if (!bytes) throw new Error("no such file");
    return bytes;
  };
}

/** Numbers of the synthetic images in a batch that was neither resized nor varied. */
export function numbersIn({ images, labels }: Batch, { side, mean, std }: Dataset): number[] {
  const area = images.length / labels.length;
  if (area !== side * side) throw new Error("the batch was resized");
  const byte = (at: number) => Math.round(255 * (images[at] * std + mean));
  return Array.from(labels, (_, i) => byte(i * area) + 256 * byte(i * area + 1));
}
