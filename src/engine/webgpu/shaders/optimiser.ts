import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import { meet, meeting, REDUCERS } from "./reduce";

/** Vectors of weights that one invocation of `update` takes: all of them sum the squares anew. */
const VECTORS = 4;

const gradientNormShader = shader({
  name: "gradientNorm",
  fields: ["gradient", "count", "parts", "partStride", "squares", "slots"],
  size: REDUCERS,
  globals: meeting(1),
  body: `
  let slot = group.x;
  var square = vec4f();
  for (var i = slot * count / slots + lane; i < (slot + 1) * count / slots; i += ${REDUCERS}) {
    var g = m[gradient + i];
    for (var part = 1; part < parts; part++) { g += m[gradient + part * partStride + i]; }
    m[gradient + i] = g;
    square += g * g;
  }
${meet(["square"], "    m[(squares + slot) >> 2][(squares + slot) & 3] = dot(square, vec4f(1.0));")}`,
});

const updateShader = shader({
  name: "update",
  fields: ["weights", "velocities", "gradient", "count", "squares", "slots", "hyper", "stride"],
  body: `
  var square = 0.0;
  for (var s = squares; s < squares + slots; s++) { square += m[s >> 2][s & 3]; }
  let step = m[hyper];
  let factor = min(1.0, step.w / (sqrt(square) + 1e-6));
  for (var i = id.x; i < count; i += stride) {
    let w = m[weights + i];
    let g = m[gradient + i] * factor + step.z * w;
    let v = step.y * m[velocities + i] + g;
    m[velocities + i] = v;
    m[weights + i] = w - step.x * (g + step.y * v);
  }`,
});

export function gradientNorm(a: Arguments<"gradientNorm">): Dispatch {
  const { parts, squares, slots } = a;
  const values = {
    gradient: vector(a.gradient),
    count: vector(a.count),
    parts,
    partStride: vector(a.partStride),
    squares,
    slots,
  };
  return dispatch(gradientNormShader, values, [slots, 1, 1]);
}

export function update(a: Arguments<"update">): Dispatch {
  const { squares, slots } = a;
  const count = vector(a.count);
  const groups = Math.ceil(count / LANES / VECTORS);
  const values = {
    weights: vector(a.weights),
    velocities: vector(a.velocities),
    gradient: vector(a.gradient),
    count,
    squares,
    slots,
    hyper: vector(a.hyper),
    stride: groups * LANES,
  };
  return dispatch(updateShader, values, [groups, 1, 1]);
}
