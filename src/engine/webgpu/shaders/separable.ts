import { type Arguments, KERNELS } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, unroll, vector } from "../shader";
import type { Context } from "./context";
import { both, meeting, type Reducing, reduced } from "./reduce";

/** Rectified depthwise convolutions, and pointwise ones in groups. */

/** Pixels from a kernel's first tap to its centre. */
const REACH = "let reach = dilation * (kernel / 2);";

const depthwiseShader = shader({
  name: "depthwise",
  fields: KERNELS.depthwise,
  body: `
  ${REACH}
  let b = id.x % IMAGES;
  let p = id.x / IMAGES;
  if (p >= zSide * zSide) { return; }
  let u = id.y;
  let source = x + (xFirst + u % xCount) * IMAGES + b;
  let top = p / zSide * stride - reach;
  let left = p % zSide * stride - reach;
  var sum = vec4f();
  for (var t = 0; t < kernel * kernel; t++) {
    let line = top + t / kernel * dilation;
    let column = left + t % kernel * dilation;
    if (u32(line) >= u32(xSide) || u32(column) >= u32(xSide)) { continue; }
    let value = m[source + (line * xSide + column) * xVectors * IMAGES];
    sum += m[weights + u * kernel * kernel + t] * max(vec4f(), value);
  }
  m[z + (p * zVectors + zFirst + u) * IMAGES + b] = sum;`,
});

const depthwiseDataShader = shader({
  name: "depthwiseData",
  fields: KERNELS.depthwiseData,
  body: `
  ${REACH}
  let b = id.x % IMAGES;
  let q = id.x / IMAGES;
  if (q >= xSide * xSide) { return; }
  let bottom = q / xSide + reach;
  let right = q % xSide + reach;
  var sum = vec4f();
  for (var t = 0; t < kernel * kernel; t++) {
    let line = bottom - t / kernel * dilation;
    let column = right - t % kernel * dilation;
    if (line < 0 || column < 0 || line % stride != 0 || column % stride != 0) { continue; }
    if (line / stride >= zSide || column / stride >= zSide) { continue; }
    let source = z + ((line / stride * zSide + column / stride) * zVectors + zFirst) * IMAGES + b;
    for (var u = id.y; u < vectors; u += xCount) {
      sum += m[weights + u * kernel * kernel + t] * m[source + u * IMAGES];
    }
  }
  let at = (q * xVectors + xFirst + id.y) * IMAGES + b;
  var value = select(vec4f(), sum, m[x + at] > vec4f());
  if (add != 0) { value += m[dx + at]; }
  m[dx + at] = value;`,
});

/** Sums of a part of a weight's gradient: by the invocations of a workgroup, or by one alone. */
interface Summing {
  /** Invocations of a workgroup. */
  readonly size: number;
  /** Number of the sum, and what its invocation begins with and moves on by. */
  readonly job: string;
  readonly first: string;
  readonly step: number;
}

function summing({ lanes, meets }: Reducing): Summing {
  return meets
    ? { size: lanes, job: "group.x", first: "lane", step: lanes }
    : { size: LANES, job: "id.x", first: "0", step: 1 };
}

/** Workgroups for so many sums of each part. */
function sumGroups(jobs: number, parts: number, { meets }: Reducing): [number, number, number] {
  return [meets ? jobs : Math.ceil(jobs / LANES), parts, 1];
}

/** Runs `body` for every position p of this part and every real image b, then leaves the sums. */
function sums(reducing: Reducing, positions: string, values: readonly string[], body: string, leave: string): string {
  const { first, step } = summing(reducing);
  return `
  let piece = group.y;
  let begin = piece * (${positions}) / parts;
  let count = ((piece + 1) * (${positions}) / parts - begin) * BATCH;
${values.map((value) => `  var ${value} = vec4f();`).join("\n")}
  for (var i = ${first}; i < count; i += ${step}) {
    let p = begin + i / BATCH;
    let b = i % BATCH;
${body}
  }
${reducing.meets ? reduced(reducing, values, leave) : leave}`;
}

const depthwiseWeightsShader = both((reducing) =>
  shader({
    name: `depthwiseWeights${reducing.meets ? ", meeting" : ""}`,
    fields: KERNELS.depthwiseWeights,
    size: summing(reducing).size,
    globals: meeting(reducing, 1),
    body: `
  ${REACH}
  let job = ${summing(reducing).job};
  if (job >= vectors * kernel * kernel) { return; }
  let u = job / (kernel * kernel);
  let t = job % (kernel * kernel);
  let source = x + (xFirst + u % xCount) * IMAGES;
${sums(
  reducing,
  "zSide * zSide",
  ["sum"],
  `    let line = p / zSide * stride + t / kernel * dilation - reach;
    let column = p % zSide * stride + t % kernel * dilation - reach;
    if (u32(line) >= u32(xSide) || u32(column) >= u32(xSide)) { continue; }
    let value = m[source + (line * xSide + column) * xVectors * IMAGES + b];
    sum += max(vec4f(), value) * m[z + (p * zVectors + zFirst + u) * IMAGES + b];`,
  "  m[weights + piece * partStride + job] = sum;",
)}`,
  }),
);

/** Images that one invocation of a pointwise convolution takes, a quarter of the batch apart. */
const TILE = 4;

/** Image b of the tile's first, position p; output or input vector id.y of all groups. */
const PLACE = `
  let b = id.x % (IMAGES / ${TILE});
  let p = id.x / (IMAGES / ${TILE});
  if (p >= positions) { return; }
${unroll(TILE, (k) => `  var y${k} = vec4f();`)}`;

const MATRIX = "mat4x4f(m[w], m[w + 1], m[w + 2], m[w + 3])";

function storeTile(to: string): string {
  return unroll(TILE, (k) => `  m[${to} + ${k} * (IMAGES / ${TILE})] = y${k};`);
}

const pointwiseShader = shader({
  name: "pointwise",
  fields: KERNELS.pointwise,
  body: `${PLACE}
  let own_group = id.y / outs;
  var w = weights + id.y * ins * 4;
  var at = x + (p * groups + own_group) * ins * IMAGES + b;
  for (var i = 0; i < ins; i++) {
    let own = ${MATRIX};
${unroll(TILE, (k) => `    y${k} += own * m[at + ${k} * (IMAGES / ${TILE})];`)}
    w += 4;
    at += IMAGES;
  }
  let to = z + (p * groups * outs + id.y) * IMAGES + b;
${storeTile("to")}`,
});

const pointwiseDataShader = shader({
  name: "pointwiseData",
  fields: KERNELS.pointwiseData,
  body: `${PLACE}
  let own_group = id.y / ins;
  var w = weights + (own_group * outs * ins + id.y % ins) * 4;
  var at = z + (p * groups + own_group) * outs * IMAGES + b;
  for (var o = 0; o < outs; o++) {
    let own = ${MATRIX};
${unroll(TILE, (k) => `    y${k} += m[at + ${k} * (IMAGES / ${TILE})] * own;`)}
    w += ins * 4;
    at += IMAGES;
  }
  let to = dx + (p * groups * ins + id.y) * IMAGES + b;
${storeTile("to")}`,
});

const LANE_SUMS = ["s0", "s1", "s2", "s3"] as const;

const pointwiseWeightsShader = both((reducing) =>
  shader({
    name: `pointwiseWeights${reducing.meets ? ", meeting" : ""}`,
    fields: KERNELS.pointwiseWeights,
    size: summing(reducing).size,
    globals: meeting(reducing, LANE_SUMS.length),
    body: `
  let job = ${summing(reducing).job};
  if (job >= groups * outs * ins) { return; }
  let o = job / ins;
  let i = job % ins;
  let xAt = x + (o / outs * ins + i) * IMAGES;
${sums(
  reducing,
  "positions",
  LANE_SUMS,
  `    let value = m[xAt + p * groups * ins * IMAGES + b];
    let d = m[z + (p * groups * outs + o) * IMAGES + b];
${unroll(4, (k) => `    s${k} += value.${"xyzw"[k]} * d;`)}`,
  `  let to = weights + piece * partStride + job * 4;
${unroll(4, (k) => `  m[to + ${k}] = s${k};`)}`,
)}`,
  }),
);

/** Arguments with offsets in vectors. */
function depthwiseValues(a: Arguments<"depthwise">) {
  const { xSide, xVectors, xFirst, xCount, zSide, zVectors, zFirst, vectors, kernel, stride, dilation } = a;
  const places = { x: vector(a.x), z: vector(a.z), weights: vector(a.weights) };
  return { xSide, xVectors, xFirst, xCount, zSide, zVectors, zFirst, vectors, kernel, stride, dilation, ...places };
}

export function depthwise(a: Arguments<"depthwise">, { images }: Context): Dispatch {
  const groups = Math.ceil((a.zSide ** 2 * images) / LANES);
  return dispatch(depthwiseShader, depthwiseValues(a), [groups, a.vectors, 1]);
}

export function depthwiseData(a: Arguments<"depthwiseData">, { images }: Context): Dispatch {
  const values = { ...depthwiseValues(a), dx: vector(a.dx), add: a.add };
  return dispatch(depthwiseDataShader, values, [Math.ceil((a.xSide ** 2 * images) / LANES), a.xCount, 1]);
}

export function depthwiseWeights(a: Arguments<"depthwiseWeights">, { reducing }: Context): Dispatch {
  const { parts } = a;
  const values = { ...depthwiseValues(a), parts, partStride: vector(a.partStride) };
  return dispatch(depthwiseWeightsShader(reducing), values, sumGroups(a.vectors * a.kernel ** 2, parts, reducing));
}

function pointwiseValues(a: Omit<Arguments<"pointwise">, "x">) {
  const { positions, groups, ins, outs } = a;
  return { z: vector(a.z), positions, groups, ins, outs, weights: vector(a.weights) };
}

function tileGroups(positions: number, images: number): number {
  return Math.ceil((positions * (images / TILE)) / LANES);
}

export function pointwise(a: Arguments<"pointwise">, { images }: Context): Dispatch {
  const groups = tileGroups(a.positions, images);
  return dispatch(pointwiseShader, { x: vector(a.x), ...pointwiseValues(a) }, [groups, a.groups * a.outs, 1]);
}

export function pointwiseData(a: Arguments<"pointwiseData">, { images }: Context): Dispatch {
  const groups = tileGroups(a.positions, images);
  return dispatch(pointwiseDataShader, { dx: vector(a.dx), ...pointwiseValues(a) }, [groups, a.groups * a.ins, 1]);
}

export function pointwiseWeights(a: Arguments<"pointwiseWeights">, { reducing }: Context): Dispatch {
  const { parts } = a;
  const values = { x: vector(a.x), ...pointwiseValues(a), parts, partStride: vector(a.partStride) };
  return dispatch(pointwiseWeightsShader(reducing), values, sumGroups(a.groups * a.outs * a.ins, parts, reducing));
}
