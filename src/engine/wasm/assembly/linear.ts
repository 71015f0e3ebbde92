/** Everything that is a linear combination of tensors with coefficients by channel: norms, nodes, pools and their backward maps. */
import { arg, at, batch, fma, from, images, row, rows, to, zero } from "./machine";

/** Bytes of one part of a combination: an address, padding, then its coefficients for four channels. */
const PART: usize = 32;

/** Where the list of parts ends; it begins at `rows`. */
let end: usize = 0;

function clear(): void {
  end = rows;
}

function part(source: usize, coefficients: v128): void {
  store<usize>(end, source);
  v128.store(end, coefficients, 16);
  end += PART;
}

/** out = constant + sum of the parts, for all images of one vector. */
function combine(out: usize, constant: v128): void {
  const last = images & ~7;
  let b = 0;
  for (; b < last; b += 8) {
    let a0 = constant, a1 = constant, a2 = constant, a3 = constant;
    let a4 = constant, a5 = constant, a6 = constant, a7 = constant;
    const shift = (<usize>b) << 4;
    for (let list = rows; list < end; list += PART) {
      const s = load<usize>(list) + shift;
      const c = v128.load(list, 16);
      a0 = fma(c, v128.load(s), a0);
      a1 = fma(c, v128.load(s, 16), a1);
      a2 = fma(c, v128.load(s, 32), a2);
      a3 = fma(c, v128.load(s, 48), a3);
      a4 = fma(c, v128.load(s, 64), a4);
      a5 = fma(c, v128.load(s, 80), a5);
      a6 = fma(c, v128.load(s, 96), a6);
      a7 = fma(c, v128.load(s, 112), a7);
    }
    v128.store(out + shift, a0);
    v128.store(out + shift, a1, 16);
    v128.store(out + shift, a2, 32);
    v128.store(out + shift, a3, 48);
    v128.store(out + shift, a4, 64);
    v128.store(out + shift, a5, 80);
    v128.store(out + shift, a6, 96);
    v128.store(out + shift, a7, 112);
  }
  for (; b < images; b++) {
    let a = constant;
    const shift = (<usize>b) << 4;
    for (let list = rows; list < end; list += PART) {
      a = fma(v128.load(list, 16), v128.load(load<usize>(list) + shift), a);
    }
    v128.store(out + shift, a);
  }
}

/** Zeros where a mask, of all images of one vector, is not above zero. */
function hide(out: usize, mask: usize): void {
  for (let b: usize = 0; b < row; b += 16) {
    v128.store(out + b, v128.and(v128.load(out + b), f32x4.gt(v128.load(mask + b), zero())));
  }
}

function divide(numerator: v128, denominator: i32): v128 {
  return f32x4.div(numerator, f32x4.splat(<f32>denominator));
}

/** Scale or offset of one vector, and what stands for one that is absent. */
function affine(place: i32, lane: usize, otherwise: f32): v128 {
  return place < 0 ? f32x4.splat(otherwise) : v128.load(at(place) + lane);
}

export function norm(a: usize): void {
  const z = at(arg(a, 0));
  const vectors = arg(a, 2);
  const stats = at(arg(a, 3));
  const scale = arg(a, 4), offset = arg(a, 5);
  const addend = arg(a, 6);
  const y = at(arg(a, 7));
  const rectify = arg(a, 8) != 0;
  const units = arg(a, 1) * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const v = <usize>(u % vectors);
    const place = (<usize>u) * row;
    const gain = f32x4.mul(affine(scale, v << 4, 1), v128.load(stats + (v << 5), 16));
    clear();
    part(z + place, gain);
    if (addend >= 0) part(at(addend) + place, f32x4.splat(1));
    combine(y + place, f32x4.sub(affine(offset, v << 4, 0), f32x4.mul(gain, v128.load(stats + (v << 5)))));
    if (rectify) hide(y + place, y + place);
  }
}

/** Adds gain * (dy - total / n - xhat * product / n) to the list, as parts of dy and of z; the constant that goes with them. */
function centred(dy: usize, z: usize, gain: v128, mean: v128, inverse: v128, product: v128, total: v128, n: i32): v128 {
  const slope = f32x4.neg(f32x4.mul(f32x4.mul(gain, inverse), divide(product, n)));
  part(dy, gain);
  part(z, slope);
  return f32x4.neg(f32x4.add(f32x4.mul(gain, divide(total, n)), f32x4.mul(slope, mean)));
}

export function normMap(a: usize): void {
  const dy = at(arg(a, 0)), z = at(arg(a, 1));
  const vectors = arg(a, 3);
  const stats = at(arg(a, 4)), sums = at(arg(a, 6));
  const scale = arg(a, 5);
  const n = arg(a, 2) * batch;
  const units = arg(a, 2) * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const v = <usize>(u % vectors);
    const place = (<usize>u) * row;
    const mean = v128.load(stats + (v << 5)), inverse = v128.load(stats + (v << 5), 16);
    const gain = f32x4.mul(affine(scale, v << 4, 1), inverse);
    clear();
    const product = v128.load(sums + (v << 4)), total = v128.load(sums + ((<usize>vectors + v) << 4));
    combine(z + place, centred(dy + place, z + place, gain, mean, inverse, product, total, n));
  }
}

/** Kinds of term and the fields of one, as plan/kernels.ts has them. */
const NORMALISED = 1;
const AVERAGE = 2;
export const TERM_BYTES: usize = 36;

/** Whether the term at `t` is there for vector v. */
export function covers(t: usize, v: i32): bool {
  return v >= arg(t, 7) && v < arg(t, 7) + arg(t, 8);
}

/** Where the term at `t` has the source's row for vector v at the first position. */
export function sourceOf(t: usize, v: i32): usize {
  return at(arg(t, 1)) + (<usize>(arg(t, 3) + v - arg(t, 7))) * row;
}

export function node(a: usize): void {
  const y = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const terms = a + 16;
  const termsEnd = terms + (<usize>arg(a, 3)) * TERM_BYTES;
  const units = side * side * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const v = u - p * vectors;
    let constant = zero();
    clear();
    for (let t = terms; t < termsEnd; t += TERM_BYTES) {
      if (!covers(t, v)) continue;
      const kind = arg(t, 0), sourceVectors = arg(t, 2);
      const weight = v128.load32_splat(at(arg(t, 5)));
      const source = sourceOf(t, v);
      const pixel = (<usize>sourceVectors) * row;
      if (kind == AVERAGE) window(source, pixel, side, p, weight, false);
      else if (kind == NORMALISED) {
        const stats = at(arg(t, 4)) + ((<usize>v) << 5);
        const gain = f32x4.mul(weight, v128.load(stats, 16));
        part(source + (<usize>p) * pixel, gain);
        constant = f32x4.sub(constant, f32x4.mul(gain, v128.load(stats)));
      } else part(source + (<usize>p) * pixel, weight);
    }
    combine(y + (<usize>u) * row, constant);
  }
}

/** Pixels of a 3-wide window around i that lie inside. */
function inside(i: i32, side: i32): i32 {
  return min(i + 2, side) - max(i - 1, 0);
}

/** Adds the parts of the mean over the window around position p, or of its transpose. */
export function window(source: usize, pixel: usize, side: i32, p: i32, weight: v128, transposed: bool): void {
  const y = p / side, x = p % side;
  const share = divide(weight, inside(y, side) * inside(x, side));
  for (let qy = max(y - 1, 0), yEnd = min(y + 2, side); qy < yEnd; qy++) {
    for (let qx = max(x - 1, 0), xEnd = min(x + 2, side); qx < xEnd; qx++) {
      const s = transposed ? divide(weight, inside(qy, side) * inside(qx, side)) : share;
      part(source + (<usize>(qy * side + qx)) * pixel, s);
    }
  }
}

/** The transpose of the mean over windows, of dy, at one position and vector: to out, all images. */
export function spreadAverage(out: usize, dy: usize, pixel: usize, side: i32, p: i32): void {
  clear();
  window(dy, pixel, side, p, f32x4.splat(1), true);
  combine(out, zero());
}

export function nodeMap(a: usize): void {
  const dy = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const totals = at(arg(a, 3));
  const terms = a + 20;
  const termsEnd = terms + (<usize>arg(a, 4)) * TERM_BYTES;
  const n = side * side * batch;
  const units = side * side * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const v = u - p * vectors;
    const lane = (<usize>v) << 4;
    for (let t = terms; t < termsEnd; t += TERM_BYTES) {
      const z = sourceOf(t, v) + (<usize>(p * arg(t, 2))) * row;
      const stats = at(arg(t, 4)) + ((<usize>v) << 5);
      const inverse = v128.load(stats, 16);
      const gain = f32x4.mul(v128.load32_splat(at(arg(t, 5))), inverse);
      const product = v128.load(at(arg(t, 6)) + lane);
      clear();
      combine(
        z,
        centred(dy + (<usize>u) * row, z, gain, v128.load(stats), inverse, product, v128.load(totals + lane), n),
      );
    }
  }
}

/** Bytes of a term of `spread`. */
const SPREAD_BYTES: usize = 28;

export function spread(a: usize): void {
  const dx = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2), mask = arg(a, 3);
  const terms = a + 20;
  const termsEnd = terms + (<usize>arg(a, 4)) * SPREAD_BYTES;
  const units = side * side * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const v = u - p * vectors;
    clear();
    for (let t = terms; t < termsEnd; t += SPREAD_BYTES) {
      const start = arg(t, 5);
      if (v < start || v >= start + arg(t, 6)) continue;
      const pixel = (<usize>arg(t, 2)) * row;
      const dy = at(arg(t, 1)) + (<usize>(arg(t, 3) + v - start)) * row;
      const weight = v128.load32_splat(at(arg(t, 4)));
      if (arg(t, 0) == AVERAGE) window(dy, pixel, side, p, weight, true);
      else part(dy + (<usize>p) * pixel, weight);
    }
    combine(dx + (<usize>u) * row, zero());
    if (mask >= 0) hide(dx + (<usize>u) * row, at(mask) + (<usize>u) * row);
  }
}

export function pool(a: usize): void {
  const x = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const y = at(arg(a, 3));
  const half = (side + 1) >> 1;
  const units = half * half * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const v = u - p * vectors;
    const top = (p / half) * 2, left = (p % half) * 2;
    const bottom = min(top + 2, side), right = min(left + 2, side);
    const share = f32x4.splat(1 / <f32>((bottom - top) * (right - left)));
    clear();
    for (let i = top; i < bottom; i++) {
      for (let j = left; j < right; j++) part(x + (<usize>((i * side + j) * vectors + v)) * row, share);
    }
    combine(y + (<usize>u) * row, zero());
  }
}

export function poolData(a: usize): void {
  const dy = at(arg(a, 0));
  const side = arg(a, 1), vectors = arg(a, 2);
  const dx = at(arg(a, 3));
  const half = (side + 1) >> 1;
  const units = side * side * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const v = u - p * vectors;
    const i = p / side / 2, j = (p % side) / 2;
    const count = (min(2 * i + 2, side) - 2 * i) * (min(2 * j + 2, side) - 2 * j);
    clear();
    part(dy + (<usize>((i * half + j) * vectors + v)) * row, f32x4.splat(1 / <f32>count));
    combine(dx + (<usize>u) * row, zero());
  }
}
