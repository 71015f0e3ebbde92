import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import type { Context } from "./context";
import { both, meeting, type Reducing, reduced } from "./reduce";

/** Vectors of weights that one invocation of `update` takes: each of them sums the squares anew. */
const VECTORS = 8;

/** Partial sums of the gradient's norm: one of a workgroup where its invocations meet, else one of an invocation. */
export function slotsOf({ meets }: Reducing): number {
  return meets ? 32 : 128;
}

const gradientNormShader = both(({ meets, lanes }) =>
  shader({
    name: `gradientNorm${meets ? ", meeting" : ""}`,
    fields: ["gradient", "count", "parts", "partStride", "squares", "slots"],
    size: lanes,
    globals: meeting({ meets, lanes, partials: 1 }, 1),
    body: `
  let slot = ${meets ? "group.x" : "id.x"};
  if (slot >= slots) { return; }
  var square = vec4f();
  let begin = slot * count / slots${meets ? " + lane" : ""};
  for (var i = begin; i < (slot + 1) * count / slots; i += ${meets ? lanes : 1}) {
    var g = m[gradient + i];
    for (var k = 1; k < parts; k++) { g += m[gradient + k * partStride + i]; }
    m[gradient + i] = g;
    square += g * g;
  }
${reduced({ meets, lanes, partials: 1 }, ["square"], "    m[(squares + slot) >> 2][(squares + slot) & 3] = dot(square, vec4f(1.0));")}`,
  }),
);

const updateShader = shader({
  name: "update",
  fields: ["weights", "velocities", "gradient", "count", "squares", "slots", "hyper", "stride"],
  body: `
  var squared = vec4f();
  for (var s = 0; s < slots; s++) { squared += m[squares + s]; }
  let step = m[hyper];
  let factor = min(1.0, step.w / (sqrt(dot(squared, vec4f(1.0))) + 1e-6));
  for (var i = id.x; i < count; i += stride) {
    let w = m[weights + i];
    let g = m[gradient + i] * factor + step.z * w;
    let v = step.y * m[velocities + i] + g;
    m[velocities + i] = v;
    m[weights + i] = w - step.x * (g + step.y * v);
  }`,
});

export function gradientNorm(a: Arguments<"gradientNorm">, { reducing }: Context): Dispatch {
  const { parts, squares, slots } = a;
  const values = {
    gradient: vector(a.gradient),
    count: vector(a.count),
    parts,
    partStride: vector(a.partStride),
    squares,
    slots,
  };
  const groups = reducing.meets ? slots : Math.ceil(slots / reducing.lanes);
  return dispatch(gradientNormShader(reducing), values, [groups, 1, 1]);
}

/** The slots must be a multiple of four. */
export function update(a: Arguments<"update">): Dispatch {
  const count = vector(a.count);
  const groups = Math.ceil(count / LANES / VECTORS);
  const values = {
    weights: vector(a.weights),
    velocities: vector(a.velocities),
    gradient: vector(a.gradient),
    count,
    squares: vector(a.squares),
    slots: vector(a.slots),
    hyper: vector(a.hyper),
    stride: groups * LANES,
  };
  return dispatch(updateShader, values, [groups, 1, 1]);
}
