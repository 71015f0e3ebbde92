import { init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { edgesOf, rowOffsets } from "../../core/space";
import type { Batch, SupernetSpec, WeightStep } from "../../engine/engine";
import { NORM_EPSILON, parameterLayout, STAGES } from "../../engine/network";
import type { Parameter } from "../../engine/parameter";

/**
 * The supernet in jax-js, the peer of the benchmark: the same layers, written as a user of that library would, channels first as it
 * wants them, each half step traced and compiled once. Arrays are consumed by use; `ref` keeps one for another use.
 */

type Weights = Readonly<Record<string, np.Array>>;

/** A half step returns the batch's mean loss. */
export interface Peer {
  architectureGradient(mixing: ArrayLike<number>, batch: Batch): Promise<{ loss: number; gradient: Float64Array }>;
  weightStep(mixing: ArrayLike<number>, batch: Batch, step: WeightStep): Promise<{ loss: number }>;
}

/** @throws {Error} where jax-js has no such device */
export async function createPeer(device: "webgpu" | "wasm", spec: SupernetSpec, weights: Float32Array): Promise<Peer> {
  const found = await init(device);
  if (!found.includes(device)) throw new Error(`jax-js has no ${device} here`);
  const { space, sizes, batch } = spec;
  const layout = parameterLayout(space, sizes);
  const put = (values: Float32Array<ArrayBuffer>, shape: number[]) => np.array(values, { shape, device });
  let parameters: Weights = Object.fromEntries(
    layout.map((each) => [each.name, put(filter(each, weights), order(each))]),
  );
  let velocities: Weights = Object.fromEntries(
    layout.map((each) => [each.name, put(new Float32Array(each.size), order(each))]),
  );

  const lossOf = (own: Weights, mixing: np.Array, images: np.Array, oneHot: np.Array) =>
    crossEntropy(forward(spec, own, mixing, images), oneHot);
  const byMixing = jit((mixing: np.Array, own: Weights, images: np.Array, oneHot: np.Array) =>
    valueAndGrad((p: np.Array) => lossOf(own, p, images, oneHot))(mixing),
  );
  /** SGD with Nesterov momentum on the clipped gradient. */
  const byWeights = jit(
    (own: Weights, moving: Weights, mixing: np.Array, images: np.Array, oneHot: np.Array, hyper: np.Array) => {
      const [loss, gradient] = valueAndGrad((w: Weights) => lossOf(w, mixing, images, oneHot))(own_(own));
      const [rate, momentum, decay, clip] = np.split(hyper, 4);
      const norm = np.sqrt(layout.map(({ name }) => np.sum(np.square(gradient[name].ref))).reduce((a, b) => a.add(b)));
      const scale = np.minimum(np.ones([1]), clip.div(norm));
      const next: Record<string, np.Array> = {};
      const nextMoving: Record<string, np.Array> = {};
      for (const { name } of layout) {
        const g = gradient[name].mul(scale.ref).add(own[name].ref.mul(decay.ref));
        const v = moving[name].mul(momentum.ref).add(g.ref);
        next[name] = own[name].sub(g.add(v.ref.mul(momentum.ref)).mul(rate.ref));
        nextMoving[name] = v;
      }
      for (const spent of [rate, momentum, decay, scale]) spent.dispose();
      return [loss, next, nextMoving];
    },
  );

  const inputs = ({ images, labels }: Batch) => {
    const oneHot = new Float32Array(batch * sizes.classes);
    for (const [i, label] of labels.entries()) oneHot[i * sizes.classes + label] = 1;
    const nhwc = put(Float32Array.from(images), [batch, sizes.image, sizes.image, sizes.imageChannels]);
    return [np.transpose(nhwc, [0, 3, 1, 2]), put(oneHot, [batch, sizes.classes])] as const;
  };
  const mixed = (mixing: ArrayLike<number>) => put(Float32Array.from(mixing), [space.size]);
  const kept = (tree: Weights): Weights => Object.fromEntries(layout.map(({ name }) => [name, tree[name].ref]));
  const own_ = kept;

  return {
    async architectureGradient(mixing, batch) {
      const [loss, gradient] = byMixing(mixed(mixing), kept(parameters), ...inputs(batch)) as [np.Array, np.Array];
      const [value] = await loss.data();
      return { loss: value, gradient: Float64Array.from(await gradient.data()) };
    },
    async weightStep(mixing, batch, { rate, momentum, decay, clip }) {
      const hyper = put(Float32Array.of(rate, momentum, decay, clip), [4]);
      const outputs = byWeights(parameters, velocities, mixed(mixing), ...inputs(batch), hyper);
      const [loss, next, nextVelocities] = outputs as [np.Array, Weights, Weights];
      parameters = next;
      velocities = nextVelocities;
      const [value] = await loss.data();
      return { loss: value };
    },
  };
}

/** Shape of a parameter here: convolutions out, in, height, width; scales and offsets broadcast over maps. */
function order({ name, shape }: Parameter): number[] {
  if (shape.length === 4) return [shape[3], shape[2], shape[0], shape[1]];
  return /\/(scale|offset)$/.test(name) ? [1, shape[0], 1, 1] : [...shape];
}

function filter({ shape, offset, size }: Parameter, weights: Float32Array): Float32Array<ArrayBuffer> {
  const flat = weights.slice(offset, offset + size);
  if (shape.length !== 4) return flat;
  const [height, width, ins, outs] = shape;
  const turned = new Float32Array(size);
  let to = 0;
  for (let o = 0; o < outs; o++)
    for (let i = 0; i < ins; i++)
      for (let p = 0; p < height * width; p++) turned[to++] = flat[(p * ins + i) * outs + o];
  return turned;
}

function conv(x: np.Array, w: np.Array, stride = 1): np.Array {
  const pad = (w.shape[2] - 1) / 2;
  return lax.convGeneralDilated(
    x,
    w,
    [stride, stride],
    [
      [pad, pad],
      [pad, pad],
    ],
  );
}

/** Batch norm without scale and offset. */
function normalise(x: np.Array): np.Array {
  const axes = { keepdims: true };
  const centred = x.ref.sub(np.mean(x, [0, 2, 3], axes));
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], axes);
  return centred.div(np.sqrt(variance.add(NORM_EPSILON)));
}

/** Mean of 3 x 3 over the pixels that exist. */
function averagePool(x: np.Array): np.Array {
  const side = x.shape[3];
  const share = Float32Array.from({ length: side }, (_, i) => 1 / (Math.min(i + 2, side) - Math.max(i - 1, 0)));
  const border = np.array(share);
  const padded = np.pad(x, [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
  const sums = lax.reduceWindow(padded, np.sum, [3, 3]);
  return sums.mul(border.ref.reshape([side, 1])).mul(border);
}

function crossEntropy(logits: np.Array, oneHot: np.Array): np.Array {
  return np.mean(np.sum(nn.logSoftmax(logits, 1).mul(oneHot), 1)).neg();
}

function forward({ space, sizes }: SupernetSpec, weights: Weights, mixing: np.Array, images: np.Array): np.Array {
  const own = (name: string) => weights[name].ref;
  const affine = (x: np.Array, name: string) =>
    normalise(x)
      .mul(own(`${name}/scale`))
      .add(own(`${name}/offset`));
  const offsets = rowOffsets(space.rows);
  const shares = np.split(mixing, space.size);

  const cell = (x: np.Array, name: string): np.Array => {
    const nodes: np.Array[] = [x];
    for (const [r, row] of space.rows.entries()) {
      const [from, to] = edgesOf(space)[r];
      for (const [o, operation] of row.choices.entries()) {
        if (operation === "none") continue;
        const source = nodes[from].ref;
        const w = () => own(`${name}/${row.name}/${operation}`);
        const value =
          operation === "skip_connect"
            ? source
            : operation === "avg_pool_3x3"
              ? averagePool(source)
              : normalise(conv(nn.relu(source), w()));
        const term = value.mul(shares[offsets[r] + o].ref);
        nodes[to] = nodes[to] ? nodes[to].add(term) : term;
      }
    }
    const last = nodes.pop() as np.Array;
    for (const node of nodes) node.dispose();
    return last;
  };
  const residual = (x: np.Array, name: string): np.Array => {
    const block = (input: np.Array, at: string, stride: number) => affine(conv(nn.relu(input), own(at), stride), at);
    const main = block(block(x.ref, `${name}/conv1`, 2), `${name}/conv2`, 1);
    const pooled = lax.reduceWindow(x, np.mean, [2, 2], [2, 2]);
    return main.add(conv(pooled, own(`${name}/shortcut`)));
  };

  let x = affine(conv(images, own("stem/conv")), "stem");
  for (let stage = 0; stage < STAGES; stage++) {
    if (stage > 0) x = residual(x, `reduce${stage}`);
    for (let i = 0; i < sizes.cells; i++) x = cell(x, `cell${stage * sizes.cells + i}`);
  }
  for (const share of shares) share.dispose();
  const features = np.mean(nn.relu(affine(x, "head")), [2, 3]);
  return np.matmul(features, own("head/weight")).add(own("head/bias"));
}
