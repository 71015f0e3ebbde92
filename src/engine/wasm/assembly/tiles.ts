/**
 * The innermost loops of the convolutions: register tiles of four or eight images by one or two vectors of output channels. A tile sums
 * over a list of taps, each an address of x, an address of weights and a number of input vectors, so that forward, backward by data,
 * strides and borders differ in their lists alone. The loops are not unrolled by hand: V8 then loads ahead of use until it runs out of
 * registers, which halved the speed.
 */
import { fma, row, zero } from "./machine";

/** Bytes of one tap in a list. */
export const TAP: usize = 12;

/** Writes one vector of results: masked where `mask` is the address of the rectified input, added where `add` is set. */
function put(out: usize, mask: usize, add: bool, value: v128): void {
  if (mask) value = v128.and(value, f32x4.gt(v128.load(mask), zero()));
  if (add) value = f32x4.add(value, v128.load(out));
  v128.store(out, value);
}

/** Four images by two output vectors, whose weights lie `panel` bytes apart and whose outputs lie one row apart. */
export function tile2(list: usize, taps: i32, shift: usize, weights: usize, panel: usize, out: usize, mask: usize, add: bool): void {
  let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
  let b0 = zero(), b1 = zero(), b2 = zero(), b3 = zero();
  const step = row;
  for (const end = list + taps * TAP; list < end; list += TAP) {
    let x: usize = load<usize>(list) + shift;
    let w: usize = load<usize>(list, 4) + weights;
    for (const stop = w + ((<usize>load<i32>(list, 8)) << 6); w < stop; ) {
      for (const four = w + 64; w < four; w += 16) {
        const v0 = v128.load(w), v1 = v128.load(w + panel);
        let s = v128.load32_splat(x);
        a0 = fma(s, v0, a0); b0 = fma(s, v1, b0);
        s = v128.load32_splat(x, 16);
        a1 = fma(s, v0, a1); b1 = fma(s, v1, b1);
        s = v128.load32_splat(x, 32);
        a2 = fma(s, v0, a2); b2 = fma(s, v1, b2);
        s = v128.load32_splat(x, 48);
        a3 = fma(s, v0, a3); b3 = fma(s, v1, b3);
        x += 4;
      }
      x += step - 16;
    }
  }
  put(out, mask, add, a0);
  put(out + 16, mask ? mask + 16 : 0, add, a1);
  put(out + 32, mask ? mask + 32 : 0, add, a2);
  put(out + 48, mask ? mask + 48 : 0, add, a3);
  out += step;
  if (mask) mask += step;
  put(out, mask, add, b0);
  put(out + 16, mask ? mask + 16 : 0, add, b1);
  put(out + 32, mask ? mask + 32 : 0, add, b2);
  put(out + 48, mask ? mask + 48 : 0, add, b3);
}

/** Four images by one output vector. */
export function tile1(list: usize, taps: i32, shift: usize, weights: usize, out: usize, mask: usize, add: bool): void {
  let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
  const step = row;
  for (const end = list + taps * TAP; list < end; list += TAP) {
    let x: usize = load<usize>(list) + shift;
    let w: usize = load<usize>(list, 4) + weights;
    for (const stop = w + ((<usize>load<i32>(list, 8)) << 6); w < stop; ) {
      for (const four = w + 64; w < four; w += 16) {
        const v = v128.load(w);
        a0 = fma(v128.load32_splat(x), v, a0);
        a1 = fma(v128.load32_splat(x, 16), v, a1);
        a2 = fma(v128.load32_splat(x, 32), v, a2);
        a3 = fma(v128.load32_splat(x, 48), v, a3);
        x += 4;
      }
      x += step - 16;
    }
  }
  put(out, mask, add, a0);
  put(out + 16, mask ? mask + 16 : 0, add, a1);
  put(out + 32, mask ? mask + 32 : 0, add, a2);
  put(out + 48, mask ? mask + 48 : 0, add, a3);
}

/**
 * Adds to the weights' gradient of one tap, one input vector and one or two output vectors (`panel` bytes apart): the sum over
 * `count` pairs of positions, (address of x, address of z) each, and over n images.
 */
export function outer2(list: usize, count: i32, xShift: usize, zShift: usize, n: i32, dw: usize, panel: usize): void {
  let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
  let b0 = zero(), b1 = zero(), b2 = zero(), b3 = zero();
  const step = row;
  for (const end = list + ((<usize>count) << 3); list < end; list += 8) {
    let x: usize = load<usize>(list) + xShift;
    let z: usize = load<usize>(list, 4) + zShift;
    let y: usize = z + step;
    for (const stop = z + ((<usize>n) << 4); z < stop; z += 16) {
      const d = v128.load(z), e = v128.load(y);
      let s = v128.load32_splat(x);
      a0 = fma(s, d, a0); b0 = fma(s, e, b0);
      s = v128.load32_splat(x, 4);
      a1 = fma(s, d, a1); b1 = fma(s, e, b1);
      s = v128.load32_splat(x, 8);
      a2 = fma(s, d, a2); b2 = fma(s, e, b2);
      s = v128.load32_splat(x, 12);
      a3 = fma(s, d, a3); b3 = fma(s, e, b3);
      y += 16;
      x += 16;
    }
  }
  put(dw, 0, true, a0);
  put(dw + 16, 0, true, a1);
  put(dw + 32, 0, true, a2);
  put(dw + 48, 0, true, a3);
  dw += panel;
  put(dw, 0, true, b0);
  put(dw + 16, 0, true, b1);
  put(dw + 32, 0, true, b2);
  put(dw + 48, 0, true, b3);
}

export function outer1(list: usize, count: i32, xShift: usize, zShift: usize, n: i32, dw: usize): void {
  let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
  for (const end = list + ((<usize>count) << 3); list < end; list += 8) {
    let x: usize = load<usize>(list) + xShift;
    let z: usize = load<usize>(list, 4) + zShift;
    for (const stop = z + ((<usize>n) << 4); z < stop; z += 16) {
      const d = v128.load(z);
      a0 = fma(v128.load32_splat(x), d, a0);
      a1 = fma(v128.load32_splat(x, 4), d, a1);
      a2 = fma(v128.load32_splat(x, 8), d, a2);
      a3 = fma(v128.load32_splat(x, 12), d, a3);
      x += 16;
    }
  }
  put(dw, 0, true, a0);
  put(dw + 16, 0, true, a1);
  put(dw + 32, 0, true, a2);
  put(dw + 48, 0, true, a3);
}

/** Transposes 4 x 4 floats. */
export function turn(source: usize, target: usize): void {
  const r0 = v128.load(source), r1 = v128.load(source, 16);
  const r2 = v128.load(source, 32), r3 = v128.load(source, 48);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(target, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7), 16);
  v128.store(target, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), 32);
  v128.store(target, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7), 48);
}
