/** Reductions over positions and real images. Threads share out vectors of channels, so that a sum is the same for any number of them. */
import { arg, at, batch, fma, from, images, lanes, row, rows, to, zero } from "./machine";
import { covers, sourceOf, spreadAverage, TERM_BYTES } from "./linear";

const EPSILON: f32 = 1e-5;

/** Share of the new value in a running one. */
const RUNNING_MOMENTUM: f32 = 0.1;
const NORMALISED = 1;
const AVERAGE = 2;

export function stats(a: usize): void {
  const z = at(arg(a, 0));
  const positions = arg(a, 1), vectors = arg(a, 2);
  const out = at(arg(a, 3));
  const pixel = (<usize>vectors) * row;
  const n = f32x4.splat(1 / <f32>(positions * batch));
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    let source = z + (<usize>v) * row;
    // Sums of differences from about the mean: no cancellation in the variance where the mean is large.
    const origin = diagonalMean(source, positions, pixel);
    let sum = zero(), squares = zero();
    for (let p = 0; p < positions; p++) {
      let s0 = zero(), s1 = zero(), q0 = zero(), q1 = zero();
      let b = 0;
      for (; b + 1 < batch; b += 2) {
        const at0 = source + ((<usize>b) << 4);
        const d0 = f32x4.sub(v128.load(at0), origin), d1 = f32x4.sub(v128.load(at0, 16), origin);
        s0 = f32x4.add(s0, d0);
        s1 = f32x4.add(s1, d1);
        q0 = fma(d0, d0, q0);
        q1 = fma(d1, d1, q1);
      }
      if (b < batch) {
        const d = f32x4.sub(v128.load(source + ((<usize>b) << 4)), origin);
        s0 = f32x4.add(s0, d);
        q0 = fma(d, d, q0);
      }
      sum = f32x4.add(sum, f32x4.add(s0, s1));
      squares = f32x4.add(squares, f32x4.add(q0, q1));
      source += pixel;
    }
    const shift = f32x4.mul(sum, n);
    const variance = f32x4.max(f32x4.sub(f32x4.mul(squares, n), f32x4.mul(shift, shift)), zero());
    const target = out + ((<usize>v) << 5);
    v128.store(target, f32x4.add(origin, shift));
    v128.store(target, f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(EPSILON)))), 16);
  }
}

/**
 * Mean along the map's diagonal. A single value won't do: beside a nearly constant map a corner, which sees the padding, lies so far off
 * that as many digits are lost as the map has.
 */
function diagonalMean(source: usize, positions: i32, pixel: usize): v128 {
  const side = <i32>Math.sqrt(positions);
  let sum = zero();
  for (let i = 0; i < side; i++) sum = f32x4.add(sum, total(source + <usize>(i * (side + 1)) * pixel));
  return f32x4.mul(sum, f32x4.splat(1 / <f32>(side * batch)));
}

/** value + momentum * (target - value), in place. */
function approach(value: usize, target: v128): void {
  const before = v128.load(value);
  v128.store(value, fma(f32x4.splat(RUNNING_MOMENTUM), f32x4.sub(target, before), before));
}

export function track(a: usize): void {
  const stat = at(arg(a, 0));
  const vectors = arg(a, 2);
  const running = at(arg(a, 3));
  const n = arg(a, 1) * batch;
  const unbiased = f32x4.splat(<f32>n / <f32>max(1, n - 1));
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    const inverse = v128.load(stat + ((<usize>v) << 5), 16);
    const square = f32x4.div(f32x4.splat(1), f32x4.mul(inverse, inverse));
    const variance = f32x4.max(f32x4.sub(square, f32x4.splat(EPSILON)), zero());
    approach(running + ((<usize>v) << 4), v128.load(stat + ((<usize>v) << 5)));
    approach(running + ((<usize>(vectors + v)) << 4), f32x4.mul(variance, unbiased));
  }
}

export function runningStats(a: usize): void {
  const running = at(arg(a, 0));
  const vectors = arg(a, 1);
  const stat = at(arg(a, 2));
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    const target = stat + ((<usize>v) << 5);
    const variance = v128.load(running + ((<usize>(vectors + v)) << 4));
    v128.store(target, v128.load(running + ((<usize>v) << 4)));
    v128.store(target, f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(EPSILON)))), 16);
  }
}

/** Sum over the images of dy. */
function total(dy: usize): v128 {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
  let b = 0;
  for (; b + 3 < batch; b += 4) {
    s0 = f32x4.add(s0, v128.load(dy));
    s1 = f32x4.add(s1, v128.load(dy, 16));
    s2 = f32x4.add(s2, v128.load(dy, 32));
    s3 = f32x4.add(s3, v128.load(dy, 48));
    dy += 64;
  }
  for (; b < batch; b++) {
    s0 = f32x4.add(s0, v128.load(dy));
    dy += 16;
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/** Sum over the images of dy * (z - mean). */
function product(dy: usize, z: usize, mean: v128): v128 {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
  let b = 0;
  for (; b + 3 < batch; b += 4) {
    s0 = fma(v128.load(dy), f32x4.sub(v128.load(z), mean), s0);
    s1 = fma(v128.load(dy, 16), f32x4.sub(v128.load(z, 16), mean), s1);
    s2 = fma(v128.load(dy, 32), f32x4.sub(v128.load(z, 32), mean), s2);
    s3 = fma(v128.load(dy, 48), f32x4.sub(v128.load(z, 48), mean), s3);
    dy += 64;
    z += 64;
  }
  for (; b < batch; b++) {
    s0 = fma(v128.load(dy), f32x4.sub(v128.load(z), mean), s0);
    dy += 16;
    z += 16;
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

export function normReduce(a: usize): void {
  const dy = at(arg(a, 0)), z = at(arg(a, 1));
  const positions = arg(a, 2), vectors = arg(a, 3);
  const stat = at(arg(a, 4)), sums = at(arg(a, 5));
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    const mean = v128.load(stat + ((<usize>v) << 5));
    let t = zero(), s = zero();
    for (let p = 0; p < positions; p++) {
      const place = (<usize>(p * vectors + v)) * row;
      t = f32x4.add(t, total(dy + place));
      s = f32x4.add(s, product(dy + place, z + place, mean));
    }
    v128.store(sums + ((<usize>v) << 4), f32x4.mul(s, v128.load(stat + ((<usize>v) << 5), 16)));
    v128.store(sums + ((<usize>(vectors + v)) << 4), t);
  }
}

export function nodeReduce(a: usize): void {
  const dy = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const totals = at(arg(a, 3));
  const count = arg(a, 4);
  const terms = a + 20;
  const positions = side * side;
  const pixel = (<usize>vectors) * row;
  const units = vectors * (count + 1);
  // The sum of dy, and one unit a term.
  for (let u = from(units), last = to(units); u < last; u++) {
    const v = u % vectors;
    const lane = (<usize>v) << 4;
    const column = dy + (<usize>v) * row;
    let s = zero();
    if (u < vectors) {
      for (let p = 0; p < positions; p++) s = f32x4.add(s, total(column + (<usize>p) * pixel));
      v128.store(totals + lane, s);
      continue;
    }
    const t = terms + (<usize>(u / vectors - 1)) * TERM_BYTES;
    if (!covers(t, v)) {
      v128.store(at(arg(t, 6)) + lane, s);
      continue;
    }
    const kind = arg(t, 0), sourceVectors = arg(t, 2);
    const source = sourceOf(t, v);
    const sourcePixel = (<usize>sourceVectors) * row;
    let inverse = f32x4.splat(1), mean = zero();
    if (kind == NORMALISED) {
      const stat = at(arg(t, 4)) + ((<usize>v) << 5);
      mean = v128.load(stat);
      inverse = v128.load(stat, 16);
    }
    const average = rows + AVERAGE_AT;
    for (let p = 0; p < positions; p++) {
      let gradient = column + (<usize>p) * pixel;
      if (kind == AVERAGE) {
        // Summed over positions, dy times the mean of x is the transposed mean of dy times x.
        spreadAverage(average, column, pixel, side, p);
        gradient = average;
      }
      s = f32x4.add(s, product(gradient, source + (<usize>p) * sourcePixel, mean));
    }
    v128.store(at(arg(t, 6)) + lane, f32x4.mul(s, inverse));
  }
}

/** Where a thread keeps one row of images: behind the list of parts that fills it. */
const AVERAGE_AT: usize = 1024;

export function examples(a: usize): void {
  const dy = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const mixing = arg(a, 3);
  const out = at(arg(a, 4));
  const add = arg(a, 5) != 0;
  const count = arg(a, 6);
  const average = rows + AVERAGE_AT;
  const sums = average + row;
  for (let i = from(count), last = to(count); i < last; i++) {
    const t = a + 28 + (<usize>i) * TERM_BYTES;
    const kind = arg(t, 0);
    const target = out + ((<usize>((arg(t, 5) - mixing) * images)) << 2);
    memory.fill(sums, 0, row);
    for (let u = 0, units = side * side * vectors; u < units; u++) {
      const p = u / vectors;
      const v = u - p * vectors;
      if (!covers(t, v)) continue;
      const source = sourceOf(t, v) + (<usize>(p * arg(t, 2))) * row;
      let gradient = dy + (<usize>u) * row;
      let inverse = f32x4.splat(1), mean = zero();
      if (kind == AVERAGE) {
        // Summed over positions, dy times the mean of x is the transposed mean of dy times x.
        spreadAverage(average, dy + (<usize>v) * row, (<usize>vectors) * row, side, p);
        gradient = average;
      } else if (kind == NORMALISED) {
        const stat = at(arg(t, 4)) + ((<usize>v) << 5);
        mean = v128.load(stat);
        inverse = v128.load(stat, 16);
      }
      for (let b: usize = 0; b < row; b += 16) {
        const value = f32x4.mul(f32x4.sub(v128.load(source + b), mean), inverse);
        v128.store(sums + b, fma(v128.load(gradient + b), value, v128.load(sums + b)));
      }
    }
    for (let b: usize = 0; b < <usize>images; b++) {
      const sum = lanes(v128.load(sums + (b << 4)));
      const place = target + (b << 2);
      store<f32>(place, add ? load<f32>(place) + sum : sum);
    }
  }
}

export function mixingGradient(a: usize): void {
  const out = at(arg(a, 0));
  const size = arg(a, 1), cells = arg(a, 2);
  for (let k = from(size), last = to(size); k < last; k++) {
    let sum = zero();
    for (let cell = 0; cell < cells; cell++) {
      const list = a + 12 + ((<usize>(cell * (size + 1))) << 2);
      const offset = arg(list, k + 1);
      if (offset < 0) continue;
      for (let v = 0; v < arg(list, 0); v++) sum = f32x4.add(sum, v128.load(at(offset) + ((<usize>v) << 4)));
    }
    store<f32>(out + ((<usize>k) << 2), lanes(sum));
  }
}

export function biasGradient(a: usize): void {
  const z = at(arg(a, 0));
  const out = at(arg(a, 2));
  const vectors = arg(a, 1);
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    v128.store(out + ((<usize>v) << 4), total(z + (<usize>v) * row));
  }
}
