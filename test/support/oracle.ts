import { rowOffsets } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { halved, NORM_EPSILON, type Parameter, parameterLayout, STAGES } from "../../src/engine/network";

/**
 * The supernet, or a discrete network, in plain float64 loops, layer by layer: a network to compare the engines with that shares no idea with them but the
 * order of the parameters. Tensors are batch x side x side x channels.
 */
interface Map4 {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** A layer's value, and what turns dL/dvalue into gradients: it adds to its input's gradient and to the weights'. */
interface Node {
  readonly value: Map4;
  readonly gradient: Map4;
  readonly back: () => void;
}

export interface Outcome {
  readonly loss: number;
  readonly accuracy: number;
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

/**
 * Loss, accuracy and all gradients of a batch.
 * @param running what the batch norms go by instead of the batch's own moments; then without gradients
 */
export function oracle(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  mixing: ArrayLike<number>,
  batch: Batch,
  running?: ReadonlyMap<string, Omit<Moments, "count">>,
): Outcome {
  return new Oracle(spec, weights, mixing, running).run(batch);
}

class Oracle {
  private readonly layout: Map<string, Parameter>;
  private readonly dWeights: Float64Array;
  private readonly perExample: Float64Array;
  private readonly tape: Node[] = [];
  private readonly moments = new Map<string, Moments>();

  constructor(
    private readonly spec: SupernetSpec,
    private readonly weights: ArrayLike<number>,
    private readonly mixing: ArrayLike<number>,
    private readonly running?: ReadonlyMap<string, Omit<Moments, "count">>,
  ) {
    const { space, sizes, architecture } = spec;
    this.layout = new Map(parameterLayout(space, sizes, architecture).map((parameter) => [parameter.name, parameter]));
    this.dWeights = new Float64Array(weights.length);
    this.perExample = new Float64Array(spec.batch * spec.space.size);
  }

  run(batch: Batch): Outcome {
    const { sizes, space } = this.spec;
    const input = map(this.spec.batch, sizes.image, sizes.imageChannels);
    input.data.set(batch.images);
    let x = this.record(input, () => {});
    x = this.norm(this.conv(x, "stem/conv", 1), "stem");
    for (let stage = 0; stage < STAGES; stage++) {
      if (stage > 0) x = this.residual(x, `reduce${stage}`);
      for (let i = 0; i < sizes.cells; i++) x = this.cell(x, `cell${stage * sizes.cells + i}`);
    }
    const score = this.head(x, batch.labels);
    if (!this.running) for (const node of this.tape.toReversed()) node.back();
    const gradient = new Float64Array(space.size);
    for (let i = 0; i < this.perExample.length; i++) gradient[i % space.size] += this.perExample[i] / this.spec.batch;
    return { ...score, weights: this.dWeights, mixing: gradient, perExample: this.perExample, moments: this.moments };
  }

  private record(value: Map4, back: (gradient: Float64Array) => void): Node {
    const gradient = map(value.batch, value.side, value.channels);
    const node = { value, gradient, back: () => back(gradient.data) };
    this.tape.push(node);
    return node;
  }

  private parameter(name: string): Parameter {
    const found = this.layout.get(name);
    if (!found) throw new Error(`no parameter ${name}`);
    return found;
  }

  private relu(x: Node): Node {
    const y = map(x.value.batch, x.value.side, x.value.channels);
    x.value.data.forEach((value, i) => {
      y.data[i] = Math.max(0, value);
    });
    return this.record(y, (dy) => {
      for (let i = 0; i < dy.length; i++) if (x.value.data[i] > 0) x.gradient.data[i] += dy[i];
    });
  }

  private conv(x: Node, name: string, stride: number): Node {
    const { shape, offset } = this.parameter(name);
    const [kernel, , ins, outs] = shape;
    const pad = (kernel - 1) / 2;
    const side = stride === 2 ? halved(x.value.side) : x.value.side;
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
  private norm(x: Node, name?: string): Node {
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
      inverse[c] = 1 / Math.sqrt(variance + NORM_EPSILON);
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
  private pool(x: Node, stride: 1 | 2): Node {
    const { channels } = x.value;
    const side = stride === 2 ? halved(x.value.side) : x.value.side;
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
  private sum(parts: readonly { node: Node; weight?: number }[], { value: like } = parts[0].node): Node {
    const y = map(like.batch, like.side, like.channels);
    const image = y.data.length / y.batch;
    for (const { node, weight } of parts) {
      const p = weight === undefined ? 1 : this.mixing[weight];
      for (let i = 0; i < y.data.length; i++) y.data[i] += p * node.value.data[i];
    }
    return this.record(y, (dy) => {
      for (const { node, weight } of parts) {
        const p = weight === undefined ? 1 : this.mixing[weight];
        for (let i = 0; i < dy.length; i++) {
          node.gradient.data[i] += p * dy[i];
          if (weight === undefined) continue;
          const at = Math.floor(i / image) * this.spec.space.size + weight;
          this.perExample[at] += this.spec.batch * dy[i] * node.value.data[i];
        }
      }
    });
  }

  private residual(x: Node, name: string): Node {
    const first = this.norm(this.conv(this.relu(x), `${name}/conv1`, 2), `${name}/conv1`);
    const second = this.norm(this.conv(this.relu(first), `${name}/conv2`, 1), `${name}/conv2`);
    const shortcut = this.conv(this.pool(x, 2), `${name}/shortcut`, 1);
    return this.sum([{ node: second }, { node: shortcut }]);
  }

  private cell(x: Node, name: string): Node {
    const { space, architecture } = this.spec;
    const offsets = rowOffsets(space.rows);
    const nodes = [x];
    for (let to = 1; to < space.nodes; to++) {
      const parts = space.rows.flatMap((row, r) => {
        const [from, target] = space.edges[r];
        if (target !== to) return [];
        return row.choices.flatMap((operation, o) => {
          if (operation === "none" || (architecture && architecture[r] !== o)) return [];
          const weight = architecture ? undefined : offsets[r] + o;
          if (operation === "skip_connect") return [{ node: nodes[from], weight }];
          if (operation === "avg_pool_3x3") return [{ node: this.pool(nodes[from], 1), weight }];
          const full = `${name}/${row.name}/${operation}`;
          const z = this.conv(this.relu(nodes[from]), full, 1);
          return [{ node: this.norm(z, architecture && full), weight }];
        });
      });
      nodes.push(this.sum(parts, x));
    }
    return nodes[nodes.length - 1];
  }

  private head(x: Node, labels: Uint8Array): { loss: number; accuracy: number } {
    const { classes } = this.spec.sizes;
    const y = this.relu(this.norm(x, "head"));
    const { batch, side, channels } = y.value;
    const weight = this.parameter("head/weight").offset;
    const bias = this.parameter("head/bias").offset;
    const positions = side * side;
    let loss = 0;
    let hits = 0;
    for (let b = 0; b < batch; b++) {
      const f = new Float64Array(channels);
      for (let i = 0; i < positions * channels; i++)
        f[i % channels] += y.value.data[b * positions * channels + i] / positions;
      const logits = Array.from({ length: classes }, (_, o) =>
        f.reduce((sum, value, c) => sum + value * this.weights[weight + c * classes + o], this.weights[bias + o]),
      );
      const largest = Math.max(...logits);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
      loss += (Math.log(total) + largest - logits[labels[b]]) / batch;
      if (logits.indexOf(largest) === labels[b]) hits++;
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
    return { loss, accuracy: hits / batch };
  }
}

function map(batch: number, side: number, channels: number): Map4 {
  return { batch, side, channels, data: new Float64Array(batch * side * side * channels) };
}
