import {
  conditionNumber,
  distinctPatterns,
  dot,
  jacobianScore,
  type ProxyName,
  patternKernelScore,
  type Scores,
} from "../core/proxies";
import { RandomStream } from "../core/random";
import type { Choices, NetworkSizes, SearchSpace } from "../core/space";
import type { OpenDevice } from "../engine/device";
import type { Batch } from "../engine/engine";
import { initialWeights, parameterLayout } from "../engine/network";
import type { Parameter } from "../engine/parameter";
import type { Probe } from "../engine/probe";

/** What each proxy measures with a probe of a network; their sources are in core/proxies.ts. */

export interface Scoring {
  readonly space: SearchSpace;
  readonly sizes: NetworkSizes;
  /** The images on which every candidate is scored. */
  readonly batch: Batch;
  readonly seed: number;
  /** Fresh sets of weights over which a score is averaged. */
  readonly repeats: number;
  readonly proxies: readonly ProxyName[];
  readonly device: Pick<OpenDevice, "createProber">;
  /** Accuracy of an architecture in a trained supernet, 0..1; absent where there is none. */
  readonly oneShot?: (architecture: Choices) => Promise<number>;
}

/** Images of the neural tangent kernel: it takes a pass for each. */
export const NTK_IMAGES = 16;

/** Inputs whose patterns are counted, in so many batches; 3 x 3 pixels of one channel, as TE-NAS does. */
export const REGIONS = { images: 1000, batches: 3, side: 3 };

/** What the images of SynFlow are filled with: the signal grows by a factor a layer, and float32 has room below one too. */
const FAINT = 2 ** -80;

function layoutOf({ plan: { spec } }: Probe): Parameter[] {
  return parameterLayout(spec.space, spec.sizes, spec.architecture);
}

/** The stream of an architecture's fresh weights. */
export function freshStream(architecture: Choices, seed: number, repeat: number): RandomStream {
  return new RandomStream(seed, `fresh weights ${repeat} of ${architecture}`);
}

/** Weights of convolutions and the classifier. */
function isMatrix({ shape }: Parameter): boolean {
  return shape.length > 1;
}

/** What the proxies of a batch of images are made of. */
interface Loaded extends Batch {
  readonly weights: Float32Array;
  /** The weights that count. */
  readonly layout: readonly Parameter[];
}

/** The proxies of a batch of images. */
export async function batchScores(probe: Probe, scoring: Scoring, repeat: number): Promise<Scores> {
  const { batch, proxies } = scoring;
  const layout = layoutOf(probe);
  const weights = initialWeights(layout, freshStream(probe.plan.spec.architecture, scoring.seed, repeat));
  const loaded = { ...batch, weights, layout: layout.filter(isMatrix) };
  const wants = (...names: ProxyName[]) => names.some((name) => proxies.includes(name));
  const scores: Partial<Record<ProxyName, number>> = {};
  probe.load(weights, batch.images);
  const logits = await probe.forward();
  if (wants("naswot")) scores.naswot = patternKernelScore(await probe.activationCodes());
  if (wants("snip", "fisher", "grad_norm")) Object.assign(scores, await saliencies(probe, loaded, logits));
  if (wants("jacob_cov")) {
    await probe.forward();
    probe.backward(new Float64Array(logits.length).fill(1));
    scores.jacob_cov = jacobianScore(await probe.imageGradients());
  }
  if (wants("grasp")) {
    await probe.forward();
    scores.grasp = await grasp(probe, loaded);
  }
  return scores;
}

/** SNIP, gradient norm and Fisher, of the forward pass before. */
async function saliencies(
  probe: Probe,
  { weights, layout, labels }: Loaded,
  logits: Float64Array,
): Promise<{ readonly snip: number; readonly grad_norm: number; readonly fisher: number }> {
  const outputs = await probe.outputs();
  probe.backward(lossGradient(logits, labels));
  const gradient = await probe.weightGradient();
  let [snip, norms] = [0, 0];
  for (const { offset, size } of layout) {
    const part = gradient.subarray(offset, offset + size);
    norms += Math.sqrt(dot(part, part));
    for (let i = 0; i < size; i++) snip += Math.abs(weights[offset + i] * part[i]);
  }
  return { snip, grad_norm: norms, fisher: fisher(probe, await probe.saliences(outputs), layout) };
}

/** dL/d(logits) of the batch's mean cross-entropy. */
function lossGradient(logits: Float64Array, labels: Uint8Array): Float64Array {
  const classes = logits.length / labels.length;
  const gradient = new Float64Array(logits.length);
  for (const [b, label] of labels.entries()) {
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const largest = Math.max(...row);
    const exponentials = row.map((value) => Math.exp(value - largest));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    for (let c = 0; c < classes; c++) {
      gradient[b * classes + c] = (exponentials[c] / total - (c === label ? 1 : 0)) / labels.length;
    }
  }
  return gradient;
}

/** Half of the mean over the images of the square of every channel's salience, times the channel's weights. */
function fisher({ plan }: Probe, saliences: readonly Float64Array[], layout: readonly Parameter[]): number {
  let score = 0;
  for (const [i, { name, output }] of plan.convolved.entries()) {
    const weights = layout.find((parameter) => parameter.name === name)?.size ?? 0;
    score += (weights / output.channels) * 0.5 * (dot(saliences[i], saliences[i]) / plan.spec.batch);
  }
  return score;
}

/** Of two gradients whose difference is a derivative, half of the distance as a share of the weights. */
const STEP = 1e-3;

/**
 * -sum of weight times (Hessian times gradient). The Hessian is symmetric, so that it may stand with the weights: its product with them
 * is how the gradient changes as they all grow. The rectifiers stay as they are, as they do where a gradient is differentiated
 * analytically: those few that would change their minds within the difference would bring more than all the others.
 */
async function grasp(probe: Probe, { weights, layout, images, labels }: Loaded): Promise<number> {
  const before = await probe.activationCodes();
  const at = async (scale: number) => {
    const grown = weights.slice();
    for (const { offset, size } of layout) for (let i = offset; i < offset + size; i++) grown[i] *= scale;
    probe.load(grown, images);
    const logits = await probe.forward();
    await probe.hold(before);
    probe.backward(lossGradient(logits, labels));
    return probe.weightGradient();
  };
  const [gradient, above, below] = [await at(1), await at(1 + STEP), await at(1 - STEP)];
  let sum = 0;
  for (const { offset, size } of layout) {
    for (let i = offset; i < offset + size; i++) sum += gradient[i] * (above[i] - below[i]);
  }
  return -sum / (2 * STEP);
}

/** Logarithm of the sum of weight times gradient of the summed logits, for an image of ones; as float32 holds no more, in two parts. */
export async function synflow(probe: Probe, scoring: Scoring, repeat: number): Promise<Scores> {
  const layout = layoutOf(probe);
  const weights = initialWeights(layout, freshStream(probe.plan.spec.architecture, scoring.seed, repeat)).map(Math.abs);
  const { side, channels } = probe.plan.input;
  probe.load(weights, new Float32Array(side * side * channels).fill(FAINT));
  const logits = await probe.forward();
  // The network is linear in its image, so that the logits of an image of ones are 1 / FAINT as large.
  const flow = logits.reduce((sum, value) => sum + value, 0);
  probe.backward(new Float64Array(logits.length).fill(1 / flow));
  const gradient = await probe.weightGradient();
  let sum = 0;
  for (const { offset, size } of layout.filter(isMatrix)) {
    for (let i = offset; i < offset + size; i++) sum += weights[i] * gradient[i];
  }
  return { synflow: Math.log(sum) + Math.log(flow) - Math.log(FAINT) };
}

/** The first images of a batch. */
function firstImages({ images, labels }: Batch, count: number): Float32Array {
  return images.subarray(0, (images.length / labels.length) * count);
}

/** Condition number of the kernel of the gradients of each image's summed logits by the weights, the norms' scales among them. */
export async function tangentKernel(probe: Probe, scoring: Scoring, repeat: number): Promise<Scores> {
  const { batch: count, sizes } = probe.plan.spec;
  const layout = layoutOf(probe);
  const weights = normalWeights(layout, "out", freshStream(probe.plan.spec.architecture, scoring.seed, repeat));
  probe.load(weights, firstImages(scoring.batch, count));
  const learnt = layout.filter((parameter) => isMatrix(parameter) || parameter.name.endsWith("/scale"));
  const length = learnt.reduce((sum, { size }) => sum + size, 0);
  const rows: Float64Array[] = [];
  for (let b = 0; b < count; b++) {
    const logits = await probe.forward();
    probe.backward(logits.fill(0).fill(1, b * sizes.classes, (b + 1) * sizes.classes));
    const gradient = await probe.weightGradient();
    const row = new Float64Array(length);
    let end = 0;
    for (const { offset, size } of learnt) {
      row.set(gradient.subarray(offset, offset + size), end);
      end += size;
    }
    rows.push(row);
  }
  return { ntk: conditionNumber(rows) };
}

/** Distinct patterns of the rectifiers over random pieces of the images. */
export async function linearRegions(probe: Probe, scoring: Scoring, repeat: number): Promise<Scores> {
  const { batch, sizes, seed } = scoring;
  const weights = normalWeights(layoutOf(probe), "in", freshStream(probe.plan.spec.architecture, scoring.seed, repeat));
  const pieces = new RandomStream(seed, "pieces of images");
  const patterns = new Set<string>();
  for (let i = 0; i < REGIONS.batches; i++) {
    probe.load(weights, cropped(batch, sizes, pieces));
    await probe.forward();
    for (const pattern of distinctPatterns(await probe.activationCodes())) patterns.add(pattern);
  }
  return { regions: patterns.size };
}

/** Random pieces of the first channel of random images. */
function cropped(
  { images, labels }: Batch,
  { image, imageChannels }: NetworkSizes,
  random: RandomStream,
): Float32Array {
  const { side } = REGIONS;
  const pieces = new Float32Array(REGIONS.images * side * side);
  for (let piece = 0; piece < REGIONS.images; piece++) {
    const from = random.integer(labels.length) * image;
    const [top, left] = [random.integer(image - side + 1), random.integer(image - side + 1)];
    for (let p = 0; p < side * side; p++) {
      const row = top + Math.floor(p / side);
      const column = left + (p % side);
      pieces[piece * side * side + p] = images[((from + row) * image + column) * imageChannels];
    }
  }
  return pieces;
}

/** Normal weights of variance 2 / fan (He et al. 2015), by fan-in or fan-out; scales of one, the rest zero. */
function normalWeights(layout: readonly Parameter[], fan: "in" | "out", random: RandomStream): Float32Array {
  const weights = new Float32Array(layout.reduce((sum, { size }) => sum + size, 0));
  for (const parameter of layout) {
    const { offset, size, shape, start } = parameter;
    if (start === "one") weights.fill(1, offset, offset + size);
    if (!isMatrix(parameter)) continue;
    const [ins, outs] = shape.slice(-2);
    const deviation = Math.sqrt(2 / (size / (fan === "in" ? outs : ins)));
    for (let i = offset; i < offset + size; i++) weights[i] = deviation * random.normal();
  }
  return weights;
}
