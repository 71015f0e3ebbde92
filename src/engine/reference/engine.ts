import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../../core/errors";
import type { ArchitectureGradient, Batch, Engine, Score, SupernetSpec, WeightGradient, WeightStep } from "../engine";
import { layoutSize, parameterLayout } from "../network";
import { forOneShot } from "../oneshot";
import type { Parameter } from "../parameter";
import { DartsSupernet } from "./darts";
import { crossEntropy } from "./layers";
import { OneShotSupernet } from "./oneshot";
import type { Mixing, ReferenceNetwork } from "./parts";
import { Supernet } from "./supernet";

/** Networks by the id of their space. */
const NETWORKS: Readonly<Record<string, new (spec: SupernetSpec, layout: readonly Parameter[]) => ReferenceNetwork>> = {
  nasbench201: Supernet,
  darts: DartsSupernet,
  ...forOneShot(OneShotSupernet),
};

/** Added to the gradient's norm before dividing by it, as PyTorch's clip_grad_norm_ does. */
const CLIP_EPSILON = 1e-6;

/** A batch on the device. */
interface Examples {
  readonly images: tf.Tensor;
  readonly labels: tf.Tensor1D;
  readonly oneHot: tf.Tensor;
}

/**
 * The supernet in plain TensorFlow.js on the backend that is current when it is made, which must stay current: what the fast engines
 * are held against, and what runs where they cannot. All work of a call is queued before the call first waits, so calls run in the
 * order in which they are made; each reads back once.
 */
export class ReferenceEngine implements Engine {
  private readonly supernet: ReferenceNetwork;
  private weights: tf.Tensor1D;
  private velocity: tf.Tensor1D;

  /** @param weights all weights in the order of `parameterLayout` */
  constructor(
    readonly spec: SupernetSpec,
    weights: Float32Array,
  ) {
    if (spec.architecture) {
      throw new InputError(
        "the reference engine trains supernets only; choose the compiled engine for a discrete network",
      );
    }
    const layout = parameterLayout(spec.space, spec.sizes, undefined, spec.partial);
    const size = layoutSize(layout);
    if (weights.length !== size) throw new Error(`the network has ${size} weights, not ${weights.length}`);
    this.supernet = new NETWORKS[spec.space.id](spec, layout);
    // A copy: the CPU backend would go on using the caller's array.
    this.weights = tf.tensor1d(weights.slice());
    this.velocity = tf.zeros([size]);
  }

  async weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score> {
    const [packed, weights, velocity] = tf.tidy(() => {
      const examples = this.upload(batch);
      const { score, gradient } = this.differentiateWeights(mixing, examples);
      return [score, ...this.updated(gradient, step)];
    });
    tf.dispose([this.weights, this.velocity]);
    this.weights = weights;
    this.velocity = velocity;
    return toScore(await take(packed));
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    this.checkMixing(mixing);
    const { size } = this.spec.space;
    const count = batch.labels.length;
    const packed = tf.tidy(() => {
      const examples = this.upload(batch);
      const row = tf.tensor(Float32Array.from(mixing), [1, size]);
      // A copy of the mixing weights for each example, or one for all.
      const copies = perExample ? tf.tile(row, [count, 1]) : row;
      const { score, gradient } = this.differentiate(copies, examples, (p) => {
        const shares = tf.unstack(p, 1).map((share) => tf.reshape(share, perExample ? [-1, 1, 1, 1] : []));
        return this.supernet.forward(this.weights, shares, examples.images);
      });
      return tf.concat([score, tf.reshape(gradient, [-1])]);
    });
    const values = await take(packed);
    const gradients = Float64Array.from(values.subarray(2));
    if (!perExample) return { ...toScore(values), gradient: gradients };
    // The mean loss was differentiated; an example's own gradient is that of the summed loss. The batch's is the sum over the copies.
    const gradient = new Float64Array(size);
    for (let i = 0; i < gradients.length; i++) gradient[i % size] += gradients[i];
    return { ...toScore(values), gradient, perExample: gradients.map((g) => count * g) };
  }

  async weightGradient(mixing: ArrayLike<number>, batch: Batch): Promise<WeightGradient> {
    const packed = tf.tidy(() => {
      const { score, gradient } = this.differentiateWeights(mixing, this.upload(batch));
      return tf.concat([score, gradient]);
    });
    const values = await take(packed);
    return { ...toScore(values), gradient: values.slice(2) };
  }

  async evaluate(mixing: ArrayLike<number>, batch: Batch): Promise<Score> {
    const packed = tf.tidy(() => {
      const examples = this.upload(batch);
      const logits = this.supernet.forward(this.weights, this.constantMixing(mixing), examples.images);
      return packScore(tf.mean(crossEntropy(logits, examples.oneHot)), logits, examples);
    });
    return toScore(await take(packed));
  }

  async exportState(): Promise<Float32Array> {
    return take(tf.concat([this.weights, this.velocity]));
  }

  importState(state: Float32Array): void {
    const { size } = this.weights;
    if (state.length !== 2 * size) throw new Error(`the network's state has ${2 * size} numbers, not ${state.length}`);
    tf.dispose([this.weights, this.velocity]);
    this.weights = tf.tensor1d(state.slice(0, size));
    this.velocity = tf.tensor1d(state.slice(size));
  }

  dispose(): void {
    tf.dispose([this.weights, this.velocity]);
    this.supernet.dispose();
  }

  private upload({ images, labels }: Batch): Examples {
    const { image, imageChannels, classes } = this.spec.sizes;
    const indices = tf.tensor1d(Int32Array.from(labels), "int32");
    return {
      images: tf.tensor(images, [labels.length, image, image, imageChannels]),
      labels: indices,
      oneHot: tf.oneHot(indices, classes),
    };
  }

  private checkMixing(mixing: ArrayLike<number>): void {
    const { size } = this.spec.space;
    if (mixing.length !== size) throw new Error(`the space has ${size} mixing weights, not ${mixing.length}`);
  }

  private constantMixing(mixing: ArrayLike<number>): Mixing {
    this.checkMixing(mixing);
    return Array.from(mixing, (share) => (share === 0 ? null : tf.scalar(share)));
  }

  private differentiateWeights(mixing: ArrayLike<number>, examples: Examples) {
    return this.differentiate(this.weights, examples, (w) =>
      this.supernet.forward(w, this.constantMixing(mixing), examples.images),
    );
  }

  /** Mean loss and accuracy (length 2) of the network's logits, and the derivative of the mean loss with respect to `x`. */
  private differentiate<T extends tf.Tensor>(x: T, examples: Examples, network: (x: T) => tf.Tensor) {
    let logits: tf.Tensor | undefined;
    const { value, grads } = tf.engine().gradients(() => {
      // Kept beyond the tape's own scope, for the accuracy.
      logits = tf.keep(network(x));
      return tf.mean(crossEntropy(logits, examples.oneHot));
    }, [x]);
    const score = packScore(value, logits as unknown as tf.Tensor, examples);
    logits?.dispose();
    return { score, gradient: grads[0] as T };
  }

  /** Weights and velocity after a step of SGD with Nesterov momentum, in PyTorch's form. */
  private updated(gradient: tf.Tensor1D, { rate, momentum, decay, clip }: WeightStep): tf.Tensor1D[] {
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    const shrink = tf.minimum(1, tf.div(clip, tf.add(norm, CLIP_EPSILON)));
    const pulled = tf.add(tf.mul(gradient, shrink), tf.mul(this.weights, decay));
    const velocity = tf.add<tf.Tensor1D>(tf.mul(this.velocity, momentum), pulled);
    const move = tf.add(pulled, tf.mul(velocity, momentum));
    return [tf.sub<tf.Tensor1D>(this.weights, tf.mul(move, rate)), velocity];
  }
}

function packScore(loss: tf.Tensor, logits: tf.Tensor, { labels }: Examples): tf.Tensor1D {
  const hits = tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32");
  return tf.stack([loss, tf.mean(hits)]) as tf.Tensor1D;
}

function toScore(values: Float32Array): Score {
  return { loss: values[0], accuracy: values[1] };
}

/** Reads a tensor back and frees it. */
async function take(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
  }
}
