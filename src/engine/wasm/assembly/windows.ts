/** Windows of 3 x 3 pixels, copies of channels, and means over all positions. */
import { arg, at, from, row, to, zero } from "./machine";

/** Kinds of window, as plan/kernels.ts has them. */
const MAX = 0;
const MEAN = 1;
const LAST = 2;
const BLOCK = 3;
const CORNER = 4;

/** Whether a kind has a tap. */
function looksAt(kind: i32, tap: i32): bool {
  if (kind == LAST) return tap == 8;
  if (kind == BLOCK) return tap > 3 && tap != 6;
  return kind != CORNER || (tap < 5 && tap != 2);
}

/** Whether a kind takes a maximum. */
function hasWinner(kind: i32): bool {
  return kind == MAX || kind == BLOCK || kind == CORNER;
}

/** Pixels of a window around i that exist. */
function inside(i: i32, side: i32): i32 {
  return min(i + 2, side) - max(i - 1, 0);
}

export function windows(a: usize): void {
  const kind = arg(a, 0), stride = arg(a, 1);
  const x = at(arg(a, 2));
  const side = arg(a, 3), vectors = arg(a, 4);
  const y = at(arg(a, 5)), half = arg(a, 6), winners = at(arg(a, 7));
  const isMax = hasWinner(kind);
  const units = half * half * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / vectors;
    const source = x + (<usize>(u % vectors)) * row;
    const top = (p / half) * stride - 1, left = (p % half) * stride - 1;
    const target = y + (<usize>u) * row;
    if (!isMax) memory.fill(target, 0, row);
    const share = f32x4.splat(1 / <f32>(inside(top + 1, side) * inside(left + 1, side)));
    let isFirst = true;
    for (let tap = 0; tap < 9; tap++) {
      if (!looksAt(kind, tap)) continue;
      const line = top + tap / 3, column = left + (tap % 3);
      if (line < 0 || column < 0 || line >= side || column >= side) continue;
      const pixel = source + (<usize>((line * side + column) * vectors)) * row;
      if (isMax) {
        win(target, winners + (<usize>u) * row, pixel, tap, isFirst);
        isFirst = false;
      } else if (kind == MEAN) {
        for (let b: usize = 0; b < row; b += 16) {
          v128.store(target + b, f32x4.add(v128.load(target + b), f32x4.mul(share, v128.load(pixel + b))));
        }
      } else memory.copy(target, pixel, row);
    }
  }
}

/** Keeps the larger value of each image and channel, with its tap. */
function win(best: usize, winners: usize, pixel: usize, tap: i32, isFirst: bool): void {
  const name = f32x4.splat(<f32>tap);
  for (let b: usize = 0; b < row; b += 16) {
    const value = v128.load(pixel + b);
    if (isFirst) {
      v128.store(best + b, value);
      v128.store(winners + b, name);
      continue;
    }
    const before = v128.load(best + b);
    const wins = f32x4.gt(value, before);
    v128.store(best + b, v128.bitselect(value, before, wins));
    v128.store(winners + b, v128.bitselect(name, v128.load(winners + b), wins));
  }
}

export function windowsData(a: usize): void {
  const kind = arg(a, 0), stride = arg(a, 1);
  const dy = at(arg(a, 2));
  const side = arg(a, 3), vectors = arg(a, 4);
  const dx = at(arg(a, 5)), half = arg(a, 6), winners = at(arg(a, 7));
  const add = arg(a, 8) != 0;
  const weight: f32 = arg(a, 9) < 0 ? 1 : load<f32>(at(arg(a, 9)));
  const isMax = hasWinner(kind);
  const units = side * side * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const q = u / vectors;
    const v = u % vectors;
    const target = dx + (<usize>u) * row;
    if (!add) memory.fill(target, 0, row);
    for (let tap = 0; tap < 9; tap++) {
      if (!looksAt(kind, tap)) continue;
      const bottom = q / side + 1 - tap / 3, right = (q % side) + 1 - (tap % 3);
      if (bottom < 0 || right < 0 || bottom % stride != 0 || right % stride != 0) continue;
      const line = bottom / stride, column = right / stride;
      if (line >= half || column >= half) continue;
      const place = (<usize>((line * half + column) * vectors + v)) * row;
      const name = f32x4.splat(<f32>tap);
      const share = f32x4.splat(kind == MEAN ? weight / <f32>(inside(bottom, side) * inside(right, side)) : weight);
      for (let b: usize = 0; b < row; b += 16) {
        let part = f32x4.mul(share, v128.load(dy + place + b));
        if (isMax) part = v128.and(part, f32x4.eq(name, v128.load(winners + place + b)));
        v128.store(target + b, f32x4.add(v128.load(target + b), part));
      }
    }
  }
}

export function copy(a: usize): void {
  const x = at(arg(a, 0)), y = at(arg(a, 3));
  const xVectors = arg(a, 1), first = arg(a, 2);
  const yVectors = arg(a, 4), start = arg(a, 5), channels = arg(a, 6);
  const add = arg(a, 8) != 0;
  const stop = start + channels;
  const low = start >> 2;
  const count = ((stop + 3) >> 2) - low;
  const units = arg(a, 7) * count;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / count;
    const v = low + (u % count);
    const target = y + (<usize>(p * yVectors + v)) * row;
    const source = x + (<usize>(p * xVectors)) * row;
    for (let lane = 0; lane < 4; lane++) {
      const c = 4 * v + lane;
      if (c < start) continue;
      const from = first + c - start;
      const shift = (<usize>(from >> 2)) * row + ((<usize>(from & 3)) << 2);
      const place = target + ((<usize>lane) << 2);
      for (let b: usize = 0; b < row; b += 16) {
        const value: f32 = c < stop ? load<f32>(source + shift + b) : 0;
        store<f32>(place + b, add && c < stop ? load<f32>(place + b) + value : value);
      }
    }
  }
}

export function shuffle(a: usize): void {
  const x = at(arg(a, 0)), xRest = at(arg(a, 1)), y = at(arg(a, 3)), yRest = at(arg(a, 4));
  const xPart = arg(a, 2), yPart = arg(a, 5), channels = arg(a, 6), groups = arg(a, 7);
  const share = channels / groups;
  const xVectors = (xPart + 3) >> 2, xRestVectors = (channels - xPart + 3) >> 2;
  const yVectors = (yPart + 3) >> 2, yRestVectors = (channels - yPart + 3) >> 2;
  const count = yVectors + yRestVectors;
  const units = arg(a, 8) * count;
  for (let u = from(units), last = to(units); u < last; u++) {
    const p = u / count;
    const w = u % count;
    const isRest = w >= yVectors;
    const v = isRest ? w - yVectors : w;
    const begin = 4 * v + (isRest ? yPart : 0);
    const end = isRest ? channels : yPart;
    const target = (isRest ? yRest : y) + (<usize>(p * (isRest ? yRestVectors : yVectors) + v)) * row;
    for (let lane = 0; lane < 4; lane++) {
      const c = begin + lane;
      const place = target + ((<usize>lane) << 2);
      if (c >= end) {
        for (let b: usize = 0; b < row; b += 16) store<f32>(place + b, 0);
        continue;
      }
      const own = (c % groups) * share + c / groups;
      const k = own < xPart ? own : own - xPart;
      const first = own < xPart ? x + (<usize>(p * xVectors)) * row : xRest + (<usize>(p * xRestVectors)) * row;
      const source = first + (<usize>(k >> 2)) * row + ((<usize>(k & 3)) << 2);
      for (let b: usize = 0; b < row; b += 16) store<f32>(place + b, load<f32>(source + b));
    }
  }
}

export function mean(a: usize): void {
  const x = at(arg(a, 0));
  const positions = arg(a, 1), vectors = arg(a, 2);
  const f = at(arg(a, 3));
  const share = f32x4.splat(1 / <f32>positions);
  for (let v = from(vectors), last = to(vectors); v < last; v++) {
    for (let b: usize = 0; b < row; b += 16) {
      let sum = zero();
      for (let p = 0; p < positions; p++) sum = f32x4.add(sum, v128.load(x + (<usize>(p * vectors + v)) * row + b));
      v128.store(f + (<usize>v) * row + b, f32x4.mul(sum, share));
    }
  }
}

export function meanData(a: usize): void {
  const df = at(arg(a, 0));
  const positions = arg(a, 1), vectors = arg(a, 2);
  const dx = at(arg(a, 3));
  const share = f32x4.splat(1 / <f32>positions);
  const units = positions * vectors;
  for (let u = from(units), last = to(units); u < last; u++) {
    const source = df + (<usize>(u % vectors)) * row;
    const target = dx + (<usize>u) * row;
    for (let b: usize = 0; b < row; b += 16) v128.store(target + b, f32x4.mul(share, v128.load(source + b)));
  }
}
