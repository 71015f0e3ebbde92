import { NORM_EPSILON } from "../../network";
import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import { meet, meeting, REDUCERS } from "./reduce";

/** Elements that one invocation of a map takes. */
const ELEMENTS = 4;

/** Workgroups of a map over positions and images, and the distance between the elements of one invocation. */
export function mapGroups(elements: number): { groups: number; stride: number } {
  const groups = Math.ceil(elements / LANES / ELEMENTS);
  return { groups, stride: groups * LANES };
}

/** Runs `body` for every element of vector v: i counts positions and images, `at` is its place in a tensor. */
function map(body: string): string {
  return `
  for (var i = id.x; i < positions * IMAGES; i += stride) {
    let at = (i / IMAGES * vectors + v) * IMAGES + i % IMAGES;
${body}
  }`;
}

/** The same by the invocations of one workgroup, for the real images alone. */
function reduce(body: string): string {
  return `
  for (var i = lane; i < positions * IMAGES; i += ${REDUCERS}) {
    let b = i % IMAGES;
    if (b >= BATCH) { continue; }
    let at = (i / IMAGES * vectors + v) * IMAGES + b;
${body}
  }`;
}

const statsShader = shader({
  name: "stats",
  fields: ["z", "positions", "vectors", "stats"],
  size: REDUCERS,
  globals: meeting(2),
  // Differences from some value of the channel keep the one-pass variance from cancelling.
  body: `
  let v = group.x;
  let shift = m[z + v * IMAGES];
  var sum = vec4f();
  var square = vec4f();
${reduce(`    let d = m[z + at] - shift;
    sum += d;
    square += d * d;`)}
${meet(
  ["sum", "square"],
  `    let n = f32(positions * BATCH);
    let mean = sum / n;
    m[stats + 2 * v] = shift + mean;
    m[stats + 2 * v + 1] = 1.0 / sqrt(max(square / n - mean * mean, vec4f()) + ${NORM_EPSILON});`,
)}`,
});

const normShader = shader({
  name: "norm",
  fields: ["z", "positions", "vectors", "stats", "scale", "offset", "addend", "y", "stride"],
  body: `
  let v = id.y;
  let factor = m[scale + v] * m[stats + 2 * v + 1];
  let constant = m[offset + v] - factor * m[stats + 2 * v];
${map(`    var value = factor * m[z + at] + constant;
    if (addend >= 0) { value += m[addend + at]; }
    m[y + at] = value;`)}`,
});

const REDUCE_FIELDS = ["dy", "z", "positions", "vectors", "stats", "scale", "offset", "sums"] as const;
const MAP_FIELDS = [...REDUCE_FIELDS, "dz", "stride"] as const;

const STATISTICS = `
  let mean = m[stats + 2 * v];
  let inverse = m[stats + 2 * v + 1];`;

/** The gradient that reaches the norm: dy, or in the head that of the features where the rectifier let something through. */
const GRADIENTS = {
  norm: { setup: "", value: "m[dy + at]" },
  features: {
    setup: `
  let scaleV = m[scale + v];
  let offsetV = m[offset + v];`,
    value: "select(vec4f(), m[dy + v * IMAGES + i % IMAGES] / f32(positions), scaleV * xhat + offsetV > vec4f())",
  },
} as const;

function reduceShader(of: keyof typeof GRADIENTS) {
  const { setup, value } = GRADIENTS[of];
  return shader({
    name: `${of}Reduce`,
    fields: REDUCE_FIELDS,
    size: REDUCERS,
    globals: meeting(2),
    body: `
  let v = group.x;${STATISTICS}${setup}
  var sum = vec4f();
  var product = vec4f();
${reduce(`    let xhat = (m[z + at] - mean) * inverse;
    let g = ${value};
    sum += g;
    product += g * xhat;`)}
${meet(
  ["product", "sum"],
  `    m[sums + v] = product;
    m[sums + vectors + v] = sum;`,
)}`,
  });
}

function mapShader(of: keyof typeof GRADIENTS) {
  const { setup, value } = GRADIENTS[of];
  return shader({
    name: `${of}Map`,
    fields: MAP_FIELDS,
    body: `
  let v = id.y;${STATISTICS}${setup}
  let n = f32(positions * BATCH);
  let product = m[sums + v] / n;
  let sum = m[sums + vectors + v] / n;
  let factor = m[scale + v] * inverse;
${map(`    let xhat = (m[z + at] - mean) * inverse;
    let g = ${value};
    m[dz + at] = factor * (g - sum - xhat * product);`)}`,
  });
}

const normReduceShader = reduceShader("norm");
const normMapShader = mapShader("norm");
const featuresReduceShader = reduceShader("features");
const featuresMapShader = mapShader("features");

export function stats(a: Arguments<"stats">): Dispatch {
  const { positions, vectors } = a;
  return dispatch(statsShader, { z: vector(a.z), positions, vectors, stats: vector(a.stats) }, [vectors, 1, 1]);
}

export function norm(a: Arguments<"norm">, images: number): Dispatch {
  const { positions, vectors } = a;
  const { groups, stride } = mapGroups(positions * images);
  const values = {
    z: vector(a.z),
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: vector(a.offset),
    addend: a.addend < 0 ? -1 : vector(a.addend),
    y: vector(a.y),
    stride,
  };
  return dispatch(normShader, values, [groups, vectors, 1]);
}

export function normReduce(a: Arguments<"normReduce">): Dispatch {
  const { positions, vectors } = a;
  const values = {
    dy: vector(a.dy),
    z: vector(a.z),
    positions,
    vectors,
    stats: vector(a.stats),
    scale: 0,
    offset: 0,
    sums: vector(a.sums),
  };
  return dispatch(normReduceShader, values, [vectors, 1, 1]);
}

export function normMap(a: Arguments<"normMap">, images: number): Dispatch {
  const { positions, vectors } = a;
  const { groups, stride } = mapGroups(positions * images);
  const z = vector(a.z);
  const values = {
    dy: vector(a.dy),
    z,
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: 0,
    sums: vector(a.sums),
    dz: z,
    stride,
  };
  return dispatch(normMapShader, values, [groups, vectors, 1]);
}

function featuresValues(a: Arguments<"featuresReduce">) {
  const { positions, vectors } = a;
  return {
    dy: vector(a.df),
    z: vector(a.x),
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: vector(a.offset),
    sums: vector(a.sums),
  };
}

export function featuresReduce(a: Arguments<"featuresReduce">): Dispatch {
  return dispatch(featuresReduceShader, featuresValues(a), [a.vectors, 1, 1]);
}

export function featuresMap(a: Arguments<"featuresMap">, images: number): Dispatch {
  const { groups, stride } = mapGroups(a.positions * images);
  const values = { ...featuresValues(a), dz: vector(a.dx), stride };
  return dispatch(featuresMapShader, values, [groups, a.vectors, 1]);
}
