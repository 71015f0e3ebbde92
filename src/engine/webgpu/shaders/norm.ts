import { NORM_EPSILON } from "../../network";
import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";
import { type Context, partialsOf } from "./context";
import { tileInvocations } from "./conv";
import { both, collected, meeting, type Reducing, reduced } from "./reduce";

/** Elements that one invocation of a map takes, and at most so many where it has partial sums to add up first. */
const ELEMENTS = 4;

/**
 * Workgroups of a map over positions and images, and the distance between the elements of one invocation.
 * @param partials that every invocation adds up
 */
function mapGroups(elements: number, partials = 1): { groups: number; stride: number } {
  const groups = Math.ceil(elements / LANES / Math.max(ELEMENTS, partials));
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
function reduce({ lanes }: Reducing, body: string): string {
  return `
  for (var i = lane; i < positions * IMAGES; i += ${lanes}) {
    let b = i % IMAGES;
    if (b >= BATCH) { continue; }
    let at = (i / IMAGES * vectors + v) * IMAGES + b;
${body}
  }`;
}

/** Statistics of tiles as `conv` leaves them, for a tensor that no convolution made. */
const tilesShader = shader({
  name: "tiles",
  fields: ["z", "positions", "vectors", "partials"],
  body: `
  let first = id.x % STEP;
  let position = id.x / STEP;
  if (position >= positions) { return; }
  let v = id.y;
  let at = z + (position * vectors + v) * IMAGES;
  var sum = vec4f();
  for (var b = first; b < BATCH; b += STEP) { sum += m[at + b]; }
  let mean = sum / f32((BATCH - 1 - first) / STEP + 1);
  var square = vec4f();
  for (var b = first; b < BATCH; b += STEP) {
    let d = m[at + b] - mean;
    square += d * d;
  }
  let to = partials + (v * positions * STEP + id.x) * 2;
  m[to] = mean;
  m[to + 1] = square;`,
});

/** Invocations of a workgroup that each merge the tiles of one vector. */
const MERGERS = 4;

/** Tiles, evenly spaced, whose means together are about that of all: one alone may lie at a border. */
const SHIFTS = 8;

const statsShader = both(({ meets, lanes }) =>
  shader({
    name: `stats${meets ? ", meeting" : ""}`,
    fields: ["partials", "positions", "vectors", "stats"],
    size: meets ? lanes : MERGERS,
    globals: meeting({ meets, lanes, partials: 1 }, 2),
    // Differences from about the mean keep the variance from cancelling.
    body: `
  let v = ${meets ? "group.x" : "id.x"};
  if (v >= vectors) { return; }
  let invocations = positions * STEP;
  let begin = partials + v * invocations * 2;
  var shift = vec4f();
  for (var i = 0; i < ${SHIFTS}; i++) { shift += m[begin + 2 * (i * invocations / ${SHIFTS})] / ${SHIFTS}.0; }
  var sum = vec4f();
  var square = vec4f();
  for (var i = ${meets ? "lane" : "0"}; i < invocations; i += ${meets ? lanes : 1}) {
    let count = f32((BATCH - 1 - i % STEP) / STEP + 1);
    let d = m[begin + 2 * i] - shift;
    sum += count * d;
    square += m[begin + 2 * i + 1] + count * d * d;
  }
${reduced(
  { meets, lanes, partials: 1 },
  ["sum", "square"],
  `    let n = f32(positions * BATCH);
    let mean = sum / n;
    m[stats + 2 * v] = shift + mean;
    m[stats + 2 * v + 1] = 1.0 / sqrt(max(square / n - mean * mean, vec4f()) + ${NORM_EPSILON});`,
)}`,
  }),
);

/** Scale or offset of vector v, and what stands for one that is absent. */
const AFFINE = `
fn affine(place: i32, v: i32, otherwise: f32) -> vec4f {
  return select(vec4f(otherwise), m[max(place, 0) + v], place >= 0);
}
`;

const normShader = shader({
  name: "norm",
  fields: ["z", "positions", "vectors", "stats", "scale", "offset", "addend", "y", "rectify", "stride"],
  globals: AFFINE,
  body: `
  let v = id.y;
  let factor = affine(scale, v, 1.0) * m[stats + 2 * v + 1];
  let constant = affine(offset, v, 0.0) - factor * m[stats + 2 * v];
${map(`    var value = factor * m[z + at] + constant;
    if (addend >= 0) { value += m[addend + at]; }
    m[y + at] = select(value, max(value, vec4f()), rectify != 0);`)}`,
});

const REDUCE_FIELDS = ["dy", "z", "positions", "vectors", "stats", "scale", "offset", "partials"] as const;

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
  return both((reducing) =>
    shader({
      name: `${of}Reduce${reducing.meets ? ", meeting" : ""}`,
      fields: REDUCE_FIELDS,
      size: reducing.lanes,
      globals: meeting(reducing, 2),
      body: `
  let v = group.x;${STATISTICS}${setup}
  var sum = vec4f();
  var product = vec4f();
${reduce(
  reducing,
  `    let xhat = (m[z + at] - mean) * inverse;
    let g = ${value};
    sum += g;
    product += g * xhat;`,
)}
${reduced(
  reducing,
  ["product", "sum"],
  `    m[partials + v * ${reducing.partials} + part] = product;
    m[partials + (vectors + v) * ${reducing.partials} + part] = sum;`,
)}`,
    }),
  );
}

/** One invocation of each vector also leaves the sums where the plan wants them. */
function mapShader(of: keyof typeof GRADIENTS) {
  const { setup, value } = GRADIENTS[of];
  return both((reducing) =>
    shader({
      name: `${of}Map${reducing.meets ? ", meeting" : ""}`,
      fields: [...REDUCE_FIELDS, "sums", "dz", "stride"] as const,
      globals: AFFINE + collected(reducing),
      body: `
  let v = id.y;${STATISTICS}${setup}
  let products = collected(partials + v * ${reducing.partials});
  let total = collected(partials + (vectors + v) * ${reducing.partials});
  if (id.x == 0) {
    m[sums + v] = products;
    m[sums + vectors + v] = total;
  }
  let n = f32(positions * BATCH);
  let product = products / n;
  let sum = total / n;
  let factor = affine(scale, v, 1.0) * inverse;
${map(`    let xhat = (m[z + at] - mean) * inverse;
    let g = ${value};
    m[dz + at] = factor * (g - sum - xhat * product);`)}`,
    }),
  );
}

const normReduceShader = reduceShader("norm");
const normMapShader = mapShader("norm");
const featuresReduceShader = reduceShader("features");
const featuresMapShader = mapShader("features");

/** Statistics from those of tiles, which are made first where the convolution did not leave them. */
export function stats(
  a: Arguments<"stats">,
  { images, reducing, shape, tiles }: Context,
  hasTiles: boolean,
): Dispatch[] {
  const { vectors, positions } = a;
  const groups = reducing.meets ? vectors : Math.ceil(vectors / MERGERS);
  const values = { partials: tiles, positions, vectors, stats: vector(a.stats) };
  const merge = dispatch(statsShader(reducing), values, [groups, 1, 1]);
  if (hasTiles) return [merge];
  const tileGroups = Math.ceil(tileInvocations(positions, images, shape) / LANES);
  const made = dispatch(tilesShader, { z: vector(a.z), positions, vectors, partials: tiles }, [tileGroups, vectors, 1]);
  return [made, merge];
}

export function norm(a: Arguments<"norm">, { images }: Context): Dispatch {
  const { positions, vectors } = a;
  const { groups, stride } = mapGroups(positions * images);
  const values = {
    z: vector(a.z),
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: vector(a.offset),
    addend: vector(a.addend),
    y: vector(a.y),
    rectify: a.rectify,
    stride,
  };
  return dispatch(normShader, values, [groups, vectors, 1]);
}

/** Room for the partial sums that a plan expects at `sums`. */
function takePartials(c: Context, sums: number, vectors: number): number {
  const partials = c.take(2 * vectors * c.reducing.partials);
  c.sums.set(sums, partials);
  return partials;
}

export function normReduce(a: Arguments<"normReduce">, c: Context): Dispatch {
  const { positions, vectors } = a;
  const partials = takePartials(c, a.sums, vectors);
  const places = { dy: vector(a.dy), z: vector(a.z), stats: vector(a.stats), scale: 0, offset: 0 };
  return dispatch(normReduceShader(c.reducing), { ...places, positions, vectors, partials }, [vectors, 1, 1]);
}

export function normMap(a: Arguments<"normMap">, c: Context): Dispatch {
  const { positions, vectors } = a;
  const { groups, stride } = mapGroups(positions * c.images, c.reducing.partials);
  const z = vector(a.z);
  const values = {
    dy: vector(a.dy),
    z,
    positions,
    vectors,
    stats: vector(a.stats),
    scale: vector(a.scale),
    offset: 0,
    partials: partialsOf(c, a.sums),
    sums: vector(a.sums),
    dz: z,
    stride,
  };
  return dispatch(normMapShader(c.reducing), values, [groups, vectors, 1]);
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
  };
}

export function featuresReduce(a: Arguments<"featuresReduce">, c: Context): Dispatch {
  const partials = takePartials(c, a.sums, a.vectors);
  return dispatch(featuresReduceShader(c.reducing), { ...featuresValues(a), partials }, [a.vectors, 1, 1]);
}

export function featuresMap(a: Arguments<"featuresMap">, c: Context): Dispatch {
  const { groups, stride } = mapGroups(a.positions * c.images);
  const places = { partials: partialsOf(c, a.sums), sums: vector(a.sums), dz: vector(a.dx) };
  return dispatch(featuresMapShader(c.reducing), { ...featuresValues(a), ...places, stride }, [groups, a.vectors, 1]);
}
