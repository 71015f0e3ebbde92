import { InputError } from "../core/errors";
import type { Entry } from "./plan/kernels";
import type { Executable } from "./plan/plan";
import type { Activation, ProbePlan } from "./plan/probe";
import { pack, unpack } from "./plan/weights";

/** A range of the arena, in floats. */
export interface Range {
  readonly offset: number;
  readonly floats: number;
}

/** Runs the programs of several probe plans of one batch on a device, in one arena: one network at a time. */
export interface Prober {
  write(offset: number, data: Float32Array<ArrayBuffer>): void;
  run(plan: ProbePlan, program: keyof ProbePlan["programs"]): void;
  /** Ranges of the arena as the calls before leave them; good until the next run or write. */
  read(ranges: readonly Range[]): Promise<readonly Float32Array[]>;
  /** Frees the arena. */
  dispose(): void;
}

/** For every image of a batch a row of bits: what is on. */
export interface Codes {
  /** Bits of a row. */
  readonly units: number;
  /** Image after image, `words` each. */
  readonly bits: Uint32Array;
  readonly words: number;
}

/** One network on a prober. */
export class Probe {
  private weights: Float32Array = new Float32Array(0);

  constructor(
    private readonly prober: Prober,
    readonly plan: ProbePlan,
  ) {}

  /**
   * Makes this the network that the prober works on.
   * @param weights in the order of `parameterLayout`
   * @param images batch x image x image x imageChannels, channels last
   * @throws {InputError} where the sizes are wrong
   */
  load(weights: Float32Array, images: Float32Array): void {
    const { plan, prober } = this;
    const { spec, blocks, packed, regions, input } = plan;
    const count = blocks.reduce((sum, { parameter }) => sum + parameter.size, 0);
    const positions = input.side ** 2;
    if (weights.length !== count || images.length !== spec.batch * positions * input.channels) {
      throw new InputError(
        `expected ${count} weights and ${spec.batch} images of ${input.side} x ${input.side} x ${input.channels}, ` +
          `got ${weights.length} and ${images.length} pixel values`,
      );
    }
    this.weights = weights;
    // Gradients of what isn't computed stay zero.
    const state = new Float32Array(2 * packed);
    pack(blocks, weights, state);
    prober.write(regions.weights, state.subarray(0, packed));
    prober.write(regions.gradient, state.subarray(packed));
    prober.write(regions.one, new Float32Array([1, 0, 0, 0]));
    const pixels = new Float32Array(floatsOf(plan, input));
    each(plan, input, (b, p, c, at) => {
      pixels[at] = images[(b * positions + p) * input.channels + c];
    });
    prober.write(input.offset, pixels);
  }

  /** The logits, batch x classes, bias included. */
  async forward(): Promise<Float64Array> {
    const { plan, prober } = this;
    prober.run(plan, "forward");
    const [values] = await this.tensors([plan.logits]);
    const { sizes } = plan.spec;
    const bias = plan.blocks.find(({ parameter }) => parameter.name === "head/bias")?.parameter;
    const logits = new Float64Array(plan.spec.batch * sizes.classes);
    each(plan, plan.logits, (b, _, c, at) => {
      logits[b * sizes.classes + c] = values[at] + (bias ? this.weights[bias.offset + c] : 0);
    });
    return logits;
  }

  /** Goes back from dL/d(logits), batch x classes, once after each `forward`. */
  backward(gradient: ArrayLike<number>): void {
    const { plan, prober } = this;
    const { logits } = plan;
    const values = new Float32Array(floatsOf(plan, logits));
    each(plan, logits, (b, _, c, at) => {
      values[at] = gradient[b * logits.channels + c];
    });
    prober.write(logits.offset, values);
    prober.run(plan, "backward");
  }

  /** dL/dw after `backward`, in the order of `parameterLayout`. */
  async weightGradient(): Promise<Float32Array> {
    const { blocks, packed, regions } = this.plan;
    const [range] = await this.prober.read([{ offset: regions.gradient, floats: packed }]);
    const flat = new Float32Array(this.weights.length);
    unpack(blocks, range, flat);
    return flat;
  }

  /** dL/d(images) after `backward`: of every image a row of image x image x imageChannels. */
  async imageGradients(): Promise<Float64Array[]> {
    const { plan } = this;
    const { inputGradient, spec } = plan;
    const [values] = await this.tensors([inputGradient]);
    const { side, channels } = inputGradient;
    const rows = Array.from({ length: spec.batch }, () => new Float64Array(side * side * channels));
    each(plan, inputGradient, (b, p, c, at) => {
      rows[b][p * channels + c] = values[at];
    });
    return rows;
  }

  /** After `forward`, of every image which rectifiers let something through. */
  async activationCodes(): Promise<Codes> {
    const { plan } = this;
    const { batch } = plan.spec;
    const units = plan.rectified.reduce((sum, { side, channels }) => sum + side * side * channels, 0);
    const words = Math.ceil(units / 32);
    const bits = new Uint32Array(batch * words);
    let unit = 0;
    for (const { data, columns } of await this.rectifiers()) {
      for (const { at, scale, offset } of columns) {
        for (let b = 0; b < batch; b++) {
          if (scale * data[at + 4 * b] + offset > 0) bits[b * words + (unit >> 5)] |= 1 << (unit & 31);
        }
        unit++;
      }
    }
    return { units, bits, words };
  }

  /**
   * Makes the `backward` after this `forward` go through the rectifiers as they were: what has changed sign since is put just to the side
   * of zero where it was.
   */
  async hold({ bits, words }: Codes): Promise<void> {
    const { plan, prober } = this;
    let unit = 0;
    for (const { data, columns, tensor } of await this.rectifiers()) {
      let moved = false;
      const held = data.slice();
      for (const { at, scale, offset } of columns) {
        for (let b = 0; b < plan.spec.batch; b++) {
          const was = ((bits[b * words + (unit >> 5)] >>> (unit & 31)) & 1) === 1;
          if (scale * held[at + 4 * b] + offset > 0 === was) continue;
          held[at + 4 * b] = ((was ? NEAR : -NEAR) - offset) / scale;
          moved = true;
        }
        unit++;
      }
      if (moved) prober.write(tensor.offset, held);
    }
  }

  /** Outputs of the convolutions and the classifier, after `forward`. Copies. */
  async outputs(): Promise<Float32Array[]> {
    const values = await this.tensors(this.plan.convolved.map(({ output }) => output));
    return values.map((data) => data.slice());
  }

  /**
   * After `backward`, for every convolution and the classifier: output times its gradient summed over positions, batch x channels.
   * @param outputs of the `forward` before
   */
  async saliences(outputs: readonly Float32Array[]): Promise<Float64Array[]> {
    const { plan } = this;
    const gradients = await this.tensors(plan.convolved.map(({ gradient }) => gradient));
    return plan.convolved.map(({ output }, i) => {
      const sums = new Float64Array(plan.spec.batch * output.channels);
      each(plan, output, (b, _, c, at) => {
        sums[b * output.channels + c] += outputs[i][at] * gradients[i][at];
      });
      return sums;
    });
  }

  private tensors(tensors: readonly Activation[]): Promise<readonly Float32Array[]> {
    return this.prober.read(tensors.map((tensor) => ({ offset: tensor.offset, floats: floatsOf(this.plan, tensor) })));
  }

  /**
   * What every rectifier reads: its data and, position by position and channel by channel, where the first image is, and the norm in
   * front as a factor and a constant.
   */
  private async rectifiers() {
    const { rectified, images } = this.plan;
    const norms = rectified.flatMap(({ norm, vectors }) => {
      if (!norm) return [];
      const range = (offset: number, floats: number) => ({ offset, floats: floats * vectors });
      return [range(norm.stats, 8), range(norm.scale, 4), range(norm.offset, 4)];
    });
    const [values, affine] = await Promise.all([this.tensors(rectified), this.prober.read(norms)]);
    let next = 0;
    return rectified.map((tensor, r) => {
      const { side, vectors, channels, norm } = tensor;
      const [stats, scales, offsets] = affine.slice(next, norm ? next + 3 : next);
      if (norm) next += 3;
      const columns = Array.from({ length: side * side * channels }, (_, i) => {
        const [p, c] = [Math.floor(i / channels), i % channels];
        const place = 8 * (c >> 2) + (c & 3);
        const scale = norm ? scales[c] * stats[place + 4] : 1;
        const offset = norm ? offsets[c] - scale * stats[place] : 0;
        return { at: (p * vectors + (c >> 2)) * images * 4 + (c & 3), scale, offset };
      });
      return { tensor, data: values[r], columns };
    });
  }
}

/** As far from zero as float32 can tell behind a norm. */
const NEAR = 1e-5;

function floatsOf({ images }: ProbePlan, { side, vectors }: Activation): number {
  return side * side * vectors * images * 4;
}

/** Calls back with image, position, channel and place of every element that is no padding. */
function each(
  { images, spec: { batch } }: ProbePlan,
  { side, vectors, channels }: Activation,
  visit: (image: number, position: number, channel: number, at: number) => void,
): void {
  for (let p = 0; p < side * side; p++) {
    for (let c = 0; c < channels; c++) {
      const at = (p * vectors + (c >> 2)) * images * 4 + (c & 3);
      for (let b = 0; b < batch; b++) visit(b, p, c, at + 4 * b);
    }
  }
}

/** The programs of plans of one batch, by the plan's place and the program's name, for one arena that holds any of them. */
export function programsOf(plans: readonly ProbePlan[]): Executable {
  const programs: Record<string, readonly Entry[]> = {};
  for (const [i, plan] of plans.entries()) {
    for (const [name, entries] of Object.entries(plan.programs)) programs[`${i}/${name}`] = entries;
  }
  const [{ images, spec }] = plans;
  return { images, spec, floats: Math.max(...plans.map(({ floats }) => floats)), programs };
}
