/** Rectified depthwise convolutions, and pointwise ones in groups. */
import { arg, at, batch, fma, from, images, row, rows, to, zero } from "./machine";
import { outer1, outer2, tile1, tile2, turn } from "./tiles";

/** Bytes of one tap of a list: an address, padding, then its weights for four channels. */
const TAP: usize = 32;

// The arguments of the depthwise entry at hand, as plan/kernels.ts orders them.
let x: usize = 0;
let xSide: i32 = 0;
let xFirst: i32 = 0;
let xCount: i32 = 0;
let z: usize = 0;
let zSide: i32 = 0;
let vectors: i32 = 0;
let kernel: i32 = 0;
let stride: i32 = 0;
let dilation: i32 = 0;
let weights: usize = 0;
/** Bytes of one position of x and of z, and pixels from the first tap to the centre. */
let xPixel: usize = 0;
let zPixel: usize = 0;
let reach: i32 = 0;

function read(a: usize): void {
  xSide = arg(a, 1);
  xPixel = (<usize>arg(a, 2)) * row;
  xFirst = arg(a, 3);
  x = at(arg(a, 0)) + (<usize>xFirst) * row;
  xCount = arg(a, 4);
  zSide = arg(a, 6);
  zPixel = (<usize>arg(a, 7)) * row;
  z = at(arg(a, 5)) + (<usize>arg(a, 8)) * row;
  vectors = arg(a, 9);
  kernel = arg(a, 10);
  stride = arg(a, 11);
  dilation = arg(a, 12);
  weights = at(arg(a, 13));
  reach = (dilation * (kernel - 1)) >> 1;
}

/** Where the list of taps ends; it begins at `rows`. */
let end: usize = 0;

function tap(source: usize, weight: usize): void {
  store<usize>(end, source);
  v128.store(end, v128.load(weight), 16);
  end += TAP;
}

export function depthwise(a: usize): void {
  read(a);
  const units = zSide * zSide * vectors;
  for (let i = from(units), last = to(units); i < last; i++) {
    const p = i / vectors, u = i % vectors;
    const source = x + (<usize>(u % xCount)) * row;
    const top = (p / zSide) * stride - reach, left = (p % zSide) * stride - reach;
    end = rows;
    for (let ky = 0; ky < kernel; ky++) {
      const y = top + ky * dilation;
      if (y < 0 || y >= xSide) continue;
      for (let kx = 0; kx < kernel; kx++) {
        const column = left + kx * dilation;
        if (column < 0 || column >= xSide) continue;
        tap(source + (<usize>(y * xSide + column)) * xPixel, weights + ((<usize>((u * kernel + ky) * kernel + kx)) << 4));
      }
    }
    rectified(z + (<usize>p) * zPixel + (<usize>u) * row);
  }
}

/** out = the listed taps' weights times their rectified sources, for all images. */
function rectified(out: usize): void {
  const none = zero();
  // The images fill up fours.
  for (let shift: usize = 0; shift < row; shift += 64) {
    let a0 = none, a1 = none, a2 = none, a3 = none;
    for (let list = rows; list < end; list += TAP) {
      const s = load<usize>(list) + shift;
      const w = v128.load(list, 16);
      a0 = fma(w, f32x4.max(v128.load(s), none), a0);
      a1 = fma(w, f32x4.max(v128.load(s, 16), none), a1);
      a2 = fma(w, f32x4.max(v128.load(s, 32), none), a2);
      a3 = fma(w, f32x4.max(v128.load(s, 48), none), a3);
    }
    v128.store(out + shift, a0);
    v128.store(out + shift, a1, 16);
    v128.store(out + shift, a2, 32);
    v128.store(out + shift, a3, 48);
  }
}

export function depthwiseData(a: usize): void {
  read(a);
  const dx = at(arg(a, 14)) + (<usize>xFirst) * row;
  const add = arg(a, 15) != 0;
  const units = xSide * xSide * xCount;
  for (let i = from(units), last = to(units); i < last; i++) {
    const q = i / xCount, v = i % xCount;
    const bottom = q / xSide + reach, right = (q % xSide) + reach;
    end = rows;
    for (let ky = 0; ky < kernel; ky++) {
      const y = bottom - ky * dilation;
      if (y < 0 || y % stride != 0 || y / stride >= zSide) continue;
      for (let kx = 0; kx < kernel; kx++) {
        const column = right - kx * dilation;
        if (column < 0 || column % stride != 0 || column / stride >= zSide) continue;
        const pixel = z + (<usize>((y / stride) * zSide + column / stride)) * zPixel;
        for (let u = v; u < vectors; u += xCount) {
          tap(pixel + (<usize>u) * row, weights + ((<usize>((u * kernel + ky) * kernel + kx)) << 4));
        }
      }
    }
    const place = (<usize>q) * xPixel + (<usize>v) * row;
    masked(dx + place, x + place, add);
  }
}

/** out = (add ? out : 0) + the listed taps' weights times their sources where the mask is positive. */
function masked(out: usize, mask: usize, add: bool): void {
  for (let shift: usize = 0; shift < row; shift += 64) {
    let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
    for (let list = rows; list < end; list += TAP) {
      const s = load<usize>(list) + shift;
      const w = v128.load(list, 16);
      a0 = fma(w, v128.load(s), a0);
      a1 = fma(w, v128.load(s, 16), a1);
      a2 = fma(w, v128.load(s, 32), a2);
      a3 = fma(w, v128.load(s, 48), a3);
    }
    passed(out + shift, mask + shift, add, a0);
    passed(out + shift + 16, mask + shift + 16, add, a1);
    passed(out + shift + 32, mask + shift + 32, add, a2);
    passed(out + shift + 48, mask + shift + 48, add, a3);
  }
}

function passed(out: usize, mask: usize, add: bool, value: v128): void {
  const kept = v128.and(value, f32x4.gt(v128.load(mask), zero()));
  v128.store(out, add ? f32x4.add(v128.load(out), kept) : kept);
}

export function depthwiseWeights(a: usize): void {
  read(a);
  const none = zero();
  const taps = kernel * kernel;
  const units = vectors * taps;
  // The executor's plan has one part of the sum: threads share the outputs out.
  for (let i = from(units), last = to(units); i < last; i++) {
    const u = i / taps, t = i % taps;
    const source = x + (<usize>(u % xCount)) * row;
    let sum = none;
    for (let zy = 0; zy < zSide; zy++) {
      const y = zy * stride + (t / kernel) * dilation - reach;
      if (y < 0 || y >= xSide) continue;
      for (let zx = 0; zx < zSide; zx++) {
        const column = zx * stride + (t % kernel) * dilation - reach;
        if (column < 0 || column >= xSide) continue;
        let s = source + (<usize>(y * xSide + column)) * xPixel;
        let d = z + (<usize>(zy * zSide + zx)) * zPixel + (<usize>u) * row;
        let own = none;
        for (const stop = s + ((<usize>batch) << 4); s < stop; s += 16) {
          own = fma(f32x4.max(v128.load(s), none), v128.load(d), own);
          d += 16;
        }
        sum = f32x4.add(sum, own);
      }
    }
    v128.store(weights + ((<usize>i) << 4), sum);
  }
}

// The arguments of the pointwise entry at hand.
let positions: i32 = 0;
let groups: i32 = 0;
let ins: i32 = 0;
let outs: i32 = 0;

function readPointwise(a: usize): void {
  x = at(arg(a, 0));
  z = at(arg(a, 1));
  positions = arg(a, 2);
  groups = arg(a, 3);
  ins = arg(a, 4);
  outs = arg(a, 5);
  weights = at(arg(a, 6));
}

/** Lists a single tap for tiles.ts, at `rows`: x and its vectors, with weights from their own beginning on. */
function single(source: usize, count: i32): void {
  store<usize>(rows, source);
  store<usize>(rows, 0, 4);
  store<i32>(rows, count, 8);
}

/** One group at one position: `many` output vectors at `out` of the single tap, whose panels of weights begin at `block`. */
function apply(out: usize, many: i32, block: usize, panel: usize): void {
  for (let v = 0; v < many; v += 2) {
    const own = block + (<usize>v) * panel;
    const target = out + (<usize>v) * row;
    for (let shift: usize = 0; shift < row; shift += 64) {
      if (v + 1 < many) tile2(rows, 1, shift, own, panel, target + shift, 0, false);
      else tile1(rows, 1, shift, own, target + shift, 0, false);
    }
  }
}

export function pointwise(a: usize): void {
  readPointwise(a);
  const panel = (<usize>ins) << 6;
  const units = positions * groups;
  for (let i = from(units), last = to(units); i < last; i++) {
    single(x + (<usize>(i * ins)) * row, ins);
    apply(z + (<usize>(i * outs)) * row, outs, weights + (<usize>((i % groups) * outs)) * panel, panel);
  }
}

export function pointwiseData(a: usize): void {
  readPointwise(a);
  const panel = (<usize>outs) << 6;
  const turned = rows + 64;
  const units = groups * positions;
  // Group by group, since each thread transposes a group's weights for itself.
  let transposed = -1;
  for (let i = from(units), last = to(units); i < last; i++) {
    const group = i / positions;
    if (group != transposed) transpose(group, turned);
    transposed = group;
    const place = (i % positions) * groups + group;
    single(z + (<usize>(place * outs)) * row, outs);
    apply(x + (<usize>(place * ins)) * row, ins, turned, panel);
  }
}

/** A group's weights as in vector x out channel x 4 ins. */
function transpose(group: i32, target: usize): void {
  for (let i = 0; i < ins; i++) {
    for (let o = 0; o < outs; o++) {
      turn(weights + ((<usize>((group * outs + o) * ins + i)) << 6), target);
      target += 64;
    }
  }
}

export function pointwiseWeights(a: usize): void {
  readPointwise(a);
  const pairs = (outs + 1) >> 1;
  const panel = (<usize>ins) << 6;
  const units = groups * pairs * ins;
  for (let i = from(units), last = to(units); i < last; i++) {
    const group = i / (pairs * ins);
    const first = 2 * ((i / ins) % pairs);
    const input = i % ins;
    // Pairs of positions of x and z.
    let list = rows;
    for (let p = 0; p < positions; p++) {
      store<usize>(list, x + (<usize>((p * groups + group) * ins)) * row);
      store<usize>(list, z + (<usize>((p * groups + group) * outs)) * row, 4);
      list += 8;
    }
    const target = weights + ((<usize>((group * outs + first) * ins + input)) << 6);
    const xShift = (<usize>input) * row, zShift = (<usize>first) * row;
    memory.fill(target, 0, 64);
    if (first + 1 < outs) {
      memory.fill(target + panel, 0, 64);
      outer2(rows, positions, xShift, zShift, batch, target, panel);
    } else {
      outer1(rows, positions, xShift, zShift, batch, target);
    }
  }
}
