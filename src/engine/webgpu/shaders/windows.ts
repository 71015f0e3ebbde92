import { type Arguments, KERNELS, WINDOW } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import type { Context } from "./context";
import { MIXING } from "./tile";

/** Windows of 3 x 3 pixels, copies and shuffles of channels, and means over all positions. */

const INSIDE = `
fn inside(i: i32, side: i32) -> i32 { return min(i + 2, side) - max(i - 1, 0); }
`;

/** Whether a window of the kind at hand takes its maximum, and whether it lacks tap t where it does. */
const MAXIMUM = `
fn maximum(kind: i32) -> bool { return kind == ${WINDOW.max} || kind == ${WINDOW.block} || kind == ${WINDOW.corner}; }
fn lacks(kind: i32, t: i32) -> bool {
  if (kind == ${WINDOW.block}) { return t < 4 || t == 6; }
  return kind == ${WINDOW.corner} && (t > 4 || t == 2);
}
`;

const windowsShader = shader({
  name: "windows",
  fields: KERNELS.windows,
  globals: MAXIMUM,
  body: `
  let half = ySide;
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= half * half) { return; }
  let v = id.y;
  let top = p / half * stride - 1;
  let left = p % half * stride - 1;
  var best = vec4f(-3.4e38);
  var winner = vec4f();
  var sum = vec4f();
  var count = 0.0;
  var last = vec4f();
  for (var t = 0; t < 9; t++) {
    let line = top + t / 3;
    let column = left + t % 3;
    if (u32(line) >= u32(xSide) || u32(column) >= u32(xSide) || lacks(kind, t)) { continue; }
    let value = m[x + ((line * xSide + column) * vectors + v) * IMAGES + b];
    winner = select(winner, vec4f(f32(t)), value > best);
    best = max(best, value);
    sum += value;
    count += 1.0;
    if (t == 8) { last = value; }
  }
  let at = (p * vectors + v) * IMAGES + b;
  if (maximum(kind)) {
    m[y + at] = best;
    m[winners + at] = winner;
  } else if (kind == ${WINDOW.mean}) {
    m[y + at] = sum / count;
  } else {
    m[y + at] = last;
  }`,
});

const windowsDataShader = shader({
  name: "windowsData",
  fields: KERNELS.windowsData,
  globals: INSIDE + MAXIMUM + MIXING,
  body: `
  let half = ySide;
  let b = id.x % IMAGES;
  let q = id.x / IMAGES;
  if (q >= xSide * xSide) { return; }
  let v = id.y;
  let to = dx + (q * vectors + v) * IMAGES + b;
  var sum = vec4f();
  for (var t = 0; t < 9; t++) {
    let bottom = q / xSide + 1 - t / 3;
    let right = q % xSide + 1 - t % 3;
    if (bottom < 0 || right < 0 || bottom % stride != 0 || right % stride != 0) { continue; }
    if (bottom / stride >= half || right / stride >= half) { continue; }
    let at = ((bottom / stride * half + right / stride) * vectors + v) * IMAGES + b;
    let d = m[dy + at];
    if (maximum(kind)) {
      sum += select(vec4f(), d, m[winners + at] == vec4f(f32(t)));
    } else if (kind == ${WINDOW.mean}) {
      sum += d / f32(inside(bottom, xSide) * inside(right, xSide));
    } else if (t == 8) {
      sum += d;
    }
  }
  if (weight >= 0) { sum *= mixing_weight(weight); }
  if (add != 0) { sum += m[to]; }
  m[to] = sum;`,
});

const copyShader = shader({
  name: "copy",
  fields: ["x", "xVectors", "start", "y", "yVectors", "to", "channels", "positions", "add"],
  body: `
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= positions) { return; }
  let v = to / 4 + id.y;
  let at = y + (p * yVectors + v) * IMAGES + b;
  let source = x + p * xVectors * IMAGES + b;
  let before = m[at];
  var value = vec4f();
  for (var lane = 0; lane < 4; lane++) {
    let c = 4 * v + lane - to;
    if (c < 0) {
      value[lane] = before[lane];
    } else if (c < channels) {
      let own = m[source + ((start + c) >> 2) * IMAGES][(start + c) & 3];
      value[lane] = select(0.0, before[lane], add != 0) + own;
    }
  }
  m[at] = value;`,
});

const meanShader = shader({
  name: "mean",
  fields: KERNELS.mean,
  body: `
  let b = id.x;
  if (b >= IMAGES) { return; }
  var sum = vec4f();
  for (var p = 0; p < positions; p++) { sum += m[x + (p * vectors + id.y) * IMAGES + b]; }
  m[f + id.y * IMAGES + b] = sum / f32(positions);`,
});

const meanDataShader = shader({
  name: "meanData",
  fields: KERNELS.meanData,
  body: `
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= positions) { return; }
  m[dx + (p * vectors + id.y) * IMAGES + b] = m[df + id.y * IMAGES + b] / f32(positions);`,
});

const shuffleShader = shader({
  name: "shuffle",
  fields: KERNELS.shuffle,
  body: `
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= positions) { return; }
  let vectors = (yPart + 3) / 4;
  let xVectors = (xPart + 3) / 4;
  let restVectors = (channels - xPart + 3) / 4;
  let isRest = id.y >= vectors;
  let v = select(id.y, id.y - vectors, isRest);
  let begin = select(0, yPart, isRest) + 4 * v;
  let end = select(yPart, channels, isRest);
  let share = channels / groups;
  var value = vec4f();
  for (var lane = 0; lane < 4; lane++) {
    let c = begin + lane;
    if (c >= end) { continue; }
    let own = c % groups * share + c / groups;
    if (own < xPart) {
      value[lane] = m[x + (p * xVectors + (own >> 2)) * IMAGES + b][own & 3];
    } else {
      let k = own - xPart;
      value[lane] = m[xRest + (p * restVectors + (k >> 2)) * IMAGES + b][k & 3];
    }
  }
  let at = select(y + (p * vectors + v) * IMAGES, yRest + (p * ((channels - yPart + 3) / 4) + v) * IMAGES, isRest);
  m[at + b] = value;`,
});

/** Workgroups for one invocation a position, image and vector. */
function groups(positions: number, vectors: number, { images }: Context): [number, number, number] {
  return [Math.ceil((positions * images) / LANES), vectors, 1];
}

export function windows(a: Arguments<"windows">, c: Context): Dispatch {
  const values = { ...a, x: vector(a.x), y: vector(a.y), winners: vector(a.winners) };
  return dispatch(windowsShader, values, groups(a.ySide ** 2, a.vectors, c));
}

export function windowsData(a: Arguments<"windowsData">, c: Context): Dispatch {
  const values = { ...a, dy: vector(a.dy), dx: vector(a.dx), winners: vector(a.winners) };
  return dispatch(windowsDataShader, values, groups(a.xSide ** 2, a.vectors, c));
}

export function copy(a: Arguments<"copy">, c: Context): Dispatch {
  const { xVectors, from: start, yVectors, to, channels, positions, add } = a;
  const values = { x: vector(a.x), xVectors, start, y: vector(a.y), yVectors, to, channels, positions, add };
  return dispatch(copyShader, values, groups(positions, Math.ceil((to + channels) / 4) - Math.floor(to / 4), c));
}

export function shuffle(a: Arguments<"shuffle">, c: Context): Dispatch {
  const values = { ...a, x: vector(a.x), xRest: vector(a.xRest), y: vector(a.y), yRest: vector(a.yRest) };
  const count = Math.ceil(a.yPart / 4) + Math.ceil((a.channels - a.yPart) / 4);
  return dispatch(shuffleShader, values, groups(a.positions, count, c));
}

export function mean(a: Arguments<"mean">, { images }: Context): Dispatch {
  const { positions, vectors } = a;
  const values = { x: vector(a.x), positions, vectors, f: vector(a.f) };
  return dispatch(meanShader, values, [Math.ceil(images / LANES), vectors, 1]);
}

export function meanData(a: Arguments<"meanData">, c: Context): Dispatch {
  const { positions, vectors } = a;
  const values = { df: vector(a.df), positions, vectors, dx: vector(a.dx) };
  return dispatch(meanDataShader, values, groups(positions, vectors, c));
}
