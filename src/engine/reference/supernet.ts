import * as tf from "@tensorflow/tfjs-core";
import { edgesOf, rowOffsets } from "../../core/space";
import type { SupernetSpec } from "../engine";
import { halved, reachesEnd, STAGES } from "../network";
import { type AveragePool, averagePool, averagePoolFor } from "./layers";
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

/** A node of a cell, with what several operations make of it. */
interface Node {
  /** The channels that operations read, and those that bypass them, where there are some. */
  readonly plain: tf.Tensor;
  readonly rest: tf.Tensor | undefined;
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

/** The networks of NAS-Bench-201 (Dong and Yang, ICLR 2020) in TensorFlow.js: logits for given weights and mixing weights. */
export class NasBench201Reference implements ReferenceNetwork {
  /** The cells' 3x3 pool of each stage, and the 2x2 pool on the shortcut into it. */
  private readonly cellPools: AveragePool[] = [];
  private readonly shortcutPools: AveragePool[] = [];

  constructor(private readonly spec: SupernetSpec) {
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

  forward(weights: Weights, mixing: Mixing, images: tf.Tensor): tf.Tensor {
    const { cells } = this.spec.sizes;
    let x = norm(convolve(images, weight(weights, "stem/conv")), weights, "stem");
    for (let stage = 0; stage < STAGES; stage++) {
      if (stage > 0) x = this.residual(x, weights, stage);
      for (let i = 0; i < cells; i++) x = this.cell(x, weights, mixing, stage, `cell${stage * cells + i}`);
    }
    const features = tf.mean(tf.relu(norm(x, weights, "head")), [1, 2]);
    return classify(features, weights);
  }

  /** Halves the side and doubles the channels on the way into a stage. */
  private residual(x: tf.Tensor, weights: Weights, stage: number): tf.Tensor {
    const name = `reduce${stage}`;
    const block = (input: tf.Tensor, conv: string, stride: 1 | 2) =>
      norm(convolve(tf.relu(input), weight(weights, conv), stride), weights, conv);
    const main = block(block(x, `${name}/conv1`, 2), `${name}/conv2`, 1);
    const pooled = averagePool(x, this.shortcutPools[stage - 1]);
    return tf.add(main, convolve(pooled, weight(weights, `${name}/shortcut`)));
  }

  /**
   * Each node is the sum over its incoming edges and their operations of mixing weight times operation. Of partial channels the others
   * are summed with their edges' weights, and shuffled with those.
   */
  private cell(x: tf.Tensor, weights: Weights, mixing: Mixing, stage: number, name: string): tf.Tensor {
    const { space, architecture } = this.spec;
    const partial = architecture ? 1 : (this.spec.partial ?? 1);
    const pool = this.cellPools[stage];
    const open = (whole: tf.Tensor): Node => {
      const { first: plain, rest } = partsOf(whole, partial);
      return { plain, rest, rectified: once(() => tf.relu(plain)), pooled: once(() => averagePool(plain, pool)) };
    };
    const input = open(x);
    const none = () => Array.from({ length: space.nodes }, (): tf.Tensor[] => []);
    const [terms, rests] = [none(), none()];
    const total = (parts: readonly tf.Tensor[], like: tf.Tensor) =>
      parts.length > 0 ? sumOf(parts) : tf.zeros(like.shape);
    const whole = (i: number) => {
      const mixed = total(terms[i], input.plain);
      return input.rest ? joined(mixed, total(rests[i], input.rest), partial) : mixed;
    };
    const nodes = [input];
    const node = (i: number): Node => {
      nodes[i] ??= open(whole(i));
      return nodes[i];
    };
    const edges = edgesOf(space);
    const offsets = rowOffsets(space.rows);
    const carries = (row: number) =>
      space.rows[row].choices.some((operation, o) => mixing[offsets[row] + o] && (operation !== "none" || input.rest));
    const joins = edges.flatMap(([from, to], row) => (carries(row) ? [{ from, to }] : []));
    const reaches = reachesEnd(space.nodes, joins);
    // The space lists edges by target, so a node is complete before its first use as a source.
    for (const [row, { name: rowName, choices }] of space.rows.entries()) {
      const [from, to] = edges[row];
      // Nobody reads what leads nowhere.
      if (!reaches[to]) continue;
      const first = offsets[row];
      for (const [choice, operation] of choices.entries()) {
        const share = mixing[first + choice];
        if (!share || operation === "none") continue;
        const value = operate(operation, node(from), weights, `${name}/${rowName}/${operation}`);
        terms[to].push(tf.mul(share, value));
      }
      if (input.rest) {
        const shares = mixing.slice(first, first + choices.length);
        rests[to].push(...bypassing(node(from).rest ?? input.rest, shares));
      }
    }
    return whole(space.nodes - 1);
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
      return norm(convolve(source.rectified(), weight(weights, name)), weights, name);
    default:
      throw new Error(`the reference engine has no operation "${operation}"`);
  }
}
