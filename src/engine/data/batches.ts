import { InputError } from "../../core/errors";
import type { RandomStream, StreamState } from "../../core/random";
import type { Batch } from "../engine";
import { type Augmentation, drawVariation, type Variation, vary } from "./augment";
import type { Dataset, Images, Part } from "./dataset";
import { type Resize, resizer } from "./resize";

/** A half of the training images. */
export type Half = Exclude<Part, "test">;

export interface BatchSourceOptions {
  readonly dataset: Dataset;
  /** Where the images come from: as a rule one of the halves. */
  readonly half: Part;
  /** How many of them to use, from the start. */
  readonly images: number;
  /** Side of the images in the batches, pixels. */
  readonly image: number;
  /** Images a batch. */
  readonly batch: number;
  /** The source's own: nobody else may draw from it. */
  readonly random: RandomStream;
}

export interface NextBatch {
  readonly batch: Batch;
  /** Passes over the images begun, 1 during the first. */
  readonly epoch: number;
}

/** Where a source stands; plain JSON. */
export interface BatchSourceState {
  readonly epoch: number;
  /** Images of this epoch already given out. */
  readonly position: number;
  /** The random stream before it drew this epoch's order, and now. */
  readonly epochStart: StreamState;
  readonly now: StreamState;
}

/**
 * Gives out a half's images, shuffled, in whole batches: each image at most once an epoch, what doesn't fill a batch at the end is
 * dropped. In the first epoch the chunks come in order, each shuffled in itself, so that a search begins while images still arrive;
 * from the second on all are shuffled together. Nothing depends on when chunks arrive, and the augmentation never changes which images
 * come when: an epoch draws its order, then every image a fixed number of uniforms.
 */
export class BatchSource {
  private readonly resize: Resize;
  private readonly resized: Float32Array;
  private epoch = 0;
  private position = 0;
  private order: Int32Array = new Int32Array(0);
  private epochStart: StreamState;

  /** @throws {InputError} if there are fewer images than asked for, or than a batch takes */
  constructor(private readonly options: BatchSourceOptions) {
    const { dataset, half, images, image, batch, random } = options;
    if (images > dataset.images[half]) {
      throw new InputError(
        `the ${half} half of ${dataset.name} has ${dataset.images[half]} images, ${images} were asked for: use at most ${dataset.images[half]} images a half`,
      );
    }
    if (batch > images) {
      throw new InputError(
        `a batch of ${batch} is larger than the ${images} images it comes from: use a batch of at most ${images}, or more images a half`,
      );
    }
    this.resize = resizer(dataset.side, image);
    this.resized = new Float32Array(image * image);
    this.epochStart = random.save();
    this.beginEpoch(1);
  }

  /** True when the next batch opens an epoch. */
  get startsEpoch(): boolean {
    return this.position === 0 || this.position + this.options.batch > this.options.images;
  }

  /**
   * The next batch; waits for its images where they haven't arrived. After a failure to load them the same call gives the same batch.
   * Await it before the next call.
   */
  async next(augmentation: Augmentation): Promise<NextBatch> {
    const { images, image, batch, random } = this.options;
    if (this.position + batch > images) this.beginEpoch(this.epoch + 1);
    const picked = this.order.subarray(this.position, this.position + batch);
    const chunks = await this.load(picked);
    const variations = Array.from(picked, () => drawVariation(augmentation, image, random));
    this.position += batch;
    return { batch: this.assemble(picked, chunks, variations), epoch: this.epoch };
  }

  /**
   * The first `count` images of the half in whole batches (rounded up, or down where the half ends), without augmentation: always the
   * same, drawn from nothing. It may reach past the images in use.
   */
  async *evaluationBatches(count: number): AsyncGenerator<Batch, void> {
    const { dataset, half, batch } = this.options;
    const batches = Math.min(Math.ceil(count / batch), Math.floor(dataset.images[half] / batch));
    for (let i = 0; i < batches; i++) {
      const picked = Int32Array.from({ length: batch }, (_, k) => i * batch + k);
      yield this.assemble(picked, await this.load(picked), null);
    }
  }

  /**
   * The images in use, in order and without augmentation, each once: the last batch is filled up with the first images, which `count`
   * leaves out.
   */
  async *everyImage(): AsyncGenerator<{ readonly batch: Batch; readonly count: number }, void> {
    const { images, batch } = this.options;
    for (let first = 0; first < images; first += batch) {
      const picked = Int32Array.from({ length: batch }, (_, k) => (first + k) % images);
      const count = Math.min(batch, images - first);
      yield { batch: this.assemble(picked, await this.load(picked), null), count };
    }
  }

  save(): BatchSourceState {
    const { epoch, position, epochStart } = this;
    return { epoch, position, epochStart, now: this.options.random.save() };
  }

  /** Goes on where a source with the same options stood. */
  restore(state: BatchSourceState): void {
    const { random } = this.options;
    random.restore(state.epochStart);
    this.beginEpoch(state.epoch);
    this.position = state.position;
    random.restore(state.now);
  }

  private beginEpoch(epoch: number): void {
    const { dataset, half, images, random } = this.options;
    this.epoch = epoch;
    this.position = 0;
    this.epochStart = random.save();
    if (epoch > 1) {
      this.order = random.permutation(images);
      return;
    }
    const size = dataset.chunk[half];
    const order = new Int32Array(images);
    for (let first = 0; first < images; first += size) {
      const shuffled = random.permutation(Math.min(size, images - first));
      order.set(
        shuffled.map((place) => first + place),
        first,
      );
    }
    this.order = order;
  }

  private async load(picked: Int32Array): Promise<Map<number, Images>> {
    const { dataset, half } = this.options;
    const needed = [...new Set(picked.map((place) => Math.floor(place / dataset.chunk[half])))];
    const loaded = await Promise.all(needed.map((index) => dataset.loadChunk(half, index)));
    return new Map(needed.map((index, i) => [index, loaded[i]]));
  }

  private assemble(
    picked: Int32Array,
    chunks: ReadonlyMap<number, Images>,
    variations: readonly Variation[] | null,
  ): Batch {
    const { dataset, half, image } = this.options;
    const { mean, std, side } = dataset;
    const size = dataset.chunk[half];
    const area = image * image;
    const images = new Float32Array(picked.length * area);
    const labels = new Uint8Array(picked.length);
    for (const [i, place] of picked.entries()) {
      const { pixels, labels: classes } = chunks.get(Math.floor(place / size)) as Images;
      this.resize(pixels, (place % size) * side * side, this.resized);
      for (let k = 0; k < area; k++) this.resized[k] = (this.resized[k] / 255 - mean) / std;
      const target = images.subarray(i * area, (i + 1) * area);
      if (variations) vary(this.resized, image, variations[i], -mean / std, target);
      else target.set(this.resized);
      labels[i] = classes[place % size];
    }
    return { images, labels };
  }
}
