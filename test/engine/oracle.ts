/**
 * The NAS-Bench-201 networks once more, in float64 with plain loops and no gradient: what the engines are held against. Nothing here
 * is shared with them but the order of the weights. Maps are batch x height x width x channels.
 */
import type { Batch, Score, SupernetSpec } from "../../src/engine/engine";
import { parameterLayout } from "../../src/engine/network";

interface Maps {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
  readonly values: Float64Array;
}

function empty(batch: number, side: number, channels: number): Maps {
  return { batch, side, channels, values: new Float64Array(batch * side * side * channels) };
}

const at = (m: Maps, b: number, y: number, x: number, c: number) => ((b * m.side + y) * m.side + x) * m.channels + c;

function each(m: Maps, visit: (b: number, y: number, x: number, c: number) => number): Maps {
  for (let b = 0; b < m.batch; b++) {
    for (let y = 0; y < m.side; y++) {
      for (let x = 0; x < m.side; x++) {
        for (let c = 0; c < m.channels; c++) m.values[at(m, b, y, x, c)] = visit(b, y, x, c);
      }
    }
  }
  return m;
}

const map = (m: Maps, f: (value: number) => number): Maps => ({ ...m, values: m.values.map(f) });
const plus = (a: Maps, b: Maps): Maps => ({ ...a, values: a.values.map((value, i) => value + b.values[i]) });
const relu = (m: Maps) => map(m, (value) => Math.max(value, 0));

/** Convolution of kernel side `size`, padded with zeros on all sides so that stride 1 keeps the side. */
function conv(m: Maps, filter: ArrayLike<number>, size: number, outputs: number, stride = 1): Maps {
  const reach = (size - 1) / 2;
  return each(empty(m.batch, Math.ceil(m.side / stride), outputs), (b, y, x, o) => {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const row = y * stride + i - reach;
        const column = x * stride + j - reach;
        if (row < 0 || row >= m.side || column < 0 || column >= m.side) continue;
        for (let c = 0; c < m.channels; c++) {
          sum += m.values[at(m, b, row, column, c)] * filter[((i * size + j) * m.channels + c) * outputs + o];
        }
      }
    }
    return sum;
  });
}

/** Mean of the existing pixels of each window. */
function pool(m: Maps, size: number, stride: number, start: number): Maps {
  return each(empty(m.batch, Math.ceil(m.side / stride), m.channels), (b, y, x, c) => {
    let sum = 0;
    let count = 0;
    for (let row = y * stride + start; row < y * stride + start + size; row++) {
      for (let column = x * stride + start; column < x * stride + start + size; column++) {
        if (row < 0 || row >= m.side || column < 0 || column >= m.side) continue;
        sum += m.values[at(m, b, row, column, c)];
        count++;
      }
    }
    return sum / count;
  });
}

function norm(m: Maps, scale?: ArrayLike<number>, offset?: ArrayLike<number>): Maps {
  const means = new Float64Array(m.channels);
  const variances = new Float64Array(m.channels);
  const count = m.values.length / m.channels;
  for (const [i, value] of m.values.entries()) means[i % m.channels] += value / count;
  for (const [i, value] of m.values.entries())
    variances[i % m.channels] += (value - means[i % m.channels]) ** 2 / count;
  const values = m.values.map((value, i) => {
    const c = i % m.channels;
    return ((value - means[c]) / Math.sqrt(variances[c] + 1e-5)) * (scale ? scale[c] : 1) + (offset ? offset[c] : 0);
  });
  return { ...m, values };
}

/** What a cell makes of its input; `weight` gives the named tensor of this cell. */
type Cell = (x: Maps, weight: (name: string) => ArrayLike<number>) => Maps;

function operation(name: string, x: Maps, filter: () => ArrayLike<number>): Maps {
  if (name === "none") return map(x, () => 0);
  if (name === "skip_connect") return x;
  if (name === "nor_conv_1x1") return norm(conv(relu(x), filter(), 1, x.channels));
  if (name === "nor_conv_3x3") return norm(conv(relu(x), filter(), 3, x.channels));
  if (name === "avg_pool_3x3") return pool(x, 3, 1, -1);
  throw new Error(name);
}

const OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];

/** The mixed cell: row by row of `mixing`, edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2; `mixing` is one row, or one for each example. */
export function mixedCell(mixing: ArrayLike<number>): Cell {
  return (x, weight) => {
    const perExample = x.values.length / x.batch;
    const nodes = [x];
    let row = 0;
    for (let to = 1; to < 4; to++) {
      let sum = map(x, () => 0);
      for (let from = 0; from < to; from++, row++) {
        for (const [o, name] of OPERATIONS.entries()) {
          const value = operation(name, nodes[from], () => weight(`${to}<-${from}/${name}`));
          const share = (i: number) =>
            mixing.length === 30 ? mixing[row * 5 + o] : mixing[Math.floor(i / perExample) * 30 + row * 5 + o];
          sum = plus(sum, { ...value, values: value.values.map((v, i) => v * share(i)) });
        }
      }
      nodes.push(sum);
    }
    return nodes[3];
  };
}

/** The discrete cell, written without mixing weights. */
export function discreteCell(operations: readonly string[]): Cell {
  return (x, weight) => {
    const [a, b, c, d, e, f] = operations;
    const edge = (to: number, from: number, name: string, source: Maps) =>
      operation(name, source, () => weight(`${to}<-${from}/${name}`));
    const one = edge(1, 0, a, x);
    const two = plus(edge(2, 0, b, x), edge(2, 1, c, one));
    return plus(plus(edge(3, 0, d, x), edge(3, 1, e, one)), edge(3, 2, f, two));
  };
}

/** Loss of each example, and the batch's score. */
export function forward(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  cell: Cell,
  batch: Batch,
): Score & { losses: number[] } {
  const { channels, cells, image, imageChannels, classes } = spec.sizes;
  const places = new Map(parameterLayout(spec.space, spec.sizes).map((parameter) => [parameter.name, parameter]));
  const weight = (name: string): ArrayLike<number> => {
    const place = places.get(name);
    if (!place) throw new Error(name);
    return Array.from({ length: place.size }, (_, i) => weights[place.offset + i]);
  };
  const affine = (m: Maps, name: string) => norm(m, weight(`${name}/scale`), weight(`${name}/offset`));
  const count = batch.labels.length;
  const images: Maps = { batch: count, side: image, channels: imageChannels, values: Float64Array.from(batch.images) };
  let x = affine(conv(images, weight("stem/conv"), 3, channels), "stem");
  for (let stage = 0; stage < 3; stage++) {
    if (stage > 0) {
      const name = `reduce${stage}`;
      const width = 2 * x.channels;
      const first = affine(conv(relu(x), weight(`${name}/conv1`), 3, width, 2), `${name}/conv1`);
      const second = affine(conv(relu(first), weight(`${name}/conv2`), 3, width), `${name}/conv2`);
      x = plus(second, conv(pool(x, 2, 2, 0), weight(`${name}/shortcut`), 1, width));
    }
    for (let i = 0; i < cells; i++) x = cell(x, (name) => weight(`cell${stage * cells + i}/${name}`));
  }
  const last = relu(affine(x, "head"));
  const head = weight("head/weight");
  const bias = weight("head/bias");
  const losses: number[] = [];
  let hits = 0;
  for (let b = 0; b < count; b++) {
    const logits = Array.from(bias);
    for (let c = 0; c < last.channels; c++) {
      let mean = 0;
      for (let y = 0; y < last.side; y++) {
        for (let z = 0; z < last.side; z++) mean += last.values[at(last, b, y, z, c)] / last.side ** 2;
      }
      for (let k = 0; k < classes; k++) logits[k] += mean * head[c * classes + k];
    }
    const label = batch.labels[b];
    losses.push(Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[label]);
    if (logits.indexOf(Math.max(...logits)) === label) hits++;
  }
  const loss = losses.reduce((sum, value) => sum + value, 0) / count;
  return { losses, loss, accuracy: hits / count };
}
