import { type Arguments, type Entry, SPREAD_FIELDS, TERM, TERM_FIELDS, termsOf } from "../../plan/kernels";
import { type Dispatch, dispatch, fieldVectors, LANES, shader, unroll, vector } from "../shader";
import { meet, meeting, REDUCERS } from "./reduce";

/** Kernels of a cell's nodes. An invocation takes four pixels of a row, so that the windows of the average share their columns. */
const PIXELS = 4;

/** Sums over the windows of four pixels. Transposed, every value is divided by the size of its own window; else the sum by the pixel's. */
const WINDOW = `
alias Four = array<vec4f, ${PIXELS}>;

fn width(i: i32, side: i32) -> f32 {
  return 3.0 - select(0.0, 1.0, i == 0) - select(0.0, 1.0, i == side - 1);
}

fn window(source: i32, pixel: i32, side: i32, row: i32, col: i32, transposed: bool) -> Four {
${unroll(PIXELS + 2, (j) => `  var c${j} = vec4f();`)}
  for (var r = max(row - 1, 0); r <= min(row + 1, side - 1); r++) {
    let at = source + (r * side + col - 1) * pixel;
    let share = select(1.0, 1.0 / width(r, side), transposed);
${unroll(PIXELS + 2, (j) => `    c${j} += share * m[at + ${j} * pixel];`)}
  }
${unroll(
  PIXELS + 2,
  (j) => `  let q${j} = col + ${j} - 1;
  c${j} = select(vec4f(), c${j} * select(1.0, 1.0 / width(q${j}, side), transposed), u32(q${j}) < u32(side));`,
)}
  let height = select(width(row, side), 1.0, transposed);
${unroll(PIXELS, (p) => `  let s${p} = 1.0 / (height * select(width(q${p + 1}, side), 1.0, transposed));`)}
  return Four(${Array.from({ length: PIXELS }, (_, p) => `s${p} * (c${p} + c${p + 1} + c${p + 2})`).join(", ")});
}
`;

/** The value of a term at four pixels; its record is two vectors: kind, source, sourceVectors, first; stats, weight, sums. */
const TERM_VALUE = `${WINDOW}
fn term(origin: vec4i, stats: i32, side: i32, row: i32, col: i32, v: i32, b: i32) -> Four {
  let pixel = origin.z * IMAGES;
  let source = origin.y + (origin.w + v) * IMAGES + b;
  if (origin.x == ${TERM.average}) { return window(source, pixel, side, row, col, false); }
  let at = source + (row * side + col) * pixel;
  var value = Four(${Array.from({ length: PIXELS }, (_, p) => `m[at + ${p} * pixel]`).join(", ")});
  if (origin.x == ${TERM.normalised}) {
    let mean = m[stats + 2 * v];
    let inverse = m[stats + 2 * v + 1];
${unroll(PIXELS, (p) => `    value[${p}] = (value[${p}] - mean) * inverse;`)}
  }
  return value;
}
`;

/** A mixing weight, whose offset counts floats. */
const MIXING = `
fn mixing_weight(at: i32) -> f32 { return m[at >> 2][at & 3]; }
`;

const PLACE = `
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  let b = id.x % IMAGES;
  let row = id.x / IMAGES / tiles;
  let col = id.x / IMAGES % tiles * ${PIXELS};
  if (row >= side) { return; }
  let v = id.y;`;

function store(tensor: string): string {
  return `
  let to = ${tensor} + ((row * side + col) * vectors + v) * IMAGES + b;
${unroll(PIXELS, (p) => `  if (col + ${p} < side) { m[to + ${p} * vectors * IMAGES] = y[${p}]; }`)}`;
}

const NODE_FIELDS = ["y0", "side", "vectors", "count"] as const;

const nodeShader = shader({
  name: "node",
  fields: NODE_FIELDS,
  globals: TERM_VALUE + MIXING,
  body: `${PLACE}
  var y = Four();
  for (var t = 0; t < count; t++) {
    let record = a[${fieldVectors(NODE_FIELDS) + 1} + 2 * t];
    let value = term(a[${fieldVectors(NODE_FIELDS)} + 2 * t], record.x, side, row, col, v, b);
    let weight = mixing_weight(record.y);
${unroll(PIXELS, (p) => `    y[${p}] += weight * value[${p}];`)}
  }
${store("y0")}`,
});

const REDUCE_FIELDS = ["dy", "side", "vectors", "totals"] as const;

const nodeReduceShader = shader({
  name: "nodeReduce",
  fields: REDUCE_FIELDS,
  size: REDUCERS,
  globals: TERM_VALUE + meeting(1),
  // The first workgroup of a vector takes the totals, the others take one term each.
  body: `
  let v = group.x;
  let t = group.y - 1;
  let origin = a[${fieldVectors(REDUCE_FIELDS)} + 2 * max(t, 0)];
  let record = a[${fieldVectors(REDUCE_FIELDS)} + 1 + 2 * max(t, 0)];
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  var sum = vec4f();
  for (var i = lane; i < side * tiles * IMAGES; i += ${REDUCERS}) {
    let b = i % IMAGES;
    if (b >= BATCH) { continue; }
    let row = i / IMAGES / tiles;
    let col = i / IMAGES % tiles * ${PIXELS};
    let at = dy + ((row * side + col) * vectors + v) * IMAGES + b;
    var value = Four(vec4f(1), vec4f(1), vec4f(1), vec4f(1));
    if (t >= 0) { value = term(origin, record.x, side, row, col, v, b); }
${unroll(PIXELS, (p) => `    sum += select(vec4f(), m[at + ${p} * vectors * IMAGES] * value[${p}], col + ${p} < side);`)}
  }
${meet(["sum"], "    m[select(record.z, totals, t < 0) + v] = sum;")}`,
});

const MAP_FIELDS = ["dy", "side", "vectors", "totals"] as const;

const nodeMapShader = shader({
  name: "nodeMap",
  fields: MAP_FIELDS,
  globals: MIXING,
  body: `
  let v = id.y;
  let origin = a[${fieldVectors(MAP_FIELDS)} + 2 * id.z];
  let record = a[${fieldVectors(MAP_FIELDS) + 1} + 2 * id.z];
  let n = f32(side * side * BATCH);
  let mean = m[record.x + 2 * v];
  let inverse = m[record.x + 2 * v + 1];
  let factor = mixing_weight(record.y) * inverse;
  let total = m[totals + v] / n;
  let product = m[record.z + v] / n * inverse;
  let constant = mean * product - total;
  let b = id.x % IMAGES;
  let first = id.x / IMAGES * ${PIXELS};
  for (var p = first; p < min(first + ${PIXELS}, side * side); p++) {
    let at = origin.y + (p * origin.z + origin.w + v) * IMAGES + b;
    m[at] = factor * (m[dy + (p * vectors + v) * IMAGES + b] - product * m[at] + constant);
  }`,
});

const SPREAD = ["dx", "side", "vectors", "count"] as const;

const spreadShader = shader({
  name: "spread",
  fields: SPREAD,
  globals: WINDOW + MIXING,
  body: `${PLACE}
  var y = Four();
  let pixel = vectors * IMAGES;
  for (var t = 0; t < count; t++) {
    let record = a[${fieldVectors(SPREAD)} + t];
    let weight = mixing_weight(record.z);
    let source = record.y + v * IMAGES + b;
    if (record.x == ${TERM.average}) {
      let value = window(source, pixel, side, row, col, true);
${unroll(PIXELS, (p) => `      y[${p}] += weight * value[${p}];`)}
    } else {
      let at = source + (row * side + col) * pixel;
${unroll(PIXELS, (p) => `      y[${p}] += weight * m[at + ${p} * pixel];`)}
    }
  }
${store("dx")}`,
});

/** Images and slices of the sum of one workgroup of `examples`. */
const EXAMPLES = 16;
const SLICES = 16;

const EXAMPLE_FIELDS = ["dy", "side", "vectors", "mixing", "out", "add"] as const;

const examplesShader = shader({
  name: "examples",
  fields: EXAMPLE_FIELDS,
  size: EXAMPLES * SLICES,
  globals: `${TERM_VALUE}
var<workgroup> met: array<f32, ${EXAMPLES * SLICES}>;`,
  body: `
  let origin = a[${fieldVectors(EXAMPLE_FIELDS)} + 2 * group.y];
  let record = a[${fieldVectors(EXAMPLE_FIELDS)} + 1 + 2 * group.y];
  let b = group.x * ${EXAMPLES} + lane % ${EXAMPLES};
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  var sum = 0.0;
  if (b < IMAGES) {
    for (var i = lane / ${EXAMPLES}; i < side * tiles * vectors; i += ${SLICES}) {
      let v = i % vectors;
      let row = i / vectors / tiles;
      let col = i / vectors % tiles * ${PIXELS};
      let at = dy + ((row * side + col) * vectors + v) * IMAGES + b;
      let value = term(origin, record.x, side, row, col, v, b);
${unroll(PIXELS, (p) => `      sum += select(0.0, dot(m[at + ${p} * vectors * IMAGES], value[${p}]), col + ${p} < side);`)}
    }
  }
  met[lane] = sum;
  workgroupBarrier();
  if (lane < ${EXAMPLES} && b < IMAGES) {
    for (var s = 1; s < ${SLICES}; s++) { sum += met[s * ${EXAMPLES} + lane]; }
    let to = out + (record.y - mixing) * IMAGES + b;
    if (add != 0) { sum += m[to >> 2][to & 3]; }
    m[to >> 2][to & 3] = sum;
  }`,
});

function records(entry: Entry): number[] {
  return termsOf(entry, TERM_FIELDS).flatMap((term) => [
    term.kind,
    vector(term.source),
    term.sourceVectors,
    term.first,
    Math.max(0, vector(term.stats)),
    term.weight,
    Math.max(0, vector(term.sums)),
    0,
  ]);
}

function tileGroups(side: number, vectors: number, images: number): [number, number, number] {
  return [Math.ceil((side * Math.ceil(side / PIXELS) * images) / LANES), vectors, 1];
}

export function node(a: Arguments<"node">, images: number, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const list = records(entry);
  const values = { y0: vector(a.y), side, vectors, count: list.length / 8 };
  return dispatch(nodeShader, values, tileGroups(side, vectors, images), list);
}

export function nodeReduce(a: Arguments<"nodeReduce">, _images: number, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const list = records(entry);
  const values = { dy: vector(a.dy), side, vectors, totals: vector(a.totals) };
  return dispatch(nodeReduceShader, values, [vectors, 1 + list.length / 8, 1], list);
}

export function nodeMap(a: Arguments<"nodeMap">, images: number, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const list = records(entry);
  const values = { dy: vector(a.dy), side, vectors, totals: vector(a.totals) };
  const groups = Math.ceil((Math.ceil((side * side) / PIXELS) * images) / LANES);
  return dispatch(nodeMapShader, values, [groups, vectors, list.length / 8], list);
}

export function spread(a: Arguments<"spread">, images: number, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const list = termsOf(entry, SPREAD_FIELDS).flatMap(({ kind, dy, weight }) => [kind, vector(dy), weight, 0]);
  const values = { dx: vector(a.dx), side, vectors, count: list.length / 4 };
  return dispatch(spreadShader, values, tileGroups(side, vectors, images), list);
}

export function examples(a: Arguments<"examples">, images: number, entry: Entry): Dispatch {
  const { side, vectors, mixing, out, add } = a;
  const list = records(entry);
  const values = { dy: vector(a.dy), side, vectors, mixing, out, add };
  return dispatch(examplesShader, values, [Math.ceil(images / EXAMPLES), list.length / 8, 1], list);
}
