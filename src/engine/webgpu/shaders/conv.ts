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

/** Place of the invocation's tile in a tensor: image b, row, first column col; its sums. */
function begin(side: string, tile: Tile): string {
  return `
  const STEP = IMAGES / ${TILE_IMAGES};
  let tiles = (${side} + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % STEP;
  let row = id.x / STEP / tiles;
  let col = id.x / STEP % tiles * ${PIXELS};
  if (row >= ${side}) { return; }
${tile.map(([v, p, k]) => `  var y${v}_${p}_${k} = vec4f();`).join("\n")}`;
}

/** Loads the weights of one tap for every vector of the tile, and adds their products with inputs x{pixel}_{image}. */
function products(vectors: number, tile: Tile, step: string, product: (weights: string, x: string) => string): string {
  return unroll(
    vectors,
    (v) => `      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `m[w + ${v} * ${step} + ${i}]`).join(", ")});
${tile
  .filter(([vectorIndex]) => vectorIndex === v)
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

function forward(vectors: number): Shader<(typeof FORWARD_FIELDS)[number]> {
  const tile = tileOf(vectors);
  // Mean and sum of squared deviations of a tile, for the batch's statistics.
  const partial = (v: number) => {
    const own = tile.filter(([vectorIndex]) => vectorIndex === v);
    const valid = ([, p, k]: (typeof own)[number], value: string) => `select(vec4f(), ${value}, has${p} && real${k})`;
    return `    var mean${v} = (${own.map((at) => valid(at, `y${at.join("_")}`)).join(" + ")}) / count;
    var square${v} = vec4f();
${own.map((at) => `    { let d = ${valid(at, `y${at.join("_")} - mean${v}`)}; square${v} += d * d; }`).join("\n")}
    m[partials + ((o + ${v}) * invocations + id.x) * 2] = mean${v};
    m[partials + ((o + ${v}) * invocations + id.x) * 2 + 1] = square${v};`;
  };
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
${unroll(PIXELS, (p) => `  let has${p} = col + ${p} < zSide;`)}
${unroll(vectors, (v) => `  let out${v} = o + ${v} < zVectors;`)}
${tile
  .map(
    ([v, p, k]) =>
      `  if (has${p} && out${v}) { m[to + (${p} * zVectors + ${v}) * IMAGES + ${k} * STEP] = y${v}_${p}_${k}; }`,
  )
  .join("\n")}
  if (partials >= 0) {
    let invocations = zSide * tiles * STEP;
${unroll(TILE_IMAGES, (k) => `    let real${k} = b + ${k} * STEP < BATCH;`)}
    let count = f32(min(${PIXELS}, zSide - col) * (${Array.from({ length: TILE_IMAGES }, (_, k) => `i32(real${k})`).join(" + ")}));
${unroll(vectors, partial)}
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
${tile
  .map(([v, p, k]) => {
    const value = `y${v}_${p}_${k}`;
    return `  if (col + ${p} < xSide) {
    let at = to + (${p} * xVectors + ${v}) * IMAGES + ${k} * STEP;
    if (rectify != 0) { ${value} = select(vec4f(), ${value}, m[x + at] > vec4f()); }
    if (add != 0) { ${value} += m[dx + at]; }
    m[dx + at] = ${value};
  }`;
  })
  .join("\n")}`;
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
