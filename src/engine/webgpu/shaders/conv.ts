import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, type Shader, shader, unroll, vector } from "../shader";
import type { Context } from "./context";

/**
 * Convolutions, forward and backward by data. An invocation computes a tile of four pixels of a row by four images by two
 * vectors of channels, all in registers, for one tap and one vector of inputs after the other. Neighbouring invocations take
 * neighbouring images, so that they read neighbouring addresses and the same weights. There are no barriers.
 */
export const PIXELS = 4;

/** Images of a tile; neighbours are IMAGES / 4 apart. */
export const TILE_IMAGES = 4;

/** Vectors of channels of a tile; the last tile of a block may be half empty. */
export const TILE_VECTORS = 2;

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

const TILE: Tile = Array.from({ length: TILE_VECTORS * PIXELS * TILE_IMAGES }, (_, e) => [
  Math.floor(e / PIXELS / TILE_IMAGES),
  Math.floor(e / TILE_IMAGES) % PIXELS,
  e % TILE_IMAGES,
]);

/** An array of the tile's values, to end with: indexing them while they are summed would keep them out of registers. */
function gathered(): string {
  return `  var y = array<vec4f, ${TILE.length}>(${TILE.map((at) => `y${at.join("_")}`).join(", ")});`;
}

/** Place of the invocation's tile in a tensor: image b, row, first column col; its sums. */
function begin(side: string): string {
  return `
  const STEP = IMAGES / ${TILE_IMAGES};
  let tiles = (${side} + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % STEP;
  let row = id.x / STEP / tiles;
  let col = id.x / STEP % tiles * ${PIXELS};
  if (row >= ${side}) { return; }
${TILE.map((at) => `  var y${at.join("_")} = vec4f();`).join("\n")}`;
}

/**
 * Loads the weights of one tap for every vector of the tile, and adds their products with inputs x{pixel}_{image}. With `quads`, four
 * invocations that need the same weights load a quarter each.
 */
function products(quads: boolean, step: string, product: (weights: string, x: string) => string): string {
  const load = (v: number) =>
    quads
      ? `      let q${v} = m[w + ${v} * ${step} + (lane & 3)];
      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `quadBroadcast(q${v}, ${i}u)`).join(", ")});`
      : `      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `m[w + ${v} * ${step} + ${i}]`).join(", ")});`;
  return unroll(
    TILE_VECTORS,
    (v) => `${load(v)}
${TILE.filter(([vectorIndex]) => vectorIndex === v)
  .map(([, p, k]) => `      y${v}_${p}_${k} += ${product(`w${v}`, `x${p}_${k}`)};`)
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

function forward(quads: boolean): Shader<(typeof FORWARD_FIELDS)[number]> {
  const body = `${begin("zSide")}
  let wideTiles = (wideVectors + ${TILE_VECTORS - 1}) / ${TILE_VECTORS};
  let isWide = id.y < wideTiles;
  let o = select(wideVectors + (id.y - wideTiles) * ${TILE_VECTORS}, id.y * ${TILE_VECTORS}, isWide);
  let outs = min(${TILE_VECTORS}, select(zVectors, wideVectors, isWide) - o);
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
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
${products(quads, "outStep", (w, x) => `${w} * ${x}`)}
      at += IMAGES;
      w += 4;
    }
  }
${gathered()}
  let to = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
  let pixels = min(${PIXELS}, zSide - col);
  for (var e = 0; e < ${TILE.length}; e++) {
    let v = e / ${PIXELS * TILE_IMAGES};
    let p = e / ${TILE_IMAGES} % ${PIXELS};
    if (p >= pixels || v >= outs) { continue; }
    m[to + (p * zVectors + v) * IMAGES + e % ${TILE_IMAGES} * STEP] = y[e];
  }
  if (partials >= 0) {
    let invocations = zSide * tiles * STEP;
    let images = (BATCH - 1 - b) / STEP + 1;
    for (var v = 0; v < outs; v++) {
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
  return shader({ name: `conv${quads ? ", quads" : ""}`, quads, fields: FORWARD_FIELDS, body });
}

function backward(quads: boolean): Shader<(typeof DATA_FIELDS)[number]> {
  const body = `${begin("xSide")}
  let i = id.y * ${TILE_VECTORS};
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
${products(quads, "4", (w, x) => `${x} * ${w}`)}
      w += side * side * xVectors * 4;
    }
  }
${gathered()}
  let to = ((row * xSide + col) * xVectors + i) * IMAGES + b;
  for (var e = 0; e < ${TILE.length}; e++) {
    let p = e / ${TILE_IMAGES} % ${PIXELS};
    let v = e / ${PIXELS * TILE_IMAGES};
    if (col + p >= xSide || i + v >= xVectors) { continue; }
    let at = to + (p * xVectors + v) * IMAGES + e % ${TILE_IMAGES} * STEP;
    var value = y[e];
    if (rectify != 0) { value = select(vec4f(), value, m[x + at] > vec4f()); }
    if (add != 0) { value += m[dx + at]; }
    m[dx + at] = value;
  }`;
  return shader({ name: `convData${quads ? ", quads" : ""}`, quads, fields: DATA_FIELDS, body });
}

const FORWARD = { plain: forward(false), quads: forward(true) } as const;
const BACKWARD = { plain: backward(false), quads: backward(true) } as const;

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

/** Tiles that cover a number of vectors. */
export function tilesOf(vectors: number): number {
  return Math.ceil(vectors / TILE_VECTORS);
}

/** Invocations for one vector of a tensor. */
export function tileInvocations(side: number, images: number): number {
  return side * Math.ceil(side / PIXELS) * (images / TILE_IMAGES);
}

/** A convolution that leaves the statistics of its tiles from `partials` on (vectors), or nowhere (-1). */
export function conv(a: Arguments<"conv">, { images, quads }: Context, partials: number): Dispatch {
  const g = { ...geometry(a), partials };
  const groups = Math.ceil(tileInvocations(g.zSide, images) / LANES);
  return dispatch(FORWARD[quads ? "quads" : "plain"], g, [groups, tilesOf(g.wideVectors) + tilesOf(g.pointVectors), 1]);
}

export function convData(a: Arguments<"convData">, { images, quads }: Context): Dispatch {
  const g = { ...geometry(a), dx: vector(a.dx), add: a.add };
  const groups = Math.ceil(tileInvocations(g.xSide, images) / LANES);
  return dispatch(BACKWARD[quads ? "quads" : "plain"], g, [groups, tilesOf(g.xVectors), 1]);
}
