import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, type Shader, shader, unroll, vector } from "../shader";

/**
 * Convolutions, forward and backward by data. An invocation computes a tile of four pixels of a row by `outs` vectors of channels by
 * 4 / `outs` images, all in registers: a row of inputs serves three taps, a weight sixteen products. Neighbouring invocations take
 * neighbouring images, so that they read neighbouring addresses and the same weights. There are no barriers.
 */
const PIXELS = 4;
const IMAGES_BY_VECTORS = 4;

const FIELDS = [
  "x",
  "xSide",
  "xVectors",
  "z",
  "zSide",
  "zVectors",
  "wide",
  "wideVectors",
  "point",
  "pointVectors",
  "rectify",
] as const;

const DATA_FIELDS = [...FIELDS, "dx", "add"] as const;

type Tile = readonly (readonly [vectorIndex: number, pixel: number, image: number])[];

function tileOf(vectors: number, images: number): Tile {
  const tile: [number, number, number][] = [];
  for (let v = 0; v < vectors; v++) {
    for (let p = 0; p < PIXELS; p++) for (let k = 0; k < images; k++) tile.push([v, p, k]);
  }
  return tile;
}

/** Place of the invocation's tile: image b, row, first column col. */
function place(side: string, images: number): string {
  return `
  const STEP = IMAGES / ${images};
  let tiles = (${side} + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % STEP;
  let row = id.x / STEP / tiles;
  let col = id.x / STEP % tiles * ${PIXELS};
  if (row >= ${side}) { return; }`;
}

/** Weights of one tap for one vector of the tile: four vectors of outs, one for each in channel. */
function weights(v: number, tap: string, at: string): string {
  return `let w${v}${tap} = mat4x4f(m[${at}], m[${at} + 1], m[${at} + 2], m[${at} + 3]);`;
}

function forward(outs: number, stride: number): Shader<(typeof FIELDS)[number]> {
  const images = IMAGES_BY_VECTORS / outs;
  const tile = tileOf(outs, images);
  const reach = (PIXELS - 1) * stride + 3;
  const load = (j: number, k: number, at: string) =>
    `let x${j}_${k} = select(vec4f(), max(m[${at} + ${k} * STEP], low), in${j});`;
  const body = `${place("zSide", images)}
  let o = id.y * ${outs};
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let pixel = xVectors * IMAGES;
${unroll(reach, (j) => `  let in${j} = u32(col * ${stride} + ${j} - 1) < u32(xSide);`)}
${tile.map(([v, p, k]) => `  var y${v}_${p}_${k} = vec4f();`).join("\n")}
  if (o < wideVectors) {
    for (var ky = 0; ky < 3; ky++) {
      let line = row * ${stride} + ky - 1;
      if (u32(line) >= u32(xSide)) { continue; }
      for (var v = 0; v < xVectors; v++) {
        let at = x + ((line * xSide + col * ${stride} - 1) * xVectors + v) * IMAGES + b;
${unroll(reach, (j) => unroll(images, (k) => `        ${load(j, k, `at + ${j} * pixel`)}`))}
${unroll(3, (kx) =>
  unroll(
    outs,
    (v) => `        let a${v}${kx} = wide + (((o + ${v}) * 9 + ky * 3 + ${kx}) * xVectors + v) * 4;
        ${weights(v, String(kx), `a${v}${kx}`)}
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `        y${v}_${p}_${k} += w${v}${kx} * x${p * stride + kx}_${k};`)
  .join("\n")}`,
  ),
)}
      }
    }
  } else {
    for (var v = 0; v < xVectors; v++) {
      let at = x + ((row * ${stride} * xSide + col * ${stride}) * xVectors + v) * IMAGES + b;
${unroll(PIXELS, (p) => unroll(images, (k) => `      ${load(p * stride + 1, k, `at + ${p * stride} * pixel`)}`))}
${unroll(
  outs,
  (v) => `      let a${v} = point + ((o + ${v} - wideVectors) * xVectors + v) * 4;
      ${weights(v, "", `a${v}`)}
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `      y${v}_${p}_${k} += w${v} * x${p * stride + 1}_${k};`)
  .join("\n")}`,
)}
    }
  }
  let to = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
${unroll(
  PIXELS,
  (p) => `  if (col + ${p} < zSide) {
${tile
  .filter(([, pixel]) => pixel === p)
  .map(([v, , k]) => `    m[to + (${p} * zVectors + ${v}) * IMAGES + ${k} * STEP] = y${v}_${p}_${k};`)
  .join("\n")}
  }`,
)}`;
  return shader({ name: `conv ${outs} ${stride}`, fields: FIELDS, body });
}

/** Adds what falls out of a tile to dx where the rectifier let x through. */
function finish(at: string, value: string): string {
  return `    if (rectify != 0) { ${value} = select(vec4f(), ${value}, m[x + ${at}] > vec4f()); }
    if (add != 0) { ${value} += m[dx + ${at}]; }
    m[dx + ${at}] = ${value};`;
}

function backward(ins: number): Shader<(typeof DATA_FIELDS)[number]> {
  const images = IMAGES_BY_VECTORS / ins;
  const tile = tileOf(ins, images);
  const load = (j: number, k: number, at: string) =>
    `let z${j}_${k} = select(vec4f(), m[${at} + ${k} * STEP], in${j});`;
  const body = `${place("xSide", images)}
  let i = id.y * ${ins};
  let pixel = zVectors * IMAGES;
${unroll(PIXELS + 2, (j) => `  let in${j} = u32(col + ${j} - 1) < u32(xSide);`)}
${tile.map(([v, p, k]) => `  var y${v}_${p}_${k} = vec4f();`).join("\n")}
  for (var ky = 0; ky < 3; ky++) {
    let line = row + 1 - ky;
    if (u32(line) >= u32(xSide)) { continue; }
    for (var o = 0; o < wideVectors; o++) {
      let at = z + ((line * xSide + col - 1) * zVectors + o) * IMAGES + b;
${unroll(PIXELS + 2, (j) => unroll(images, (k) => `      ${load(j, k, `at + ${j} * pixel`)}`))}
${unroll(3, (kx) =>
  unroll(
    ins,
    (v) => `      let a${v}${kx} = wide + ((o * 9 + ky * 3 + ${kx}) * xVectors + i + ${v}) * 4;
      ${weights(v, String(kx), `a${v}${kx}`)}
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `      y${v}_${p}_${k} += z${p + 2 - kx}_${k} * w${v}${kx};`)
  .join("\n")}`,
  ),
)}
    }
  }
  for (var o = 0; o < pointVectors; o++) {
    let at = z + ((row * xSide + col) * zVectors + wideVectors + o) * IMAGES + b;
${unroll(PIXELS, (p) => unroll(images, (k) => `    ${load(p + 1, k, `at + ${p} * pixel`)}`))}
${unroll(
  ins,
  (v) => `    let a${v} = point + (o * xVectors + i + ${v}) * 4;
    ${weights(v, "", `a${v}`)}
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `    y${v}_${p}_${k} += z${p + 1}_${k} * w${v};`)
  .join("\n")}`,
)}
  }
  let to = ((row * xSide + col) * xVectors + i) * IMAGES + b;
${unroll(
  PIXELS,
  (p) => `  if (col + ${p} < xSide) {
${tile
  .filter(([, pixel]) => pixel === p)
  .map(
    ([v, , k]) => `    let t${v}_${p}_${k} = to + (${p} * xVectors + ${v}) * IMAGES + ${k} * STEP;
${finish(`t${v}_${p}_${k}`, `y${v}_${p}_${k}`)}`,
  )
  .join("\n")}
  }`,
)}`;
  return shader({ name: `convData ${ins}`, fields: DATA_FIELDS, body });
}

/** Of the nine taps of stride 2 each serves one pixel of a 2 x 2 block of inputs: [pixel, dz, tap]; dz are its own, right, below, both. */
const TAPS_OF_STRIDE_2 = [
  [0, 0, 4],
  [1, 0, 5],
  [1, 1, 3],
  [2, 0, 7],
  [2, 2, 1],
  [3, 0, 8],
  [3, 1, 6],
  [3, 2, 2],
  [3, 3, 0],
] as const;

function backwardOfStride2(): Shader<(typeof DATA_FIELDS)[number]> {
  const images = IMAGES_BY_VECTORS;
  const body = `
  const STEP = IMAGES / ${images};
  let b = id.x % STEP;
  let row = id.x / STEP / zSide;
  let col = id.x / STEP % zSide;
  if (row >= zSide) { return; }
  let i = id.y;
${unroll(4, (p) => unroll(images, (k) => `  var y${p}_${k} = vec4f();`))}
${unroll(4, (q) => `  let in${q} = row + ${q >> 1} < zSide && col + ${q & 1} < zSide;`)}
  for (var o = 0; o < wideVectors; o++) {
    let at = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
${unroll(4, (q) =>
  unroll(
    images,
    (k) =>
      `    let z${q}_${k} = select(vec4f(), m[at + ((${q >> 1} * zSide + ${q & 1}) * zVectors) * IMAGES + ${k} * STEP], in${q});`,
  ),
)}
${TAPS_OF_STRIDE_2.map(
  ([p, q, tap]) => `    let a${tap} = wide + ((o * 9 + ${tap}) * xVectors + i) * 4;
    ${weights(0, String(tap), `a${tap}`)}
${unroll(images, (k) => `    y${p}_${k} += z${q}_${k} * w0${tap};`)}`,
).join("\n")}
  }
${unroll(
  4,
  (p) => `  if (2 * row + ${p >> 1} < xSide && 2 * col + ${p & 1} < xSide) {
    let to${p} = (((2 * row + ${p >> 1}) * xSide + 2 * col + ${p & 1}) * xVectors + i) * IMAGES + b;
${unroll(
  images,
  (k) => `    let t${p}_${k} = to${p} + ${k} * STEP;
${finish(`t${p}_${k}`, `y${p}_${k}`)}`,
)}
  }`,
)}`;
  return shader({ name: "convData of stride 2", fields: DATA_FIELDS, body });
}

/** Shaders by stride, then by vectors of a tile. */
const FORWARD = [
  [forward(1, 1), forward(2, 1)],
  [forward(1, 2), forward(2, 2)],
] as const;
const BACKWARD = [backward(1), backward(2)] as const;
const BACKWARD_OF_STRIDE_2 = backwardOfStride2();

/** Arguments with convolutions 1 x 1 as points and offsets in vectors. */
export function geometry(c: Arguments<"conv">) {
  const narrow = c.kernel === 1;
  return {
    x: vector(c.x),
    xSide: c.xSide,
    xVectors: c.xVectors,
    z: vector(c.z),
    zSide: c.zSide,
    zVectors: c.wideVectors + c.pointVectors,
    wide: vector(narrow ? 0 : c.wide),
    wideVectors: narrow ? 0 : c.wideVectors,
    point: vector(narrow ? c.wide : Math.max(0, c.point)),
    pointVectors: narrow ? c.wideVectors : c.pointVectors,
    rectify: c.rectify,
  };
}

/** Vectors of a tile: 2 where both blocks can be covered with it. */
export function tileVectors(...counts: number[]): 1 | 2 {
  return counts.every((count) => count % 2 === 0) ? 2 : 1;
}

function groupsOf(side: number, images: number, vectors: number, tile: number): [number, number, number] {
  const invocations = side * Math.ceil(side / PIXELS) * ((images * tile) / IMAGES_BY_VECTORS);
  return [Math.ceil(invocations / LANES), vectors / tile, 1];
}

export function conv(a: Arguments<"conv">, images: number): Dispatch {
  const g = geometry(a);
  const tile = tileVectors(g.wideVectors, g.pointVectors);
  return dispatch(FORWARD[a.stride - 1][tile - 1], g, groupsOf(g.zSide, images, g.zVectors, tile));
}

export function convData(a: Arguments<"convData">, images: number): Dispatch {
  const g = { ...geometry(a), dx: vector(a.dx), add: a.add };
  if (a.stride === 2) {
    const invocations = g.zSide ** 2 * (images / IMAGES_BY_VECTORS);
    return dispatch(BACKWARD_OF_STRIDE_2, g, [Math.ceil(invocations / LANES), g.xVectors, 1]);
  }
  const tile = tileVectors(g.xVectors);
  return dispatch(BACKWARD[tile - 1], g, groupsOf(g.xSide, images, g.xVectors, tile));
}
