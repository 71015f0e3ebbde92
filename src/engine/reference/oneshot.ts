import * as tf from "@tensorflow/tfjs-core";
import { BLOCK_OPERATIONS } from "../../core/nasbench1shot1";
import type { SupernetSpec } from "../engine";
import {
  type CellGraph,
  convolutionName,
  oneShotCells,
  oneShotGraph,
  operationAt,
  type PlacedCell,
  projections,
  TAIL,
} from "../oneshot";
import { maxPool, normalise, paddedBlockPool } from "./layers";
import { classify, convolve, type Mixing, norm, type ReferenceNetwork, sumOf, type Weights, weight } from "./parts";

/** The search network of NAS-Bench-1Shot1 (Zela, Siems and Hutter, ICLR 2020; automl/nasbench-1shot1) in TensorFlow.js. */
export class OneShotSupernet implements ReferenceNetwork {
  private readonly graph: CellGraph;

  constructor(private readonly spec: SupernetSpec) {
    this.graph = oneShotGraph(spec.space);
  }

  dispose(): void {}

  forward(weights: Weights, mixing: Mixing, images: tf.Tensor): tf.Tensor {
    let x = tf.relu(norm(convolve(images, weight(weights, "stem/conv")), weights, "stem"));
    for (const cell of oneShotCells(this.graph.blocks.length, this.spec.sizes)) {
      x = this.cellOf(cell, cell.pooled ? paddedBlockPool(x) : x, weights, mixing);
    }
    const last = normalise(convolve(tf.relu(x), weight(weights, TAIL)));
    return classify(tf.mean(last, [1, 2]), weights);
  }

  private cellOf(cell: PlacedCell, x: tf.Tensor, weights: Weights, mixing: Mixing): tf.Tensor {
    const { blocks, output } = this.graph;
    const projected = projections(cell, blocks).map((name) => rectified(x, weights, name));
    const states: tf.Tensor[] = [];
    for (const [i, block] of blocks.entries()) {
      const { inputs: first } = block;
      const inputs = [projected[i], ...states];
      const input = first === undefined ? sumOf(inputs) : mixed(inputs, (node) => mixing[first + node]);
      const results = BLOCK_OPERATIONS.map((operation) =>
        operation === "maxpool3x3"
          ? maxPool(input, 1)
          : rectified(input, weights, convolutionName(cell, block, operation)),
      );
      states.push(mixed(results, (o) => mixing[operationAt(block, BLOCK_OPERATIONS[o])]));
    }
    const parts = states.map((state, i) =>
      mixed([projected[blocks.length + i], state], (term) => mixing[output + (term === 0 ? 0 : 1 + i)]),
    );
    return tf.concat(parts, 3);
  }
}

/** Convolution, batch norm and a rectifier. */
function rectified(x: tf.Tensor, weights: Weights, name: string): tf.Tensor {
  return tf.relu(norm(convolve(x, weight(weights, name)), weights, name));
}

/** The sum of tensors alike, each times its share; zeros where all shares are zero. */
function mixed(values: readonly tf.Tensor[], shareOf: (i: number) => tf.Tensor | null): tf.Tensor {
  const terms = values.flatMap((value, i) => {
    const share = shareOf(i);
    return share ? [tf.mul(share, value)] : [];
  });
  return terms.length > 0 ? sumOf(terms) : tf.zeros(values[0].shape);
}
