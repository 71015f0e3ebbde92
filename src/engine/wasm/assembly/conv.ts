import { arg, at, batch, from, images, row, rows, scratch, to, zero } from "./machine";
import { outer1, outer2, TAP, tile1, tile2, turn } from "./tiles";

/** Bytes that the list of one position takes: a count, then at most 3 x 3 + 1 taps. */
const LIST: usize = 128;

// The arguments of the entry at hand, as plan/kernels.ts orders them.
let x: usize = 0;
let xSide: i32 = 0;
let xVectors: i32 = 0;
let z: usize = 0;
let zSide: i32 = 0;
let kernel: i32 = 0;
let stride: i32 = 0;
let wide: usize = 0;
let wideVectors: i32 = 0;
let point: usize = 0;
let pointVectors: i32 = 0;
let rectify: bool = false;

function read(a: usize): void {
  x = at(arg(a, 0));
  xSide = arg(a, 1);
  xVectors = arg(a, 2);
  z = at(arg(a, 3));
  zSide = arg(a, 4);
  kernel = arg(a, 5);
  stride = arg(a, 6);
  wide = at(arg(a, 7));
  wideVectors = arg(a, 8);
  point = at(arg(a, 9));
  pointVectors = arg(a, 10);
  rectify = arg(a, 11) != 0;
}

/** Bytes of one position of x and of z, all vectors. */
function xPixel(): usize {
  return (<usize>xVectors) * row;
}

function zPixel(): usize {
  return (<usize>(wideVectors + pointVectors)) * row;
}

/** Whether an entry of these kernels needs its scratch memory prepared: a rectified copy of x, or transposed weights. */
export function prepares(opcode: i32, a: usize): bool {
  return opcode == 1 || arg(a, 11) != 0;
}

export function prepare(opcode: i32, a: usize): void {
  read(a);
  if (opcode == 1) transpose();
  else copyRectified();
}

function copyRectified(): void {
  const bytes = (<usize>(xSide * xSide)) * xPixel();
  const lines = <i32>(bytes >> 6);
  for (let i = (<usize>from(lines)) << 6, end = (<usize>to(lines)) << 6; i < end; i += 64) {
    v128.store(scratch + i, f32x4.max(v128.load(x + i), zero()));
    v128.store(scratch + i, f32x4.max(v128.load(x + i, 16), zero()), 16);
    v128.store(scratch + i, f32x4.max(v128.load(x + i, 32), zero()), 32);
    v128.store(scratch + i, f32x4.max(v128.load(x + i, 48), zero()), 48);
  }
}

export function conv(a: usize): void {
  read(a);
  if (rectify) x = scratch;
  const positions = zSide * zSide;
  const panel = (<usize>(kernel * kernel * xVectors)) << 6;
  const pointPanel = (<usize>xVectors) << 6;
  const last = to(positions);
  for (let first = from(positions); first < last; ) {
    const end = min((first / zSide + 1) * zSide, last);
    if (wideVectors > 0) {
      listForward(first, end, kernel, wide);
      sweep(first, end, wideVectors, panel, z, zPixel(), 0, false);
    }
    if (pointVectors > 0) {
      listForward(first, end, 1, point);
      sweep(first, end, pointVectors, pointPanel, z + (<usize>wideVectors) * row, zPixel(), 0, false);
    }
    first = end;
  }
}

/** Lists the taps of the positions first .. end of one row of z. */
function listForward(first: i32, end: i32, side: i32, weights: usize): void {
  const pad = (side - 1) >> 1;
  const top = (first / zSide) * stride - pad;
  let list = rows;
  for (let p = first; p < end; p++) {
    const left = (p % zSide) * stride - pad;
    let entry = list + 4;
    for (let ky = max(0, -top), kyEnd = min(side, xSide - top); ky < kyEnd; ky++) {
      for (let kx = max(0, -left), kxEnd = min(side, xSide - left); kx < kxEnd; kx++) {
        store<usize>(entry, x + (<usize>((top + ky) * xSide + left + kx)) * xPixel());
        store<usize>(entry, weights + ((<usize>((ky * side + kx) * xVectors)) << 6), 4);
        store<i32>(entry, xVectors, 8);
        entry += TAP;
      }
    }
    store<i32>(list, <i32>(entry - list) / <i32>TAP);
    list += LIST;
  }
}

/** Runs `vectors` output vectors over the positions first .. end of one row, whose taps are listed. */
function sweep(first: i32, end: i32, vectors: i32, panel: usize, out: usize, pixel: usize, mask: usize, add: bool): void {
  const shifts = (<usize>images) << 4;
  let v = 0;
  for (; v + 1 < vectors; v += 2) {
    let list = rows;
    for (let p = first; p < end; p++) {
      const place = (<usize>p) * pixel + (<usize>v) * row;
      const taps = load<i32>(list);
      for (let shift: usize = 0; shift < shifts; shift += 64) {
        tile2(list + 4, taps, shift, (<usize>v) * panel, panel, out + place + shift, mask ? mask + place + shift : 0, add);
      }
      list += LIST;
    }
  }
  if (v == vectors) return;
  let list = rows;
  for (let p = first; p < end; p++) {
    const place = (<usize>p) * pixel + (<usize>v) * row;
    const taps = load<i32>(list);
    for (let shift: usize = 0; shift < shifts; shift += 64) {
      tile1(list + 4, taps, shift, (<usize>v) * panel, out + place + shift, mask ? mask + place + shift : 0, add);
    }
    list += LIST;
  }
}

export function convData(a: usize): void {
  read(a);
  const dx = at(arg(a, 12));
  const add = arg(a, 13) != 0;
  const positions = xSide * xSide;
  const last = to(positions);
  for (let first = from(positions); first < last; ) {
    const end = min((first / xSide + 1) * xSide, last);
    listData(first, end);
    sweep(first, end, xVectors, turnedPanel(), dx, xPixel(), rectify ? x : 0, add);
    first = end;
  }
}

/** Bytes of the transposed weights of one vector of x. */
function turnedPanel(): usize {
  return (<usize>(kernel * kernel * wideVectors + pointVectors)) << 6;
}

/** Transposes the weights into scratch memory: in vector x (tap x out channel of wide, then out channel of point) x 4 ins. */
function transpose(): void {
  const taps = kernel * kernel;
  for (let i = from(xVectors), end = to(xVectors); i < end; i++) {
    let target = scratch + (<usize>i) * turnedPanel();
    for (let tap = 0; tap < taps; tap++) {
      for (let o = 0; o < wideVectors; o++) {
        turn(wide + ((<usize>((o * taps + tap) * xVectors + i)) << 6), target);
        target += 64;
      }
    }
    for (let o = 0; o < pointVectors; o++) {
      turn(point + ((<usize>(o * xVectors + i)) << 6), target);
      target += 64;
    }
  }
}

/** Lists, for the positions first .. end of one row of x, the positions of z that they reached. */
function listData(first: i32, end: i32): void {
  const pad = (kernel - 1) >> 1;
  const y = first / xSide + pad;
  let list = rows;
  for (let q = first; q < end; q++) {
    const left = (q % xSide) + pad;
    let entry = list + 4;
    for (let ky = 0; ky < kernel; ky++) {
      const zy = (y - ky) / stride;
      if (y < ky || zy * stride != y - ky || zy >= zSide) continue;
      for (let kx = 0; kx < kernel; kx++) {
        const zx = (left - kx) / stride;
        if (left < kx || zx * stride != left - kx || zx >= zSide) continue;
        store<usize>(entry, z + (<usize>(zy * zSide + zx)) * zPixel());
        store<usize>(entry, scratch + ((<usize>((ky * kernel + kx) * wideVectors)) << 6), 4);
        store<i32>(entry, wideVectors, 8);
        entry += TAP;
      }
    }
    // The 1 x 1 convolutions share the stride and look at the centre alone.
    if (pointVectors > 0) {
      const zy = (y - pad) / stride, zx = (left - pad) / stride;
      if (zy * stride == y - pad && zx * stride == left - pad) {
        store<usize>(entry, z + (<usize>(zy * zSide + zx)) * zPixel() + (<usize>wideVectors) * row);
        store<usize>(entry, scratch + ((<usize>(kernel * kernel * wideVectors)) << 6), 4);
        store<i32>(entry, pointVectors, 8);
        entry += TAP;
      }
    }
    store<i32>(list, <i32>(entry - list) / <i32>TAP);
    list += LIST;
  }
}

export function convWeights(a: usize): void {
  read(a);
  if (rectify) x = scratch;
  // The executor's plan has one part of the sum: threads share the outputs out.
  gradient(kernel, wide, wideVectors, 0);
  gradient(1, point, pointVectors, wideVectors);
}

/** The gradient of one block, whose outputs begin at vector `first` of z. Threads share out pairs of outputs x input vectors x taps. */
function gradient(side: i32, dw: usize, vectors: i32, first: i32): void {
  if (vectors == 0) return;
  const taps = side * side;
  const pad = (side - 1) >> 1;
  const panel = (<usize>(taps * xVectors)) << 6;
  const units = ((vectors + 1) >> 1) * xVectors * taps;
  const begin = from(units), end = to(units);
  const listBytes = ((<usize>zSide) << 3) + 8;
  // Row by row, so that what the taps share stays in the first cache.
  for (let zy = 0; zy < zSide; zy++) {
    for (let tap = 0; tap < taps; tap++) {
      listPairs(rows + (<usize>tap) * listBytes, zy, zy * stride + tap / side - pad, (tap % side) - pad);
    }
    for (let u = begin; u < end; u++) {
      const pair = u / (taps * xVectors);
      const within = u - pair * (taps * xVectors);
      const i = within / taps;
      const tap = within - i * taps;
      const target = dw + (<usize>pair) * 2 * panel + ((<usize>(tap * xVectors + i)) << 6);
      const list = rows + (<usize>tap) * listBytes;
      const zShift = (<usize>(first + 2 * pair)) * row;
      const xShift = (<usize>i) * row;
      if (2 * pair + 1 < vectors) {
        if (zy == 0) memory.fill(target + panel, 0, 64);
        if (zy == 0) memory.fill(target, 0, 64);
        outer2(list + 8, load<i32>(list), xShift, zShift, batch, target, panel);
      } else {
        if (zy == 0) memory.fill(target, 0, 64);
        outer1(list + 8, load<i32>(list), xShift, zShift, batch, target);
      }
    }
  }
}

/** Lists the positions of x and z that one tap joins along row zy of z and row y of x. */
function listPairs(list: usize, zy: i32, y: i32, shift: i32): void {
  let entry = list + 8;
  for (let zx = 0; zx < zSide && y >= 0 && y < xSide; zx++) {
    const left = zx * stride + shift;
    if (left < 0 || left >= xSide) continue;
    store<usize>(entry, x + (<usize>(y * xSide + left)) * xPixel());
    store<usize>(entry, z + (<usize>(zy * zSide + zx)) * zPixel(), 4);
    entry += 8;
  }
  store<i32>(list, <i32>((entry - list) >> 3) - 1);
}
