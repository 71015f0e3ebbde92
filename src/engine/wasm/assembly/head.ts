/** The head of the network, the loss, and the optimiser. */
import { arg, at, batch, fma, from, images, lanes, row, to, zero } from "./machine";

export function features(a: usize): void {
  const x = at(arg(a, 0));
  const positions = arg(a, 1), vectors = arg(a, 2);
  const stats = at(arg(a, 3)), scale = at(arg(a, 4)), offset = at(arg(a, 5));
  const f = at(arg(a, 6));
  const share = f32x4.splat(1 / <f32>positions);
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    const gain = f32x4.mul(v128.load(scale + ((<usize>v) << 4)), v128.load(stats + ((<usize>v) << 5), 16));
    const shift = f32x4.sub(v128.load(offset + ((<usize>v) << 4)), f32x4.mul(gain, v128.load(stats + ((<usize>v) << 5))));
    for (let b: usize = 0; b < row; b += 16) {
      let sum = zero();
      for (let p = 0; p < positions; p++) {
        const value = v128.load(x + (<usize>(p * vectors + v)) * row + b);
        sum = f32x4.add(sum, f32x4.max(fma(gain, value, shift), zero()));
      }
      v128.store(f + (<usize>v) * row + b, f32x4.mul(sum, share));
    }
  }
}

export function featuresReduce(a: usize): void {
  const df = at(arg(a, 0)), x = at(arg(a, 1));
  const positions = arg(a, 2), vectors = arg(a, 3);
  const stats = at(arg(a, 4)), scale = at(arg(a, 5)), offset = at(arg(a, 6)), sums = at(arg(a, 7));
  const share = f32x4.splat(1 / <f32>positions);
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    const lane = (<usize>v) << 4;
    const mean = v128.load(stats + (lane << 1)), inverse = v128.load(stats + (lane << 1), 16);
    const gain = f32x4.mul(v128.load(scale + lane), inverse);
    const shift = f32x4.sub(v128.load(offset + lane), f32x4.mul(gain, mean));
    let total = zero(), product = zero();
    for (let b = 0; b < batch; b++) {
      const place = (<usize>v) * row + ((<usize>b) << 4);
      const d = f32x4.mul(v128.load(df + place), share);
      let t = zero(), s = zero();
      for (let p = 0; p < positions; p++) {
        const value = v128.load(x + (<usize>(p * vectors)) * row + place);
        const dy = v128.and(d, f32x4.gt(fma(gain, value, shift), zero()));
        t = f32x4.add(t, dy);
        s = fma(dy, f32x4.sub(value, mean), s);
      }
      total = f32x4.add(total, t);
      product = f32x4.add(product, s);
    }
    v128.store(sums + lane, f32x4.mul(product, inverse));
    v128.store(sums + (((<usize>vectors) << 4) + lane), total);
  }
}

export function featuresMap(a: usize): void {
  const df = at(arg(a, 0)), x = at(arg(a, 1));
  const positions = arg(a, 2), vectors = arg(a, 3);
  const stats = at(arg(a, 4)), scale = at(arg(a, 5)), offset = at(arg(a, 6)), sums = at(arg(a, 7)), dx = at(arg(a, 8));
  const share = f32x4.splat(1 / <f32>positions);
  const n = f32x4.splat(1 / <f32>(positions * batch));
  const units = positions * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const v = <usize>(u % vectors);
    const lane = v << 4;
    const mean = v128.load(stats + (lane << 1)), inverse = v128.load(stats + (lane << 1), 16);
    const gain = f32x4.mul(v128.load(scale + lane), inverse);
    const shift = f32x4.sub(v128.load(offset + lane), f32x4.mul(gain, mean));
    const product = f32x4.mul(f32x4.mul(v128.load(sums + lane), inverse), n);
    const total = f32x4.mul(v128.load(sums + (((<usize>vectors) << 4) + lane)), n);
    for (let b: usize = 0; b < row; b += 16) {
      const value = v128.load(x + (<usize>u) * row + b);
      const passed = f32x4.gt(fma(gain, value, shift), zero());
      const dy = v128.and(f32x4.mul(v128.load(df + v * row + b), share), passed);
      const centred = f32x4.sub(f32x4.sub(dy, total), f32x4.mul(f32x4.sub(value, mean), product));
      v128.store(dx + (<usize>u) * row + b, f32x4.mul(gain, centred));
    }
  }
}

export function loss(a: usize): void {
  const logits = at(arg(a, 0));
  const classes = arg(a, 1);
  const bias = at(arg(a, 2)), labels = at(arg(a, 3)), losses = at(arg(a, 4)), hits = at(arg(a, 5));
  const padded = (classes + 3) & ~3;
  for (let b = from(batch), last = to(batch); b < last; b++) {
    const label = <i32>load<f32>(labels + ((<usize>b) << 2));
    let largest: f32 = -Infinity;
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const at = logit(logits, c, b);
      const y = load<f32>(at) + load<f32>(bias + ((<usize>c) << 2));
      store<f32>(at, y);
      if (y > largest) {
        largest = y;
        best = c;
      }
    }
    let total: f32 = 0;
    const own = load<f32>(logit(logits, label, b)) - largest;
    for (let c = 0; c < classes; c++) {
      const at = logit(logits, c, b);
      const e = <f32>Math.exp(load<f32>(at) - largest);
      store<f32>(at, e);
      total += e;
    }
    for (let c = 0; c < padded; c++) {
      const at = logit(logits, c, b);
      const share: f32 = c < classes ? load<f32>(at) / total - (c == label ? <f32>1 : <f32>0) : 0;
      store<f32>(at, share / <f32>batch);
    }
    store<f32>(losses + ((<usize>b) << 2), <f32>Math.log(total) - own);
    store<f32>(hits + ((<usize>b) << 2), best == label ? 1 : 0);
  }
}

function logit(logits: usize, c: i32, b: i32): usize {
  return logits + (((<usize>((c >> 2) * images + b)) << 4) + ((<usize>(c & 3)) << 2));
}

/** Threads take the slots of the sum in turn; the executor's plans have one part. */
export function gradientNorm(a: usize): void {
  const gradient = at(arg(a, 0));
  const count = arg(a, 1);
  const squares = at(arg(a, 4));
  const slots = arg(a, 5);
  for (let slot = from(slots), last = to(slots); slot < last; slot++) {
    const start = gradient + ((<usize>edge(slot, count, slots)) << 2);
    const end = gradient + ((<usize>edge(slot + 1, count, slots)) << 2);
    let sum = zero();
    // By the kilobyte, so that rounding does not grow with the number of weights.
    for (let g = start; g < end; ) {
      let part = zero();
      for (const stop = min(g + 1024, end); g < stop; g += 16) part = fma(v128.load(g), v128.load(g), part);
      sum = f32x4.add(sum, part);
    }
    store<f32>(squares + ((<usize>slot) << 2), lanes(sum));
  }
}

function edge(slot: i32, count: i32, slots: i32): i32 {
  return <i32>((<i64>slot * count) / slots / 4) * 4;
}

export function update(a: usize): void {
  const weights = at(arg(a, 0)), velocities = at(arg(a, 1)), gradient = at(arg(a, 2));
  const vectors = arg(a, 3) >> 2;
  const squares = at(arg(a, 4));
  const hyper = at(arg(a, 6));
  let sum: f32 = 0;
  for (let slot = 0; slot < arg(a, 5); slot++) sum += load<f32>(squares + ((<usize>slot) << 2));
  const rate = v128.load32_splat(hyper), momentum = v128.load32_splat(hyper, 4), decay = v128.load32_splat(hyper, 8);
  const factor = f32x4.splat(min<f32>(1, load<f32>(hyper, 12) / (sqrt<f32>(sum) + 1e-6)));
  for (let i = (<usize>from(vectors)) << 4, end = (<usize>to(vectors)) << 4; i < end; i += 16) {
    const w = v128.load(weights + i);
    const g = fma(decay, w, f32x4.mul(v128.load(gradient + i), factor));
    const v = fma(momentum, v128.load(velocities + i), g);
    v128.store(velocities + i, v);
    v128.store(weights + i, f32x4.sub(w, f32x4.mul(rate, fma(momentum, v, g))));
  }
}
