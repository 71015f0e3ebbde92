import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, type Shader, shader, unroll, vector } from "../shader";
import type { Context } from "./context";

/**
 * Convolutions, forward and backward by data. An invocation computes a tile of four pixels of a row by four images by one or two
 * vectors of channels, all in registers, for one tap and one vector of inputs after the other. Neighbouring invocations take
 * neighbouring images, so that they read neighbouring addresses and the same weights. There are no barriers.
 */
export const PIXELS = 4;

/** Images of a tile; neighbours are IMAGES / 4 apart. */
export const TILE_IMAGES = 4;

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
] as const;
const FORWARD_FIELDS = [...FIELDS, "kernel", "stride", "rectify", "partials"] as const;
const DATA_FIELDS = [...FIELDS, "kernel", "stride", "rectify", "dx", "add"] as const;

type Tile = readonly (readonly [vectorIndex: number, pixel: number, image: number])[];

function tileOf(vectors: number): Tile {
  const tile: [number, number, number][] = [];
  for (let v = 0; v < vectors; v++) {
    for (let p = 0; p < PIXELS; p++) for (let k = 0; k < TILE_IMAGES; k++) tile.push([v, p, k]);
  }
  return tile;
}

/** Place of a value among those of a tile. */
function indexOf(v: number, pixel: number, image: number): number {
  return (v * PIXELS + pixel) * TILE_IMAGES + image;
}

/** Place of the invocation's tile in a tensor: image b, row, first column col; its sums. */
function begin(side: string, tile: Tile): string {
  return `
  const STEP = IMAGES / ${TILE_IMAGES};
  let tiles = (${side} + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % STEP;
  let row = id.x / STEP / tiles;
  let col = id.x / STEP % tiles * ${PIXELS};
  if (row >= ${side}) { return; }
  var y = array<vec4f, ${tile.length}>();`;
}

/** Loads the weights of one tap for every vector of the tile, and adds their products with inputs x{pixel}_{image}. */
function products(vectors: number, tile: Tile, step: string, product: (weights: string, x: string) => string): string {
  return unroll(
    vectors,
    (v) => `      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `m[w + ${v} * ${step} + ${i}]`).join(", ")});
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `      y[${indexOf(v, p, k)}] += ${product(`w${v}`, `x${p}_${k}`)};`)
  .join("\n")}`,
  );
}

/** Loads the inputs of a tile as x{pixel}_{image}. */
function inputs(pixel: string, value: (at: string) => string): string {
  return unroll(PIXELS, (p) =>
    unroll(
      TILE_IMAGES,
      (k) => `      let x${p}_${k} = select(vec4f(), ${value(`m[at + ${p} * ${pixel} + ${k} * STEP]`)}, in${p});`,
    ),
  );
}

function forward(vectors: number): Shader<(typeof FORWARD_FIELDS)[number]> {
  const tile = tileOf(vectors);
  const body = `${begin("zSide", tile)}
  let o = id.y * ${vectors};
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let isWide = o < wideVectors;
  let side = select(1, kernel, isWide);
  let pad = side / 2;
  let outStep = side * side * xVectors * 4;
  let block = select(point + (o - wideVectors) * outStep, wide + o * outStep, isWide);
  let pixel = stride * xVectors * IMAGES;
  for (var t = 0; t < side * side; t++) {
    let line = row * stride + t / side - pad;
    if (u32(line) >= u32(xSide)) { continue; }
    let first = col * stride + t % side - pad;
${unroll(PIXELS, (p) => `    let in${p} = u32(first + ${p} * stride) < u32(xSide);`)}
    var at = x + (line * xSide + first) * xVectors * IMAGES + b;
    var w = block + t * xVectors * 4;
    for (var v = 0; v < xVectors; v++) {
${inputs("pixel", (value) => `max(${value}, low)`)}
${products(vectors, tile, "outStep", (w, x) => `${w} * ${x}`)}
      at += IMAGES;
      w += 4;
    }
  }
  let to = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
  let pixels = min(${PIXELS}, zSide - col);
  for (var e = 0; e < ${tile.length}; e++) {
    let v = e / ${PIXELS * TILE_IMAGES};
    let p = e / ${TILE_IMAGES} % ${PIXELS};
    if (p >= pixels || o + v >= zVectors) { continue; }
    m[to + (p * zVectors + v) * IMAGES + e % ${TILE_IMAGES} * STEP] = y[e];
  }
  if (partials >= 0) {
    let invocations = zSide * tiles * STEP;
    let images = (BATCH - 1 - b) / STEP + 1;
    for (var v = 0; v < ${vectors}; v++) {
      // Mean and sum of squared deviations of a tile, for the batch's statistics.
      var sum = vec4f();
      for (var p = 0; p < pixels; p++) {
        for (var k = 0; k < images; k++) { sum += y[(v * ${PIXELS} + p) * ${TILE_IMAGES} + k]; }
      }
      let mean = sum / f32(pixels * images);
      var square = vec4f();
      for (var p = 0; p < pixels; p++) {
        for (var k = 0; k < images; k++) {
          let d = y[(v * ${PIXELS} + p) * ${TILE_IMAGES} + k] - mean;
          square += d * d;
        }
      }
      let at = partials + ((o + v) * invocations + id.x) * 2;
      m[at] = mean;
      m[at + 1] = square;
    }
  }`;
  return shader({ name: `conv of ${vectors}`, fields: FORWARD_FIELDS, body });
}

function backward(vectors: number): Shader<(typeof DATA_FIELDS)[number]> {
  const tile = tileOf(vectors);
  const body = `${begin("xSide", tile)}
  let i = id.y * ${vectors};
  let wideTaps = select(0, kernel * kernel, wideVectors > 0);
  let taps = wideTaps + select(0, 1, pointVectors > 0);
  let pixel = zVectors * IMAGES;
${unroll(PIXELS, (p) => `  var in${p} = false;`)}
  for (var t = 0; t < taps; t++) {
    let isWide = t < wideTaps;
    let side = select(1, kernel, isWide);
    let tap = select(0, t, isWide);
    // With stride 2 only every other line and pixel has an output under this tap.
    let line = row + side / 2 - tap / side;
    if (line < 0 || line % stride != 0 || line / stride >= zSide) { continue; }
    let first = col + side / 2 - tap % side;
${unroll(PIXELS, (p) => `    in${p} = first + ${p} >= 0 && (first + ${p}) % stride == 0 && (first + ${p}) / stride < zSide;`)}
    let begin = z + (line / stride * zSide * zVectors + select(wideVectors, 0, isWide)) * IMAGES + b;
    let blocks = select(pointVectors, wideVectors, isWide);
    var w = select(point, wide + tap * xVectors * 4, isWide) + i * 4;
    for (var o = 0; o < blocks; o++) {
      let at = begin + o * IMAGES;
${unroll(PIXELS, (p) =>
  unroll(
    TILE_IMAGES,
    (k) => `      let x${p}_${k} = select(vec4f(), m[at + (first + ${p}) / stride * pixel + ${k} * STEP], in${p});`,
  ),
)}
${products(vectors, tile, "4", (w, x) => `${x} * ${w}`)}
      w += side * side * xVectors * 4;
    }
  }
  let to = ((row * xSide + col) * xVectors + i) * IMAGES + b;
  for (var e = 0; e < ${tile.length}; e++) {
    let p = e / ${TILE_IMAGES} % ${PIXELS};
    if (col + p >= xSide) { continue; }
    let at = to + (p * xVectors + e / ${PIXELS * TILE_IMAGES}) * IMAGES + e % ${TILE_IMAGES} * STEP;
    var value = y[e];
    if (rectify != 0) { value = select(vec4f(), value, m[x + at] > vec4f()); }
    if (add != 0) { value += m[dx + at]; }
    m[dx + at] = value;
  }`;
  return shader({ name: `convData of ${vectors}`, fields: DATA_FIELDS, body });
}

const FORWARD = [forward(1), forward(2)] as const;
const BACKWARD = [backward(1), backward(2)] as const;

/** Arguments with offsets in vectors. */
export function geometry(c: Arguments<"conv">) {
  return {
    x: vector(c.x),
    xSide: c.xSide,
    xVectors: c.xVectors,
    z: vector(c.z),
    zSide: c.zSide,
    zVectors: c.wideVectors + c.pointVectors,
    wide: vector(c.wide),
    wideVectors: c.wideVectors,
    point: vector(Math.max(0, c.point)),
    pointVectors: c.pointVectors,
    kernel: c.kernel,
    stride: c.stride,
    rectify: c.rectify,
  };
}

/** Vectors of a tile: two where that covers both blocks. */
export function tileVectors(...counts: number[]): 1 | 2 {
  return counts.every((count) => count % 2 === 0) ? 2 : 1;
}

/** Invocations for one vector of a tensor. */
export function tileInvocations(side: number, images: number): number {
  return side * Math.ceil(side / PIXELS) * (images / TILE_IMAGES);
}

/** A convolution that leaves the statistics of its tiles from `partials` on (vectors), or nowhere (-1). */
export function conv(a: Arguments<"conv">, { images }: Context, partials: number): Dispatch {
  const g = { ...geometry(a), partials };
  // The classifier is too small to deserve a shader of its own.
  const tile = g.zSide === 1 ? 2 : tileVectors(g.wideVectors, g.pointVectors);
  const groups = Math.ceil(tileInvocations(g.zSide, images) / LANES);
  return dispatch(FORWARD[tile - 1], g, [groups, Math.ceil(g.zVectors / tile), 1]);
}

export function convData(a: Arguments<"convData">, { images }: Context): Dispatch {
  const g = { ...geometry(a), dx: vector(a.dx), add: a.add };
  const tile = tileVectors(g.xVectors);
  const groups = Math.ceil(tileInvocations(g.xSide, images) / LANES);
  return dispatch(BACKWARD[tile - 1], g, [groups, g.xVectors / tile, 1]);
}
