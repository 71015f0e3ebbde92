import * as tf from "@tensorflow/tfjs-core";
import { applications, type DartsCell, dartsCells, SEPARABLE, strideOf } from "../darts";
import type { SupernetSpec } from "../engine";
import { halved } from "../network";
import {
  type AveragePool,
  averagePool,
  averagePoolFor,
  blockPool,
  dilated,
  maxPool,
  normalise,
  shifted,
} from "./layers";
import {
  bypassing,
  classify,
  convolve,
  joined,
  type Mixing,
  norm,
  partsOf,
  type ReferenceNetwork,
  sumOf,
  type Weights,
  weight,
} from "./parts";

/** Average pools by the side of their maps: of stride 1 and of stride 2. */
type Pools = Map<number, [AveragePool, AveragePool]>;

/** The networks of DARTS (Liu, Simonyan and Yang, ICLR 2019; quark0/darts) in TensorFlow.js. */
export class DartsReference implements ReferenceNetwork {
  private readonly pools: Pools = new Map();

  constructor(private readonly spec: SupernetSpec) {
    const { image } = spec.sizes;
    for (const side of new Set([image, halved(image), halved(halved(image))])) {
      this.pools.set(side, [averagePoolFor(side, 3, 1, [1, 1]), averagePoolFor(side, 3, 2, [1, 1])]);
    }
  }

  dispose(): void {
    for (const { correction } of [...this.pools.values()].flat()) correction?.dispose();
  }

  forward(weights: Weights, mixing: Mixing, images: tf.Tensor): tf.Tensor {
    let before = norm(convolve(images, weight(weights, "stem/conv")), weights, "stem");
    let last = before;
    for (const cell of dartsCells(this.spec.space, this.spec.sizes)) {
      [before, last] = [last, this.cellOf(cell, before, last, weights, mixing)];
    }
    return classify(tf.mean(last, [1, 2]), weights);
  }

  /**
   * Each node is the sum over its incoming edges and their operations of mixing weight times operation; the output is all nodes. Of partial
   * channels the others are summed with their edges' weights, and shuffled with those.
   */
  private cellOf(cell: DartsCell, before: tf.Tensor, last: tf.Tensor, weights: Weights, mixing: Mixing): tf.Tensor {
    const { name, edges, halvesFirst } = cell;
    const input = (x: tf.Tensor, which: string) =>
      norm(convolve(tf.relu(x), weight(weights, `${name}/${which}/conv`)), weights, `${name}/${which}`);
    const partial = this.spec.architecture ? 1 : (this.spec.partial ?? 1);
    const wholes = [
      halvesFirst ? reduced(before, weights, `${name}/input0`) : input(before, "input0"),
      input(last, "input1"),
    ];
    const nodes = wholes.map((whole) => partsOf(whole, partial));
    for (let to = 2; edges.some((edge) => edge.to === to); to++) {
      const terms = edges.flatMap(({ from, to: target, row, offset }) => {
        if (target !== to) return [];
        return row.choices.flatMap((operation, o) => {
          const share = mixing[offset + o];
          if (!share || operation === "none") return [];
          const value = this.operate(
            operation,
            nodes[from].first,
            weights,
            `${name}/${row.name}/${operation}`,
            strideOf(cell, from),
          );
          return [tf.mul(share, value)];
        });
      });
      const rests = edges.flatMap(({ from, to: target, row, offset }) => {
        if (target !== to) return [];
        const { rest } = nodes[from];
        if (!rest) return [];
        const read = strideOf(cell, from) === 2 ? blockPool(rest) : rest;
        return bypassing(read, mixing.slice(offset, offset + row.choices.length));
      });
      const [{ first, rest }] = nodes;
      const mixed = terms.length > 0 ? sumOf(terms) : emptyNode(cell, first);
      const whole = rest ? joined(mixed, rests.length > 0 ? sumOf(rests) : emptyNode(cell, rest), partial) : mixed;
      wholes.push(whole);
      nodes.push(partsOf(whole, partial));
    }
    return tf.concat(wholes.slice(2), 3);
  }

  private operate(operation: string, x: tf.Tensor, weights: Weights, name: string, stride: 1 | 2): tf.Tensor {
    // Those of a discrete network have no batch norm.
    const pooled = (y: tf.Tensor) => (this.spec.architecture ? y : normalise(y));
    switch (operation) {
      case "skip_connect":
        return stride === 1 ? x : reduced(x, weights, name);
      case "max_pool_3x3":
        return pooled(maxPool(x, stride));
      case "avg_pool_3x3":
        return pooled(averagePool(x, this.pool(x.shape[1] ?? 0, stride)));
      default: {
        const own = SEPARABLE[operation];
        let y = x;
        for (const [i, application] of applications(own).entries()) {
          const filter = weight(weights, `${name}/depthwise${application}`);
          const wide = own.dilation === 2 ? dilated(filter) : filter;
          const pad = (wide.shape[0] - 1) / 2;
          const mixed = tf.depthwiseConv2d(
            tf.relu(y) as tf.Tensor4D,
            tf.reshape(wide, [...(wide as tf.Tensor3D).shape, 1]),
            i === 0 ? stride : 1,
            pad,
          );
          const pointwise = `${name}/pointwise${application}`;
          y = norm(convolve(mixed, weight(weights, pointwise)), weights, pointwise);
        }
        return y;
      }
    }
  }

  private pool(side: number, stride: 1 | 2): AveragePool {
    const pools = this.pools.get(side);
    if (!pools) throw new Error(`no map has side ${side}`);
    return pools[stride - 1];
  }
}

/** A node that nothing flows into, from an input of the cell. */
function emptyNode(cell: DartsCell, { shape }: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = shape;
  const stride = strideOf(cell, 0);
  return tf.zeros([batch, Math.ceil(height / stride), Math.ceil(width / stride), channels]);
}

/** Factorised reduction: half of the channels from every second pixel, the others from those one row and one column behind. */
function reduced(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  const y = tf.relu(x);
  const halves = [
    convolve(y, weight(weights, `${name}/conv1`), 2),
    convolve(shifted(y), weight(weights, `${name}/conv2`), 2),
  ];
  return norm(tf.concat(halves, 3), weights, name);
}
