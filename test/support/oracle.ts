import { edgesOf, rowOffsets } from "../../src/core/space";
import type { Batch, Score, SupernetSpec } from "../../src/engine/engine";
import { parameterLayout } from "../../src/engine/network";
import type { Parameter } from "../../src/engine/parameter";

/**
 * The supernet, or a discrete network, in plain float64 loops, layer by layer: a network to compare the engines with that shares no
 * idea with them but the order of the parameters. Tensors are batch x side x side x channels.
 */
export interface Map4 {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** A layer's value, and what turns dL/dvalue into gradients: it adds to its input's gradient and to the weights'. */
export interface Node {
  readonly value: Map4;
  readonly gradient: Map4;
  readonly back: () => void;
}

/** Score of a batch and the loss of each of its images. */
export interface Scored extends Score {
  readonly losses: readonly number[];
  /** The likeliest class of each. */
  readonly classes: readonly number[];
  /** The probability of that class. */
  readonly probabilities: readonly number[];
  /** How near to zero an input of a rectifier came without being zero: below rounding, its slope has no right answer. */
  readonly margin: number;
}

export interface Outcome extends Scored {
  /** dL/dw, in the layout's order. */
  readonly weights: Float64Array;
  /** dL/dp. */
  readonly mixing: Float64Array;
  /** dL_i/dp, batch x size: the gradient of the summed loss by image i's own copy of p. */
  readonly perExample: Float64Array;
  /** Of the batch, for every affine batch norm by name. */
  readonly moments: ReadonlyMap<string, Moments>;
}

/** Mean and biased variance of every channel. */
export interface Moments {
  readonly mean: number[];
  readonly variance: number[];
  /** Values behind one channel. */
  readonly count: number;
}

/** What batch norms go by instead of the batch's own moments. */
export type Running = ReadonlyMap<string, Omit<Moments, "count">>;

/** Scores a batch of any size; `mixing` is one row, or one for each image. */
export function scored(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  mixing: ArrayLike<number>,
  batch: Batch,
): Scored {
  return new Oracle(spec, weights, batch, mixing).forward();
}

/** Scores a batch with discrete cells: one operation an edge, written without mixing weights. */
export function scoredDiscrete(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  operations: readonly string[],
  batch: Batch,
): Scored {
  return new Oracle(spec, weights, batch, operations).forward();
}

/** Stages of the skeleton, and what batch norm adds to a variance. */
const STAGES = 3;
const EPSILON = 1e-5;

/** What records a network layer by layer and goes back; by itself that of NAS-Bench-201. */
export class Oracle {
  protected readonly layout: Map<string, Parameter>;
  protected readonly dWeights: Float64Array;
  protected readonly perExample: Float64Array;
  protected readonly tape: Node[] = [];
  protected readonly count: number;
  private margin = Infinity;
  protected readonly moments = new Map<string, Moments>();

  constructor(
    protected readonly spec: SupernetSpec,
    protected readonly weights: ArrayLike<number>,
    protected readonly batch: Batch,
    /** Mixing weights, or the operation of each edge. */
    protected readonly architecture: ArrayLike<number> | readonly string[],
    protected readonly running?: Running,
  ) {
    this.count = batch.labels.length;
    const layout = parameterLayout(spec.space, spec.sizes, spec.architecture, spec.partial);
    this.layout = new Map(layout.map((parameter) => [parameter.name, parameter]));
    this.dWeights = new Float64Array(weights.length);
    this.perExample = new Float64Array(this.count * spec.space.size);
  }

  forward(): Scored {
    const { sizes } = this.spec;
    const input = map(this.count, sizes.image, sizes.imageChannels);
    input.data.set(this.batch.images);
    let x = this.record(input, () => {});
    x = this.norm(this.conv(x, "stem/conv", 1), "stem");
    for (let stage = 0; stage < STAGES; stage++) {
      if (stage > 0) x = this.residual(x, `reduce${stage}`);
      for (let i = 0; i < sizes.cells; i++) x = this.cell(x, `cell${stage * sizes.cells + i}`);
    }
    return this.head(x);
  }

  backward(): Omit<Outcome, keyof Scored> {
    if (!this.running) for (const node of this.tape.toReversed()) node.back();
    const { size } = this.spec.space;
    const mixing = new Float64Array(size);
    for (let i = 0; i < this.perExample.length; i++) mixing[i % size] += this.perExample[i] / this.count;
    return { weights: this.dWeights, mixing, perExample: this.perExample, moments: this.moments };
  }

  protected record(value: Map4, back: (gradient: Float64Array) => void): Node {
    const gradient = map(value.batch, value.side, value.channels);
    const node = { value, gradient, back: () => back(gradient.data) };
    this.tape.push(node);
    return node;
  }

  protected parameter(name: string): Parameter {
    const found = this.layout.get(name);
    if (!found) throw new Error(`no parameter ${name}`);
    return found;
  }

  protected relu(x: Node): Node {
    const y = map(x.value.batch, x.value.side, x.value.channels);
    x.value.data.forEach((value, i) => {
      y.data[i] = Math.max(0, value);
      if (value !== 0) this.margin = Math.min(this.margin, Math.abs(value));
    });
    return this.record(y, (dy) => {
      for (let i = 0; i < dy.length; i++) if (x.value.data[i] > 0) x.gradient.data[i] += dy[i];
    });
  }

  protected conv(x: Node, name: string, stride: number): Node {
    const { shape, offset } = this.parameter(name);
    const [kernel, , ins, outs] = shape;
    const pad = (kernel - 1) / 2;
    const side = Math.ceil(x.value.side / stride);
    const y = map(x.value.batch, side, outs);
    const each = (visit: (xi: number, yi: number, wi: number) => void) => {
      for (let b = 0; b < y.batch; b++) {
        for (let p = 0; p < side * side; p++) {
          for (let tap = 0; tap < kernel * kernel; tap++) {
            const row = Math.floor(p / side) * stride + Math.floor(tap / kernel) - pad;
            const column = (p % side) * stride + (tap % kernel) - pad;
            if (row < 0 || column < 0 || row >= x.value.side || column >= x.value.side) continue;
            const xi = ((b * x.value.side + row) * x.value.side + column) * ins;
            const yi = (b * side * side + p) * outs;
            for (let i = 0; i < ins; i++) {
              for (let o = 0; o < outs; o++) visit(xi + i, yi + o, offset + (tap * ins + i) * outs + o);
            }
          }
        }
      }
    };
    each((xi, yi, wi) => {
      y.data[yi] += x.value.data[xi] * this.weights[wi];
    });
    return this.record(y, (dy) =>
      each((xi, yi, wi) => {
        x.gradient.data[xi] += dy[yi] * this.weights[wi];
        this.dWeights[wi] += dy[yi] * x.value.data[xi];
      }),
    );
  }

  /** Batch norm, affine where it has a name. */
  protected norm(x: Node, name?: string): Node {
    const { channels, data } = x.value;
    const count = data.length / channels;
    const y = map(x.value.batch, x.value.side, channels);
    const scaleAt = name === undefined ? -1 : this.parameter(`${name}/scale`).offset;
    const offsetAt = name === undefined ? -1 : this.parameter(`${name}/offset`).offset;
    const xhat = new Float64Array(data.length);
    const inverse = new Float64Array(channels);
    const moments: Moments = { mean: [], variance: [], count };
    for (let c = 0; c < channels; c++) {
      let mean = 0;
      let variance = 0;
      for (let i = c; i < data.length; i += channels) mean += data[i] / count;
      for (let i = c; i < data.length; i += channels) variance += (data[i] - mean) ** 2 / count;
      moments.mean.push(mean);
      moments.variance.push(variance);
      const given = name === undefined ? undefined : this.running?.get(name);
      if (given) [mean, variance] = [given.mean[c], given.variance[c]];
      inverse[c] = 1 / Math.sqrt(variance + EPSILON);
      for (let i = c; i < data.length; i += channels) {
        xhat[i] = (data[i] - mean) * inverse[c];
        y.data[i] = name === undefined ? xhat[i] : this.weights[scaleAt + c] * xhat[i] + this.weights[offsetAt + c];
      }
    }
    if (name !== undefined) this.moments.set(name, moments);
    return this.record(y, (dy) => {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        let product = 0;
        for (let i = c; i < data.length; i += channels) {
          sum += dy[i];
          product += dy[i] * xhat[i];
        }
        const scale = name === undefined ? 1 : this.weights[scaleAt + c];
        if (name !== undefined) {
          this.dWeights[scaleAt + c] += product;
          this.dWeights[offsetAt + c] += sum;
        }
        for (let i = c; i < data.length; i += channels) {
          x.gradient.data[i] += scale * inverse[c] * (dy[i] - sum / count - (xhat[i] * product) / count);
        }
      }
    });
  }

  /** Mean over windows, existing pixels only: 3 x 3 of stride 1 around every pixel, or 2 x 2 of stride 2. */
  protected pool(x: Node, stride: 1 | 2): Node {
    const { channels } = x.value;
    const side = Math.ceil(x.value.side / stride);
    const y = map(x.value.batch, side, channels);
    const each = (visit: (xi: number, yi: number, share: number) => void) => {
      for (let b = 0; b < y.batch; b++) {
        for (let p = 0; p < side * side; p++) {
          const top = Math.floor(p / side) * stride - (stride === 1 ? 1 : 0);
          const left = (p % side) * stride - (stride === 1 ? 1 : 0);
          const reach = stride === 1 ? 3 : 2;
          const pixels: number[] = [];
          for (let row = Math.max(0, top); row < Math.min(x.value.side, top + reach); row++) {
            for (let column = Math.max(0, left); column < Math.min(x.value.side, left + reach); column++) {
              pixels.push(((b * x.value.side + row) * x.value.side + column) * channels);
            }
          }
          const yi = (b * side * side + p) * channels;
          for (const xi of pixels) for (let c = 0; c < channels; c++) visit(xi + c, yi + c, 1 / pixels.length);
        }
      }
    };
    each((xi, yi, share) => {
      y.data[yi] += x.value.data[xi] * share;
    });
    return this.record(y, (dy) =>
      each((xi, yi, share) => {
        x.gradient.data[xi] += dy[yi] * share;
      }),
    );
  }

  /** Sum of values, each times a mixing weight where its index is given. */
  protected sum(parts: readonly { node: Node; weight?: number }[], { value: like } = parts[0].node): Node {
    const { size } = this.spec.space;
    const y = map(like.batch, like.side, like.channels);
    const image = y.data.length / y.batch;
    const share = (i: number, weight?: number) => {
      if (weight === undefined) return 1;
      const row = this.architecture.length > size ? Math.floor(i / image) : 0;
      return Number(this.architecture[row * size + weight]);
    };
    for (const { node, weight } of parts) {
      for (let i = 0; i < y.data.length; i++) y.data[i] += share(i, weight) * node.value.data[i];
    }
    return this.record(y, (dy) => {
      for (const { node, weight } of parts) {
        for (let i = 0; i < dy.length; i++) {
          node.gradient.data[i] += share(i, weight) * dy[i];
          if (weight === undefined) continue;
          this.perExample[Math.floor(i / image) * size + weight] += this.count * dy[i] * node.value.data[i];
        }
      }
    });
  }

  /** A layer each of whose outputs is a sum over inputs: `each` calls back with their indices and the factor. */
  protected linear(
    x: Node,
    side: number,
    channels: number,
    each: (visit: (xi: number, yi: number, factor: number) => void) => void,
  ): Node {
    const y = map(x.value.batch, side, channels);
    each((xi, yi, factor) => {
      y.data[yi] += factor * x.value.data[xi];
    });
    return this.record(y, (dy) =>
      each((xi, yi, factor) => {
        x.gradient.data[xi] += factor * dy[yi];
      }),
    );
  }

  /** Largest value of blocks of 2 x 2 pixels; at the end of an odd side they are cut. */
  protected blocks(x: Node): Node {
    const { batch, side, channels, data } = x.value;
    const half = Math.ceil(side / 2);
    return this.linear(x, half, channels, (visit) => {
      for (let yi = 0; yi < batch * half * half * channels; yi++) {
        const [pixel, c] = [Math.floor(yi / channels), yi % channels];
        const [row, column] = [2 * (Math.floor(pixel / half) % half), 2 * (pixel % half)];
        const block = [0, 1, 2, 3]
          .map((k) => [row + (k >> 1), column + (k & 1)])
          .filter((at) => Math.max(...at) < side);
        const places = block.map(([r, s]) => ((Math.floor(pixel / half / half) * side + r) * side + s) * channels + c);
        visit(
          places.reduce((best, xi) => (data[xi] > data[best] ? xi : best)),
          yi,
          1,
        );
      }
    });
  }

  protected concat(parts: readonly Node[]): Node {
    const { batch, side } = parts[0].value;
    const channels = parts.reduce((sum, { value }) => sum + value.channels, 0);
    const y = map(batch, side, channels);
    const each = (visit: (part: Node, xi: number, yi: number) => void) => {
      let first = 0;
      for (const part of parts) {
        const own = part.value.channels;
        for (let i = 0; i < part.value.data.length; i++) {
          visit(part, i, Math.floor(i / own) * channels + first + (i % own));
        }
        first += own;
      }
    };
    each((part, xi, yi) => {
      y.data[yi] = part.value.data[xi];
    });
    return this.record(y, (dy) =>
      each((part, xi, yi) => {
        part.gradient.data[xi] += dy[yi];
      }),
    );
  }

  /** Largest value or mean of the existing pixels of square windows, padded by 1. */
  protected windows(x: Node, stride: number, isMax: boolean, reach = 3): Node {
    const { batch, side, channels, data } = x.value;
    const half = Math.floor((side + 2 - reach) / stride) + 1;
    return this.linear(x, half, channels, (visit) => {
      for (let yi = 0; yi < batch * half * half * channels; yi++) {
        const pixel = Math.floor(yi / channels);
        const [row, column] = [(Math.floor(pixel / half) % half) * stride, (pixel % half) * stride];
        const first = Math.floor(pixel / half / half) * side * side;
        const found: number[] = [];
        for (let r = Math.max(0, row - 1); r < Math.min(side, row - 1 + reach); r++)
          for (let c = Math.max(0, column - 1); c < Math.min(side, column - 1 + reach); c++)
            found.push((first + r * side + c) * channels + (yi % channels));
        if (isMax)
          visit(
            found.reduce((best, xi) => (data[xi] > data[best] ? xi : best)),
            yi,
            1,
          );
        else for (const xi of found) visit(xi, yi, 1 / found.length);
      }
    });
  }

  protected residual(x: Node, name: string): Node {
    const first = this.norm(this.conv(this.relu(x), `${name}/conv1`, 2), `${name}/conv1`);
    const second = this.norm(this.conv(this.relu(first), `${name}/conv2`, 1), `${name}/conv2`);
    const shortcut = this.conv(this.pool(x, 2), `${name}/shortcut`, 1);
    return this.sum([{ node: second }, { node: shortcut }]);
  }

  /** A candidate operation of an edge; `name` is that of its weights. */
  protected operation(operation: string, x: Node, name: string, affine = false): Node {
    switch (operation) {
      case "none":
        return this.record(map(x.value.batch, x.value.side, x.value.channels), () => {});
      case "skip_connect":
        return x;
      case "avg_pool_3x3":
        return this.pool(x, 1);
      default:
        return this.norm(this.conv(this.relu(x), name, 1), affine ? name : undefined);
    }
  }

  protected cell(x: Node, name: string): Node {
    if (typeof this.architecture[0] === "string") return this.discreteCell(x, name);
    const { space, architecture, partial = 1 } = this.spec;
    const offsets = rowOffsets(space.rows);
    // Without partial channels nodes are whole, and nothing bypasses the operations.
    const nodes = [this.first(x)];
    const rests = [this.rest(x)];
    let y = x;
    for (let to = 1; to < space.nodes; to++) {
      const parts = space.rows.flatMap((row, r) => {
        const [from, target] = edgesOf(space)[r];
        if (target !== to) return [];
        return row.choices.flatMap((operation, o) => {
          if (architecture && (architecture[r] !== o || operation === "none")) return [];
          const node = this.operation(
            operation,
            nodes[from],
            `${name}/${row.name}/${operation}`,
            architecture !== undefined,
          );
          return [{ node, weight: architecture ? undefined : offsets[r] + o }];
        });
      });
      y = this.sum(parts, nodes[0]);
      if (partial > 1) {
        const around = space.rows.flatMap((row, r) => {
          const [from, target] = edgesOf(space)[r];
          return target === to ? row.choices.map((_, o) => ({ node: rests[from], weight: offsets[r] + o })) : [];
        });
        y = this.shuffled(y, this.sum(around));
      }
      rests.push(this.rest(y));
      nodes.push(this.first(y));
    }
    return y;
  }

  /** The channels of a node that operations read. */
  protected first(node: Node): Node {
    const { partial = 1 } = this.spec;
    return partial > 1 ? this.pick(channelsOf(node, 0, node.value.channels / partial)) : node;
  }

  /** Those that bypass them. */
  protected rest(node: Node): Node {
    const { channels } = node.value;
    const { partial = 1 } = this.spec;
    return partial > 1 ? this.pick(channelsOf(node, channels / partial, channels)) : node;
  }

  /** The two parts of a node: written as a matrix of K rows, read column by column. */
  protected shuffled(first: Node, rest: Node): Node {
    const { partial = 1 } = this.spec;
    const both = [...channelsOf(first, 0, first.value.channels), ...channelsOf(rest, 0, rest.value.channels)];
    return this.pick(both.map((_, c) => both[(c % partial) * first.value.channels + Math.floor(c / partial)]));
  }

  /** Channels of nodes alike, in a new order. */
  protected pick(chosen: readonly { readonly node: Node; readonly channel: number }[]): Node {
    const { batch, side } = chosen[0].node.value;
    const y = map(batch, side, chosen.length);
    const each = (visit: (node: Node, xi: number, yi: number) => void) => {
      for (let p = 0; p < batch * side * side; p++) {
        for (const [c, { node, channel }] of chosen.entries()) {
          visit(node, p * node.value.channels + channel, p * chosen.length + c);
        }
      }
    };
    each((node, xi, yi) => {
      y.data[yi] = node.value.data[xi];
    });
    return this.record(y, (dy) =>
      each((node, xi, yi) => {
        node.gradient.data[xi] += dy[yi];
      }),
    );
  }

  /** A cell of NAS-Bench-201, edge by edge. */
  protected discreteCell(x: Node, name: string): Node {
    const [a, b, c, d, e, f] = Array.from(this.architecture, String);
    const edge = (to: number, from: number, operation: string, source: Node) => ({
      node: this.operation(operation, source, `${name}/${to}<-${from}/${operation}`),
    });
    const one = this.sum([edge(1, 0, a, x)]);
    const two = this.sum([edge(2, 0, b, x), edge(2, 1, c, one)]);
    return this.sum([edge(3, 0, d, x), edge(3, 1, e, one), edge(3, 2, f, two)]);
  }

  protected head(x: Node): Scored {
    return this.classified(this.relu(this.norm(x, "head")));
  }

  /** Mean over the positions, classifier and loss. */
  protected classified(y: Node): Scored {
    const { labels } = this.batch;
    const { classes } = this.spec.sizes;
    const { batch, side, channels } = y.value;
    const weight = this.parameter("head/weight").offset;
    const bias = this.parameter("head/bias").offset;
    const positions = side * side;
    const losses: number[] = [];
    const predicted: number[] = [];
    const probabilities: number[] = [];
    for (let b = 0; b < batch; b++) {
      const f = new Float64Array(channels);
      for (let i = 0; i < positions * channels; i++)
        f[i % channels] += y.value.data[b * positions * channels + i] / positions;
      const logits = Array.from({ length: classes }, (_, o) =>
        f.reduce((sum, value, c) => sum + value * this.weights[weight + c * classes + o], this.weights[bias + o]),
      );
      const largest = Math.max(...logits);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
      losses.push(Math.log(total) + largest - logits[labels[b]]);
      predicted.push(logits.indexOf(largest));
      probabilities.push(1 / total);
      for (let o = 0; o < classes; o++) {
        const d = (Math.exp(logits[o] - largest) / total - (o === labels[b] ? 1 : 0)) / batch;
        this.dWeights[bias + o] += d;
        for (let c = 0; c < channels; c++) {
          this.dWeights[weight + c * classes + o] += d * f[c];
          const share = (d * this.weights[weight + c * classes + o]) / positions;
          for (let p = 0; p < positions; p++) y.gradient.data[(b * positions + p) * channels + c] += share;
        }
      }
    }
    const loss = losses.reduce((sum, value) => sum + value, 0) / batch;
    const hits = predicted.filter((label, b) => label === labels[b]).length;
    return { losses, classes: predicted, probabilities, loss, accuracy: hits / batch, margin: this.margin };
  }
}

function channelsOf(node: Node, from: number, to: number): { node: Node; channel: number }[] {
  return Array.from({ length: to - from }, (_, c) => ({ node, channel: from + c }));
}

export function map(batch: number, side: number, channels: number): Map4 {
  return { batch, side, channels, data: new Float64Array(batch * side * side * channels) };
}

/**
 * Scores batches with an oracle's network and takes all gradients.
 * @returns takes what the constructor does; where `running` is given there are no gradients
 */
export const oracleOf =
  (Network: typeof Oracle) =>
  (
    spec: SupernetSpec,
    weights: ArrayLike<number>,
    mixing: ArrayLike<number>,
    batch: Batch,
    running?: Running,
  ): Outcome => {
    const network = new Network(spec, weights, batch, mixing, running);
    return { ...network.forward(), ...network.backward() };
  };

export const oracle = oracleOf(Oracle);
