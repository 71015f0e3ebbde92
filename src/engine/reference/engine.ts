import * as tf from "@tensorflow/tfjs-core";
import { oneHot } from "../../core/space";
import type {
  ArchitectureGradient,
  Batch,
  Engine,
  Predictions,
  Score,
  SupernetSpec,
  WeightGradient,
  WeightStep,
} from "../engine";
import { layoutSize, parameterLayout, RUNNING_MOMENTUM, requireSupernet, runningLayout, wholeState } from "../network";
import { forOneShot } from "../oneshot";
import type { Parameter } from "../parameter";
import { DartsReference } from "./darts";
import { crossEntropy } from "./layers";
import { OneShotReference } from "./oneshot";
import { type Mixing, type ReferenceNetwork, tensorsOf, type Weights } from "./parts";
import { NasBench201Reference } from "./supernet";

/** Networks by the id of their space. */
const NETWORKS: Readonly<Record<string, new (spec: SupernetSpec) => ReferenceNetwork>> = {
  nasbench201: NasBench201Reference,
  darts: DartsReference,
  ...forOneShot(OneShotReference),
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
 * A supernet, or a discrete network, in plain TensorFlow.js on the backend that is current when it is made, which must stay current: what
 * the fast engines are held against, and what runs where they cannot. All work of a call is queued before the call first waits, so calls
 * run in the order in which they are made; each reads back once.
 */
export class ReferenceEngine implements Engine {
  private readonly network: ReferenceNetwork;
  private readonly layout: readonly Parameter[];
  /** Of the running statistics; empty for a supernet. */
  private readonly runningLayout: readonly Parameter[];
  private weights: tf.Tensor1D;
  private velocity: tf.Tensor1D;
  /** Running statistics; a supernet has none. */
  private running: tf.Tensor1D | null;

  /**
   * @param state all weights in the order of `parameterLayout`, or a whole state as `exportState` returns it
   * @throws {InputError} where it is of another length
   */
  constructor(
    readonly spec: SupernetSpec,
    state: ArrayLike<number>,
  ) {
    const { space, sizes, architecture, partial } = spec;
    this.layout = parameterLayout(space, sizes, architecture, partial);
    this.runningLayout = architecture ? runningLayout(this.layout) : [];
    const [weights, velocity, running] = this.partsOf(state);
    [this.weights, this.velocity, this.running] = [weights, velocity, running ?? null];
    this.network = new NETWORKS[space.id](spec);
  }

  async weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<Score> {
    const [packed, weights, velocity, running] = tf.tidy(() => {
      const moments = new Map<string, tf.Tensor>();
      const observe = (name: string, x: tf.Tensor) => {
        // Kept beyond the tape's own scope.
        for (const [which, value] of Object.entries(momentsOf(x))) moments.set(`${name}/${which}`, tf.keep(value));
      };
      const { score, gradient } = this.differentiateWeights(
        mixing,
        this.upload(batch),
        this.running ? observe : undefined,
      );
      const tracked = this.running ? [this.tracked(this.running, moments)] : [];
      tf.dispose([...moments.values()]);
      return [score, ...this.updated(gradient, step), ...tracked];
    });
    this.replaceState([weights, velocity, running]);
    return toScore(await take(packed));
  }

  async architectureGradient(
    mixing: ArrayLike<number>,
    batch: Batch,
    perExample: boolean,
  ): Promise<ArchitectureGradient> {
    requireSupernet(this.spec);
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
        return this.network.forward(this.named(this.weights), shares, examples.images);
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
      const logits = this.evaluated(mixing, examples);
      return packScore(tf.mean(crossEntropy(logits, examples.oneHot)), logits, examples);
    });
    return toScore(await take(packed));
  }

  async predict(mixing: ArrayLike<number>, batch: Batch): Promise<Predictions> {
    const packed = tf.tidy(() => {
      const examples = this.upload(batch);
      const logits = this.evaluated(mixing, examples);
      return tf.concat1d([
        crossEntropy(logits, examples.oneHot) as tf.Tensor1D,
        tf.cast(tf.argMax<tf.Tensor1D>(logits, 1), "float32"),
        tf.max<tf.Tensor1D>(tf.softmax(logits), 1),
      ]);
    });
    const values = await take(packed);
    const count = batch.labels.length;
    return {
      losses: values.slice(0, count),
      classes: Uint8Array.from(values.subarray(count, 2 * count)),
      probabilities: values.slice(2 * count),
    };
  }

  async exportState(): Promise<Float32Array> {
    return take(tf.concat(this.state));
  }

  importState(state: ArrayLike<number>): void {
    this.replaceState(this.partsOf(state));
  }

  dispose(): void {
    tf.dispose(this.state);
    this.network.dispose();
  }

  /** Weights, velocities and, of a discrete network, running statistics. */
  private get state(): tf.Tensor1D[] {
    return [this.weights, this.velocity, ...(this.running ? [this.running] : [])];
  }

  /** The parts of a state on the device. */
  private partsOf(state: ArrayLike<number>): tf.Tensor1D[] {
    const count = layoutSize(this.layout);
    const whole = wholeState(count, this.runningLayout, state);
    const parts = [whole.slice(0, count), whole.slice(count, 2 * count), whole.slice(2 * count)];
    return parts.filter((part) => part.length > 0).map((part) => tf.tensor1d(part));
  }

  private replaceState([weights, velocity, running]: readonly tf.Tensor1D[]): void {
    tf.dispose(this.state);
    this.weights = weights;
    this.velocity = velocity;
    this.running = running ?? null;
  }

  private named(weights: tf.Tensor1D): Weights {
    return { tensors: tensorsOf(this.layout, weights) };
  }

  /** Logits by the batch's own statistics, or a discrete network's running ones. */
  private evaluated(mixing: ArrayLike<number>, { images }: Examples): tf.Tensor {
    const running = this.running ? tensorsOf(this.runningLayout, this.running) : undefined;
    return this.network.forward({ ...this.named(this.weights), running }, this.constantMixing(mixing), images);
  }

  /** The running statistics, moved towards those of a batch that were met. */
  private tracked(running: tf.Tensor1D, moments: ReadonlyMap<string, tf.Tensor>): tf.Tensor1D {
    const before = tensorsOf(this.runningLayout, running);
    const after = Array.from(before, ([name, value]) => {
      const met = moments.get(name);
      return (met ? tf.add(value, tf.mul(RUNNING_MOMENTUM, tf.sub(met, value))) : value) as tf.Tensor1D;
    });
    return tf.concat1d(after);
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
    const { space, architecture } = this.spec;
    const size = architecture ? 0 : space.size;
    if (mixing.length !== size) throw new Error(`the network has ${size} mixing weights, not ${mixing.length}`);
  }

  private constantMixing(mixing: ArrayLike<number>): Mixing {
    this.checkMixing(mixing);
    const { space, architecture } = this.spec;
    const shares = architecture ? oneHot(space.rows, architecture) : mixing;
    return Array.from(shares, (share) => (share === 0 ? null : tf.scalar(share)));
  }

  private differentiateWeights(mixing: ArrayLike<number>, examples: Examples, observe?: Weights["observe"]) {
    return this.differentiate(this.weights, examples, (w) =>
      this.network.forward({ ...this.named(w), observe }, this.constantMixing(mixing), examples.images),
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

/** Mean and unbiased variance of every channel of a batch of maps. */
function momentsOf(x: tf.Tensor): Record<"mean" | "variance", tf.Tensor> {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const count = x.size / mean.size;
  return { mean, variance: tf.mul(variance, count / Math.max(1, count - 1)) };
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
