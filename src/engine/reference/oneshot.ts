import * as tf from "@tensorflow/tfjs-core";
import { BLOCK_OPERATIONS } from "../../core/nasbench1shot1";
import type { SupernetSpec } from "../engine";
import { graphCells, type PlacedGraph } from "../graph";
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
import { blockPool, maxPool, normalise, paddedBlockPool } from "./layers";
import { classify, convolve, type Mixing, norm, type ReferenceNetwork, sumOf, type Weights, weight } from "./parts";

/**
 * The networks of NAS-Bench-1Shot1 in TensorFlow.js: its search network (Zela, Siems and Hutter, ICLR 2020; automl/nasbench-1shot1), and an
 * architecture's (Ying et al., NAS-Bench-101, ICML 2019).
 */
export class OneShotReference implements ReferenceNetwork {
  private readonly graph: CellGraph;

  constructor(private readonly spec: SupernetSpec) {
    this.graph = oneShotGraph(spec.space);
  }

  dispose(): void {}

  forward(weights: Weights, mixing: Mixing, images: tf.Tensor): tf.Tensor {
    const { space, sizes, architecture } = this.spec;
    let x = tf.relu(norm(convolve(images, weight(weights, "stem/conv")), weights, "stem"));
    if (architecture) {
      for (const cell of graphCells(space, sizes, architecture))
        x = graphCell(cell, cell.pooled ? blockPool(x) : x, weights);
      return classify(tf.mean(x, [1, 2]), weights);
    }
    for (const cell of oneShotCells(this.graph.blocks.length, sizes)) {
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

/** A cell of NAS-Bench-101. */
function graphCell({ vertices }: PlacedGraph, x: tf.Tensor, weights: Weights): tf.Tensor {
  const values: tf.Tensor[] = [];
  for (const [place, { channels, projection, sources, convolution }] of vertices.entries()) {
    const projected = projection ? [rectified(x, weights, projection)] : [];
    if (place === vertices.length - 1) {
      const joined = sources.map((source) => values[source]);
      const whole = joined.length > 1 ? [tf.concat(joined, 3)] : joined;
      values.push(sumOf([...whole, ...projected]));
      continue;
    }
    const input = sumOf([...sources.map((source) => firstOf(values[source], channels)), ...projected]);
    values.push(convolution ? rectified(input, weights, convolution.name) : maxPool(input, 1));
  }
  return values[values.length - 1];
}

/** The first of the channels of x. */
function firstOf(x: tf.Tensor, channels: number): tf.Tensor {
  const all = x.shape[3] ?? 0;
  return all === channels ? x : tf.split(x, [channels, all - channels], 3)[0];
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
