import { symmetricEigenvalues } from "../../src/core/eigen";
import type { ProxyName } from "../../src/core/proxies";
import type { Choices } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { initialWeights, parameterLayout } from "../../src/engine/network";
import { freshStream } from "../../src/search/measures";
import { type Node, Oracle, type Scored } from "./oracle";

/** The float64 network with its insides open. */
export class OpenOracle extends Oracle {
  readonly convolved: { name: string; node: Node }[] = [];
  readonly rectified: Node[] = [];
  readonly logits: number[][] = [];

  /** @param seeds dL/d(logits) of every image, from the logits */
  constructor(
    spec: SupernetSpec,
    weights: ArrayLike<number>,
    batch: Batch,
    private readonly seeds: (logits: readonly number[], image: number) => readonly number[],
    private readonly normed = true,
  ) {
    super(spec, weights, batch, []);
    this.forward();
    this.backward();
  }

  get weightGradient(): Float64Array {
    return this.dWeights;
  }

  /** dL/d(images). */
  get imageGradient(): Float64Array {
    return this.tape[0].gradient.data;
  }

  protected override conv(x: Node, name: string, stride: number): Node {
    const node = super.conv(x, name, stride);
    this.convolved.push({ name, node });
    return node;
  }

  protected override relu(x: Node): Node {
    const node = super.relu(x);
    this.rectified.push(node);
    return node;
  }

  protected override norm(x: Node, name?: string): Node {
    return this.normed ? super.norm(x, name) : x;
  }

  protected override classified({ value, gradient }: Node): Scored {
    const { batch, side, channels, data } = value;
    const { classes } = this.spec.sizes;
    const weight = this.parameter("head/weight").offset;
    const bias = this.parameter("head/bias").offset;
    const positions = side * side;
    for (let b = 0; b < batch; b++) {
      const logits = Array.from({ length: classes }, (_, o) => Number(this.weights[bias + o]));
      const each = (visit: (at: number, w: number, o: number) => void) => {
        for (let p = 0; p < positions; p++)
          for (let c = 0; c < channels; c++)
            for (let o = 0; o < classes; o++) visit((b * positions + p) * channels + c, weight + c * classes + o, o);
      };
      each((at, w, o) => {
        logits[o] += (data[at] * this.weights[w]) / positions;
      });
      const d = this.seeds(logits, b);
      each((at, w, o) => {
        this.dWeights[w] += (d[o] * data[at]) / positions;
        gradient.data[at] += (d[o] * this.weights[w]) / positions;
      });
      for (let o = 0; o < classes; o++) this.dWeights[bias + o] += d[o];
      this.logits.push(logits);
    }
    return { losses: [], classes: [], probabilities: [], loss: 0, accuracy: 0, margin: 0 };
  }
}

const inner = (a: Float64Array, b: Float64Array) => total(a.map((x, i) => x * b[i]));

const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);

/** Proxies as their papers state them, in float64 and without any thought of speed. */
export function proxiesByDefinition(
  spec: SupernetSpec & { architecture: Choices },
  batch: Batch,
  seed: number,
): Partial<Record<ProxyName, number>> {
  const count = batch.labels.length;
  const { classes, image, imageChannels } = spec.sizes;
  const layout = parameterLayout(spec.space, spec.sizes, spec.architecture);
  const matrices = layout.filter(({ shape }) => shape.length > 1);
  const weights = Float64Array.from(initialWeights(layout, freshStream(spec.architecture, seed, 0)));
  const slices = (values: Float64Array) => matrices.map(({ offset, size }) => values.subarray(offset, offset + size));

  const crossEntropy = (logits: readonly number[], b: number) => {
    const sum = total(logits.map(Math.exp));
    return logits.map((logit, c) => (Math.exp(logit) / sum - (c === batch.labels[b] ? 1 : 0)) / count);
  };
  const lossAt = (w: Float64Array) => new OpenOracle(spec, w, batch, crossEntropy);
  const network = lossAt(weights);
  const gradient = network.weightGradient;
  const [theta, g] = [slices(weights), slices(gradient)];
  const products = theta.map((part, l) => total(part.map((w, i) => Math.abs(w * g[l][i]))));

  const moved = (by: number) => {
    const to = weights.slice();
    for (const { offset, size } of matrices) for (let i = offset; i < offset + size; i++) to[i] += by * gradient[i];
    return slices(lossAt(to).weightGradient);
  };
  const h = 1e-6 / Math.sqrt(total(g.map((part) => inner(part, part))));
  const [above, below] = [moved(h), moved(-h)];
  const grasp = -total(theta.map((part, l) => total(part.map((w, i) => (w * (above[l][i] - below[l][i])) / (2 * h)))));

  // The classifier's output is none of `convolved`.
  const reached = network.convolved.map(({ name, node }) => ({
    fan: (layout.find((parameter) => parameter.name === name)?.size ?? 0) / node.value.channels,
    outs: node.value.channels,
    values: node.value.data,
    gradients: node.gradient.data,
  }));
  const head = layout.find(({ name }) => name === "head/weight");
  const last = {
    fan: (head?.size ?? 0) / classes,
    outs: classes,
    values: Float64Array.from(network.logits.flat()),
    gradients: Float64Array.from(network.logits.flatMap(crossEntropy)),
  };
  const fisher = total(
    [...reached, last].flatMap(({ fan, outs, values, gradients }) =>
      Array.from({ length: outs }, (_, c) => {
        const sums = new Float64Array(count);
        for (let i = c; i < values.length; i += outs) {
          sums[Math.floor((i * count) / values.length)] += values[i] * gradients[i];
        }
        return (fan * 0.5 * total(sums.map((sum) => sum * sum))) / count;
      }),
    ),
  );

  // Nobody computes what leads nowhere.
  const living = network.rectified.filter((node) => node.gradient.data.some((d) => d !== 0));
  const codes = Array.from({ length: count }, (_, b) =>
    living.flatMap(({ value }) => {
      const size = value.data.length / count;
      return Array.from(value.data.subarray(b * size, (b + 1) * size), (x) => x > 0);
    }),
  );
  const kernel = codes.map((a) => codes.map((b) => a.filter((on, i) => on === b[i]).length));

  const pixels = image * image * imageChannels;
  const jacobian = new OpenOracle(spec, weights, batch, (logits) => logits.map(() => 1)).imageGradient;
  const centred = Array.from({ length: count }, (_, b) => {
    const row = jacobian.subarray(b * pixels, (b + 1) * pixels);
    return row.map((value) => value - total(row) / pixels);
  });
  const correlations = centred.map((a) => centred.map((b) => inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b))));

  const one: Batch = { images: new Float32Array(pixels).fill(1), labels: new Uint8Array(1) };
  const flow = new OpenOracle(
    { ...spec, batch: 1 },
    weights.map(Math.abs),
    one,
    (logits) => logits.map(() => 1),
    false,
  );
  const flows = slices(flow.weightGradient).map((part, l) => total(part.map((d, i) => Math.abs(d * theta[l][i]))));

  return {
    naswot: total(symmetricEigenvalues(kernel).map((v) => Math.log(v))),
    synflow: Math.log(total(flows)),
    snip: total(products),
    grasp,
    fisher,
    grad_norm: total(g.map((part) => Math.sqrt(inner(part, part)))),
    jacob_cov: -total(symmetricEigenvalues(correlations).map((v) => Math.log(v + 1e-5) + 1 / (v + 1e-5))),
  };
}
