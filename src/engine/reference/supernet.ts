import * as tf from "@tensorflow/tfjs-core";
import type { SupernetSpec } from "../engine";
import { halved, STAGES } from "../network";
import type { Parameter } from "../parameter";
import { type AveragePool, averagePool, averagePoolFor, normalise } from "./layers";
import {
  affineNorm,
  classify,
  convolve,
  type Mixing,
  type ReferenceNetwork,
  sumOf,
  type Weights,
  weight,
  weightsOf,
} from "./parts";

/** A node of a cell, with what several operations make of it. */
interface Node {
  readonly plain: tf.Tensor;
  readonly rectified: () => tf.Tensor;
  readonly pooled: () => tf.Tensor;
}

function once(compute: () => tf.Tensor): () => tf.Tensor {
  let value: tf.Tensor | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

/** The NAS-Bench-201 supernet (Dong and Yang, ICLR 2020) in TensorFlow.js: logits for given weights and mixing weights. */
export class Supernet implements ReferenceNetwork {
  /** The cells' 3x3 pool of each stage, and the 2x2 pool on the shortcut into it. */
  private readonly cellPools: AveragePool[] = [];
  private readonly shortcutPools: AveragePool[] = [];

  constructor(
    private readonly spec: SupernetSpec,
    private readonly layout: readonly Parameter[],
  ) {
    for (let stage = 0, side = spec.sizes.image; stage < STAGES; stage++) {
      this.cellPools.push(averagePoolFor(side, 3, 1, [1, 1]));
      // An odd side leaves half a window at the end, of which only the existing pixels are averaged (PyTorch's ceil mode).
      this.shortcutPools.push(averagePoolFor(side, 2, 2, [0, side % 2]));
      side = halved(side);
    }
  }

  dispose(): void {
    for (const { correction } of [...this.cellPools, ...this.shortcutPools]) correction?.dispose();
  }

  forward(flat: tf.Tensor1D, mixing: Mixing, images: tf.Tensor): tf.Tensor {
    const { cells } = this.spec.sizes;
    const weights = weightsOf(this.layout, flat);
    let x = affineNorm(convolve(images, weight(weights, "stem/conv")), weights, "stem");
    for (let stage = 0; stage < STAGES; stage++) {
      if (stage > 0) x = this.residual(x, weights, stage);
      for (let i = 0; i < cells; i++) x = this.cell(x, weights, mixing, stage, `cell${stage * cells + i}`);
    }
    const features = tf.mean(tf.relu(affineNorm(x, weights, "head")), [1, 2]);
    return classify(features, weights);
  }

  /** Halves the side and doubles the channels on the way into a stage. */
  private residual(x: tf.Tensor, weights: Weights, stage: number): tf.Tensor {
    const name = `reduce${stage}`;
    const block = (input: tf.Tensor, conv: string, stride: 1 | 2) =>
      affineNorm(convolve(tf.relu(input), weight(weights, conv), stride), weights, conv);
    const main = block(block(x, `${name}/conv1`, 2), `${name}/conv2`, 1);
    const pooled = averagePool(x, this.shortcutPools[stage - 1]);
    return tf.add(main, convolve(pooled, weight(weights, `${name}/shortcut`)));
  }

  /** Each node is the sum over its incoming edges and their operations of mixing weight times operation. */
  private cell(x: tf.Tensor, weights: Weights, mixing: Mixing, stage: number, name: string): tf.Tensor {
    const { space } = this.spec;
    const pool = this.cellPools[stage];
    const open = (plain: tf.Tensor): Node => ({
      plain,
      rectified: once(() => tf.relu(plain)),
      pooled: once(() => averagePool(plain, pool)),
    });
    const terms: tf.Tensor[][] = Array.from({ length: space.nodes }, () => []);
    const nodes: Node[] = [];
    const node = (i: number): Node => {
      nodes[i] ??= open(i === 0 ? x : terms[i].length > 0 ? sumOf(terms[i]) : tf.zeros(x.shape));
      return nodes[i];
    };
    let first = 0;
    // The space lists edges by target, so a node is complete before its first use as a source.
    for (const [row, { name: rowName, choices }] of space.rows.entries()) {
      const [from, to] = space.edges[row];
      for (const [choice, operation] of choices.entries()) {
        const share = mixing[first + choice];
        if (!share || operation === "none") continue;
        const value = operate(operation, node(from), weights, `${name}/${rowName}/${operation}`);
        terms[to].push(tf.mul(share, value));
      }
      first += choices.length;
    }
    return node(space.nodes - 1).plain;
  }
}

function operate(operation: string, source: Node, weights: Weights, name: string): tf.Tensor {
  switch (operation) {
    case "skip_connect":
      return source.plain;
    case "avg_pool_3x3":
      return source.pooled();
    case "nor_conv_1x1":
    case "nor_conv_3x3":
      return normalise(convolve(source.rectified(), weight(weights, name)));
    default:
      throw new Error(`the reference engine has no operation "${operation}"`);
  }
}
