/** Reads a whole file; a relative path is below public/. Rejects where there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** The two disjoint halves of the training images, and the test images, which belong to neither. */
export const PARTS = ["weights", "architecture", "test"] as const;
export type Part = (typeof PARTS)[number];

/** Grey images, side x side bytes each, row by row, 0 black; and the class of each. */
export interface Images {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Labelled square grey images, in chunks that arrive one by one. */
export interface Dataset {
  /** For people. */
  readonly name: string;
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Pixels. */
  readonly side: number;
  /** Mean and standard deviation of all training pixels at their own size, as shares of full white. */
  readonly mean: number;
  readonly std: number;
  /** Images of each part. */
  readonly images: Readonly<Record<Part, number>>;
  /** Images of a part in a chunk; its last chunk may hold fewer. Any run of images from a part's start has all classes evenly. */
  readonly chunk: Readonly<Record<Part, number>>;
  /**
   * A part's share of a chunk; loaded once and kept, so asking again is free. A failure is not kept.
   * @throws {InputError} for a file that is missing, damaged or cut short
   */
  loadChunk(part: Part, index: number): Promise<Images>;
  /**
   * Loads what the first `images` images of both training halves need, chunk by chunk.
   * @param progress called at once and after each chunk with the bytes loaded so far, of how many
   */
  stream(images: number, progress: (loaded: number, total: number) => void): Promise<void>;
}

/** Images one after the other. */
export function joined(parts: readonly Images[]): Images {
  const concatenated = (arrays: readonly Uint8Array[]) => {
    const whole = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of arrays) {
      whole.set(array, at);
      at += array.length;
    }
    return whole;
  };
  return {
    pixels: concatenated(parts.map(({ pixels }) => pixels)),
    labels: concatenated(parts.map(({ labels }) => labels)),
  };
}

/** A data set whose weights' part is all training images: for a network that is trained when the search is over. */
export function withWholeTraining(dataset: Dataset): Dataset {
  const { name, classes, side, mean, std, images, chunk } = dataset;
  const loaded = new Map<number, Promise<Images>>();
  const whole = (index: number) => {
    const known = loaded.get(index);
    if (known) return known;
    const loading = Promise.all(
      (["weights", "architecture"] as const).map((part) => dataset.loadChunk(part, index)),
    ).then(joined);
    loaded.set(index, loading);
    loading.catch(() => loaded.delete(index));
    return loading;
  };
  return {
    name,
    classes,
    side,
    mean,
    std,
    images: { ...images, weights: images.weights + images.architecture, architecture: 0 },
    chunk: { ...chunk, weights: chunk.weights + chunk.architecture },
    loadChunk: (part, index) => (part === "weights" ? whole(index) : dataset.loadChunk(part, index)),
    stream: (count, progress) => dataset.stream(Math.ceil(count / 2), progress),
  };
}

/** Images at places `from` to before `to`, on the same memory. */
export function slice({ pixels, labels }: Images, side: number, from: number, to: number): Images {
  return { pixels: pixels.subarray(from * side * side, to * side * side), labels: labels.subarray(from, to) };
}
