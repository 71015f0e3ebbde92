import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import type { Context } from "./context";

const poolShader = shader({
  name: "pool",
  fields: ["x", "xSide", "vectors", "y"],
  body: `
  let half = (xSide + 1) / 2;
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= half * half) { return; }
  let v = id.y;
  let row = p / half * 2;
  let col = p % half * 2;
  var sum = vec4f();
  var count = 0.0;
  for (var r = row; r < min(row + 2, xSide); r++) {
    for (var c = col; c < min(col + 2, xSide); c++) {
      sum += m[x + ((r * xSide + c) * vectors + v) * IMAGES + b];
      count += 1.0;
    }
  }
  m[y + (p * vectors + v) * IMAGES + b] = sum / count;`,
});

const poolDataShader = shader({
  name: "poolData",
  fields: ["dy", "xSide", "vectors", "dx"],
  body: `
  let half = (xSide + 1) / 2;
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= xSide * xSide) { return; }
  let v = id.y;
  let row = p / xSide / 2;
  let col = p % xSide / 2;
  let count = f32(min(2, xSide - 2 * row) * min(2, xSide - 2 * col));
  m[dx + (p * vectors + v) * IMAGES + b] = m[dy + ((row * half + col) * vectors + v) * IMAGES + b] / count;`,
});

const featuresShader = shader({
  name: "features",
  fields: ["x", "positions", "vectors", "stats", "scale", "offset", "f"],
  body: `
  let b = id.x;
  if (b >= IMAGES) { return; }
  let v = id.y;
  let factor = m[scale + v] * m[stats + 2 * v + 1];
  let constant = m[offset + v] - factor * m[stats + 2 * v];
  var sum = vec4f();
  for (var p = 0; p < positions; p++) {
    sum += max(vec4f(), factor * m[x + (p * vectors + v) * IMAGES + b] + constant);
  }
  m[f + v * IMAGES + b] = sum / f32(positions);`,
});

const lossShader = shader({
  name: "loss",
  fields: ["logits", "classes", "bias", "labels", "losses", "hits"],
  body: `
  let b = id.x;
  if (b >= BATCH) { return; }
  let label = i32(m[labels + (b >> 2)][b & 3]);
  let vectors = (classes + 3) / 4;
  var largest = -3.4e38;
  var best = 0;
  var own = 0.0;
  for (var c = 0; c < classes; c++) {
    let y = m[logits + (c >> 2) * IMAGES + b][c & 3] + m[bias + (c >> 2)][c & 3];
    if (y > largest) { largest = y; best = c; }
    if (c == label) { own = y; }
  }
  var total = 0.0;
  for (var c = 0; c < classes; c++) {
    total += exp(m[logits + (c >> 2) * IMAGES + b][c & 3] + m[bias + (c >> 2)][c & 3] - largest);
  }
  m[losses + (b >> 2)][b & 3] = log(total) + largest - own;
  m[hits + (b >> 2)][b & 3] = select(0.0, 1.0, best == label);
  for (var v = 0; v < vectors; v++) {
    let c = vec4i(0, 1, 2, 3) + 4 * v;
    let y = m[logits + v * IMAGES + b] + m[bias + v];
    let d = (exp(y - largest) / total - select(vec4f(), vec4f(1.0), c == vec4i(label))) / f32(BATCH);
    m[logits + v * IMAGES + b] = select(vec4f(), d, c < vec4i(classes));
  }`,
});

const biasGradientShader = shader({
  name: "biasGradient",
  fields: ["z", "vectors", "out"],
  body: `
  let v = id.x;
  if (v >= vectors) { return; }
  var sum = vec4f();
  for (var b = 0; b < BATCH; b++) { sum += m[z + v * IMAGES + b]; }
  m[out + v] = sum;`,
});

export function pool(a: Arguments<"pool">, { images }: Context): Dispatch {
  const positions = Math.ceil(a.xSide / 2) ** 2;
  const values = { ...a, x: vector(a.x), y: vector(a.y) };
  return dispatch(poolShader, values, [Math.ceil((positions * images) / LANES), a.vectors, 1]);
}

export function poolData(a: Arguments<"poolData">, { images }: Context): Dispatch {
  const values = { ...a, dy: vector(a.dy), dx: vector(a.dx) };
  return dispatch(poolDataShader, values, [Math.ceil((a.xSide ** 2 * images) / LANES), a.vectors, 1]);
}

export function features(a: Arguments<"features">, { images }: Context): Dispatch {
  const { positions, vectors } = a;
  const values = {
    x: vector(a.x),
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: vector(a.offset),
    f: vector(a.f),
  };
  return dispatch(featuresShader, values, [Math.ceil(images / LANES), vectors, 1]);
}

export function loss(a: Arguments<"loss">, { images }: Context): Dispatch {
  const values = {
    logits: vector(a.logits),
    classes: a.classes,
    bias: vector(a.bias),
    labels: vector(a.labels),
    losses: vector(a.losses),
    hits: vector(a.hits),
  };
  return dispatch(lossShader, values, [Math.ceil(images / LANES), 1, 1]);
}

export function biasGradient(a: Arguments<"biasGradient">): Dispatch {
  const values = { z: vector(a.z), vectors: a.vectors, out: vector(a.out) };
  return dispatch(biasGradientShader, values, [Math.ceil(a.vectors / LANES), 1, 1]);
}
