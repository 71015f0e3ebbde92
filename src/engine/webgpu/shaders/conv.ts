import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, type Shader, shader, unroll, vector } from "../shader";
import type { Context } from "./context";
import type { Shape } from "./shape";

/**
 * Convolutions, forward and backward by data. An invocation computes a tile of one pixel by some images and vectors of channels, all in
 * registers, for one tap and one vector of inputs after the other. Neighbouring invocations take neighbouring images, so that they read
 * neighbouring addresses and the same weights. There are no barriers.
 */
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

type Tile = readonly (readonly [vectorIndex: number, image: number])[];

function tileOf({ vectors, images }: Shape): Tile {
  return Array.from({ length: vectors * images }, (_, e) => [Math.floor(e / images), e % images]);
}

/** An array of the tile's values, to end with: indexing them while they are summed would keep them out of registers. */
function gathered(tile: Tile): string {
  return `  var y = array<vec4f, ${tile.length}>(${tile.map((at) => `y${at.join("_")}`).join(", ")});`;
}

/** Place of the invocation's tile in a tensor: image b, row, column col; its sums. */
function begin(side: string, tile: Tile): string {
  return `
  let b = id.x % STEP;
  let row = id.x / STEP / ${side};
  let col = id.x / STEP % ${side};
  if (row >= ${side}) { return; }
${tile.map((at) => `  var y${at.join("_")} = vec4f();`).join("\n")}`;
}

/**
 * Loads the weights of one tap for every vector of the tile, and adds their products with inputs x{image}. With `quads`, four
 * invocations that need the same weights load a quarter each.
 */
function products(shape: Shape, quads: boolean, step: string, product: (weights: string, x: string) => string): string {
  const load = (v: number) =>
    quads
      ? `      let q${v} = m[w + ${v} * ${step} + (lane & 3)];
      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `quadBroadcast(q${v}, ${i}u)`).join(", ")});`
      : `      let w${v} = mat4x4f(${[0, 1, 2, 3].map((i) => `m[w + ${v} * ${step} + ${i}]`).join(", ")});`;
  return unroll(
    shape.vectors,
    (v) => `${load(v)}
${tileOf(shape)
  .filter(([vectorIndex]) => vectorIndex === v)
  .map(([, k]) => `      y${v}_${k} += ${product(`w${v}`, `x${k}`)};`)
  .join("\n")}`,
  );
}

/** Loads the inputs of a tile as x{image}. */
function inputs({ images }: Shape, value: (at: string) => string): string {
  return unroll(images, (k) => `      let x${k} = ${value(`m[at + ${k} * STEP]`)};`);
}

function forward(shape: Shape, quads: boolean): Shader<(typeof FORWARD_FIELDS)[number]> {
  const { vectors, images } = shape;
  const tile = tileOf(shape);
  const body = `${begin("zSide", tile)}
  let wideTiles = (wideVectors + ${vectors - 1}) / ${vectors};
  let isWide = id.y < wideTiles;
  let o = select(wideVectors + (id.y - wideTiles) * ${vectors}, id.y * ${vectors}, isWide);
  let outs = min(${vectors}, select(zVectors, wideVectors, isWide) - o);
  let low = vec4f(select(-3.4e38, 0.0, rectify != 0));
  let side = select(1, kernel, isWide);
  let pad = side / 2;
  let outStep = side * side * xVectors * 4;
  let block = select(point + (o - wideVectors) * outStep, wide + o * outStep, isWide);
  for (var t = 0; t < side * side; t++) {
    let line = row * stride + t / side - pad;
    let place = col * stride + t % side - pad;
    if (u32(line) >= u32(xSide) || u32(place) >= u32(xSide)) { continue; }
    var at = x + (line * xSide + place) * xVectors * IMAGES + b;
    var w = block + t * xVectors * 4;
    for (var v = 0; v < xVectors; v++) {
${inputs(shape, (value) => `max(${value}, low)`)}
${products(shape, quads, "outStep", (w, x) => `${w} * ${x}`)}
      at += IMAGES;
      w += 4;
    }
  }
${gathered(tile)}
  let to = z + ((row * zSide + col) * zVectors + o) * IMAGES + b;
  for (var e = 0; e < ${images} * outs; e++) {
    m[to + e / ${images} * IMAGES + e % ${images} * STEP] = y[e];
  }
  if (partials >= 0) {
    let invocations = zSide * zSide * STEP;
    let images = (BATCH - 1 - b) / STEP + 1;
    for (var v = 0; v < outs; v++) {
      // Mean and sum of squared deviations of a tile, for the batch's statistics.
      var sum = vec4f();
      for (var k = 0; k < images; k++) { sum += y[v * ${images} + k]; }
      let mean = sum / f32(images);
      var square = vec4f();
      for (var k = 0; k < images; k++) {
        let d = y[v * ${images} + k] - mean;
        square += d * d;
      }
      let at = partials + ((o + v) * invocations + id.x) * 2;
      m[at] = mean;
      m[at + 1] = square;
    }
  }`;
  return shader({
    name: `conv of ${vectors} by ${images}${quads ? ", quads" : ""}`,
    quads,
    fields: FORWARD_FIELDS,
    body,
  });
}

function backward(shape: Shape, quads: boolean): Shader<(typeof DATA_FIELDS)[number]> {
  const { vectors, images } = shape;
  const tile = tileOf(shape);
  const body = `${begin("xSide", tile)}
  let i = id.y * ${vectors};
  let wideTaps = select(0, kernel * kernel, wideVectors > 0);
  let taps = wideTaps + select(0, 1, pointVectors > 0);
  for (var t = 0; t < taps; t++) {
    let isWide = t < wideTaps;
    let side = select(1, kernel, isWide);
    let tap = select(0, t, isWide);
    // With stride 2 only every other line and pixel has an output under this tap.
    let line = row + side / 2 - tap / side;
    let place = col + side / 2 - tap % side;
    if (line < 0 || line % stride != 0 || line / stride >= zSide) { continue; }
    if (place < 0 || place % stride != 0 || place / stride >= zSide) { continue; }
    let begin = z + ((line / stride * zSide + place / stride) * zVectors + select(wideVectors, 0, isWide)) * IMAGES + b;
    let blocks = select(pointVectors, wideVectors, isWide);
    var w = select(point, wide + tap * xVectors * 4, isWide) + i * 4;
    for (var o = 0; o < blocks; o++) {
      let at = begin + o * IMAGES;
${inputs(shape, (value) => value)}
${products(shape, quads, "4", (w, x) => `${x} * ${w}`)}
      w += side * side * xVectors * 4;
    }
  }
${gathered(tile)}
  let to = ((row * xSide + col) * xVectors + i) * IMAGES + b;
  for (var e = 0; e < ${images} * min(${vectors}, xVectors - i); e++) {
    let at = to + e / ${images} * IMAGES + e % ${images} * STEP;
    var value = y[e];
    if (rectify != 0) { value = select(vec4f(), value, m[x + at] > vec4f()); }
    if (add != 0) { value += m[dx + at]; }
    m[dx + at] = value;
  }`;
  return shader({
    name: `convData of ${vectors} by ${images}${quads ? ", quads" : ""}`,
    quads,
    fields: DATA_FIELDS,
    body,
  });
}

/** One shader for each shape, plain and with quads: what is the same shader can be one dispatch. */
function byShape<Made>(make: (shape: Shape, quads: boolean) => Made): (context: Context) => Made {
  const made = new Map<string, Made>();
  return ({ shape, quads }) => {
    const key = `${shape.vectors} ${shape.images} ${quads}`;
    const found = made.get(key) ?? make(shape, quads);
    made.set(key, found);
    return found;
  };
}

const forwardShader = byShape(forward);
const backwardShader = byShape(backward);

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

/** Invocations for one vector of a tensor. */
export function tileInvocations(positions: number, images: number, shape: Shape): number {
  return positions * (images / shape.images);
}

/** A convolution that leaves the statistics of its tiles from `partials` on (vectors), or nowhere (-1). */
export function conv(a: Arguments<"conv">, c: Context, partials: number): Dispatch {
  const { shape, images } = c;
  const g = { ...geometry(a), partials };
  const groups = Math.ceil(tileInvocations(g.zSide ** 2, images, shape) / LANES);
  const tiles = Math.ceil(g.wideVectors / shape.vectors) + Math.ceil(g.pointVectors / shape.vectors);
  return dispatch(forwardShader(c), g, [groups, tiles, 1]);
}

export function convData(a: Arguments<"convData">, c: Context): Dispatch {
  const { shape, images } = c;
  const g = { ...geometry(a), dx: vector(a.dx), add: a.add };
  const groups = Math.ceil(tileInvocations(g.xSide ** 2, images, shape) / LANES);
  return dispatch(backwardShader(c), g, [groups, Math.ceil(g.xVectors / shape.vectors), 1]);
}
