import { type Arguments, type Entry, KERNELS } from "../../plan/kernels";
import { type Dispatch, dispatch, fieldVectors, LANES, shader, unroll, vector } from "../shader";
import { grouped, ranged } from "./cell";
import { type Context, partialsOf } from "./context";
import { both, meeting, reduced } from "./reduce";
import { PIXELS, WINDOW } from "./tile";

/** Reductions of a node's gradient with its terms: for batch norm and for dL/dp, over the batch and image by image. */

/** Adds dy times pair or normalised term `record` (tensor, vectors, stats) up over a tile; see `tile` for what it needs. */
const WALKS = {
  pair: `
    let own = window(record.x + v * IMAGES + b, record.y * IMAGES, side, row, col, false);
${unroll(PIXELS, (p) => `    identity += g${p} * own.centre[${p}];`)}
${unroll(PIXELS, (p) => `    average += g${p} * own.mean[${p}];`)}`,
  plain: `
    let pixel = record.y * IMAGES;
    let at = record.x + (row * side + col) * pixel + v * IMAGES + b;
${unroll(PIXELS, (p) => `    identity += select(vec4f(), g${p} * m[at + ${p} * pixel], col + ${p} < side);`)}`,
  normalised: `
    let pixel = record.y * IMAGES;
    let at = record.x + (row * side + col) * pixel + v * IMAGES + b;
    let mean = m[record.z + 2 * v];
    let inverse = m[record.z + 2 * v + 1];
${unroll(PIXELS, (p) => `    identity += select(vec4f(), g${p} * ((m[at + ${p} * pixel] - mean) * inverse), col + ${p} < side);`)}`,
  totals: unroll(PIXELS, (p) => `    identity += g${p};`),
} as const;

/** Row, column and the gradients g0 to g3 of a tile. */
const TILE = `
    let row = place / tiles;
    let col = place % tiles * ${PIXELS};
    let dyAt = dy + ((row * side + col) * vectors + v) * IMAGES + b;
${unroll(PIXELS, (p) => `    let g${p} = select(vec4f(), m[dyAt + ${p} * vectors * IMAGES], col + ${p} < side);`)}`;

const REDUCE_FIELDS = ["dy", "side", "vectors", "totals", "pairs", "plain"] as const;

/** The first workgroup of a vector takes the totals, then every pair, other identity and normalised term has its own. */
const nodeReduceShader = both((reducing) => {
  const { lanes, partials } = reducing;
  const loop = (walk: string) => `
  for (var i = lane; i < side * tiles * IMAGES; i += ${lanes}) {
    let b = i % IMAGES;
    if (b >= BATCH) { continue; }
    let place = i / IMAGES;${TILE}
${walk}
  }`;
  return shader({
    name: `nodeReduce${reducing.meets ? ", meeting" : ""}`,
    fields: REDUCE_FIELDS,
    size: lanes,
    globals: WINDOW + meeting(reducing, 2),
    body: `
  let v = group.x;
  let t = group.y - 1;
  let record = a[${fieldVectors(REDUCE_FIELDS)} + 2 * max(t, 0)];
  let places = a[${fieldVectors(REDUCE_FIELDS) + 1} + 2 * max(t, 0)];
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  var identity = vec4f();
  var average = vec4f();
  if (t < 0) {${loop(WALKS.totals)}
  } else if (t < pairs) {${loop(WALKS.pair)}
  } else if (t < pairs + plain) {
    if (v >= record.z && v < record.w) {${loop(WALKS.plain)}
    }
  } else {${loop(WALKS.normalised)}
  }
${reduced(
  reducing,
  ["identity", "average"],
  `    let own = select(places.x, totals, t < 0);
    if (own >= 0) { m[own + v * ${partials} + part] = identity; }
    if (t >= 0 && places.y >= 0) { m[places.y + v * ${partials} + part] = average; }`,
)}`,
  });
});

/** Images and slices of the sum of one workgroup of `examples` where its invocations meet. */
const EXAMPLES = 16;
const SLICES = 16;

const EXAMPLE_FIELDS = ["dy", "side", "vectors", "add", "pairs", "plain"] as const;

const examplesShader = both(({ meets }) => {
  const slices = meets ? SLICES : 1;
  const loop = (walk: string, inside = "") => `
    for (var i = lane / ${EXAMPLES}; i < side * tiles * vectors; i += ${slices}) {
      let v = i % vectors;${inside}
      let place = i / vectors;${TILE}
${walk}
    }`;
  const leave = (value: string, to: string) => `
    if (${to} >= 0) {
      let to = ${to} + b;
      m[to >> 2][to & 3] = select(0.0, m[to >> 2][to & 3], add != 0) + ${value};
    }`;
  const meet = `
  met[lane] = vec2f(identities, averages);
  workgroupBarrier();
  if (lane < ${EXAMPLES}) {
    for (var s = 1; s < ${SLICES}; s++) {
      identities += met[s * ${EXAMPLES} + lane].x;
      averages += met[s * ${EXAMPLES} + lane].y;
    }
  }`;
  return shader({
    name: `examples${meets ? ", meeting" : ""}`,
    fields: EXAMPLE_FIELDS,
    size: EXAMPLES * slices,
    globals: WINDOW + (meets ? `var<workgroup> met: array<vec2f, ${EXAMPLES * SLICES}>;` : ""),
    body: `
  let record = a[${fieldVectors(EXAMPLE_FIELDS)} + 2 * group.y];
  let places = a[${fieldVectors(EXAMPLE_FIELDS) + 1} + 2 * group.y];
  let b = group.x * ${EXAMPLES} + lane % ${EXAMPLES};
  let tiles = (side + ${PIXELS - 1}) / ${PIXELS};
  var identity = vec4f();
  var average = vec4f();
  if (b < IMAGES) {
    if (group.y < pairs) {${loop(WALKS.pair)}
    } else if (group.y < pairs + plain) {${loop(
      WALKS.plain,
      `
      if (v < record.z || v >= record.w) { continue; }`,
    )}
    } else {${loop(WALKS.normalised)}
    }
  }
  var identities = dot(identity, vec4f(1.0));
  var averages = dot(average, vec4f(1.0));
${meets ? meet : ""}
  if (lane < ${EXAMPLES} && b < IMAGES) {${leave("identities", "places.x")}${leave("averages", "places.y")}
  }`,
  });
});

const GRADIENT_FIELDS = ["out", "size", "cells"] as const;

const mixingGradientShader = shader({
  name: "mixingGradient",
  fields: GRADIENT_FIELDS,
  // The lists follow the fields, one scalar after the other.
  globals: `fn listed(i: i32) -> i32 { return a[${fieldVectors(GRADIENT_FIELDS)} + (i >> 2)][i & 3]; }`,
  body: `
  let k = id.x;
  if (k >= size) { return; }
  var sum = vec4f();
  for (var cell = 0; cell < cells; cell++) {
    let count = listed(cell * (size + 1));
    let sums = listed(cell * (size + 1) + 1 + k);
    if (sums < 0) { continue; }
    for (var i = 0; i < count; i++) { sum += m[sums + i]; }
  }
  m[(out + k) >> 2][(out + k) & 3] = dot(sum, vec4f(1.0));`,
});

/**
 * Records of pairs, then of other identities, then of normalised terms: tensor, vectors, stats, 0 (for other identities the range of
 * vectors); the places of identity (or normalised) and average, 0, 0.
 */
function records(
  entry: Entry,
  images: number,
  place: (term: { sums: number; weight: number }) => number,
): { list: number[]; pairs: number; plain: number; count: number } {
  const { pairs, plain, normalised } = grouped(entry);
  const list = [
    ...pairs.flatMap(({ identity, average }) => [
      vector(average.source),
      average.sourceVectors,
      0,
      0,
      identity ? place(identity) : -1,
      place(average),
      0,
      0,
    ]),
    ...plain.flatMap((term) => {
      const { at, from, end } = ranged(term.source, term, images);
      return [at, term.sourceVectors, from, end, place(term), -1, 0, 0];
    }),
    ...normalised.flatMap((term) => [
      vector(term.source) + term.first * images,
      term.sourceVectors,
      vector(term.stats),
      0,
      place(term),
      -1,
      0,
      0,
    ]),
  ];
  return { list, pairs: pairs.length, plain: plain.length, count: pairs.length + plain.length + normalised.length };
}

export function nodeReduce(a: Arguments<"nodeReduce">, c: Context, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const take = (sums: number) => {
    const partials = c.take(vectors * c.reducing.partials);
    c.sums.set(sums, partials);
    return partials;
  };
  const totals = take(a.totals);
  const { list, pairs, plain, count } = records(entry, c.images, ({ sums }) => take(sums));
  const values = { dy: vector(a.dy), side, vectors, totals, pairs, plain };
  return dispatch(nodeReduceShader(c.reducing), values, [vectors, 1 + count, 1], list);
}

export function examples(a: Arguments<"examples">, { images, reducing }: Context, entry: Entry): Dispatch {
  const { side, vectors, mixing, out, add } = a;
  const { list, pairs, plain, count } = records(entry, images, ({ weight }) => out + (weight - mixing) * images);
  const values = { dy: vector(a.dy), side, vectors, add, pairs, plain };
  return dispatch(examplesShader(reducing), values, [Math.ceil(images / EXAMPLES), count, 1], list);
}

export function mixingGradient(a: Arguments<"mixingGradient">, c: Context, entry: Entry): Dispatch {
  const { size, cells } = a;
  const lists = entry.args.slice(KERNELS.mixingGradient.length).map((value, i) => {
    if (i % (size + 1) === 0) return value * c.reducing.partials;
    return value < 0 ? -1 : partialsOf(c, value);
  });
  while (lists.length % 4 > 0) lists.push(0);
  return dispatch(mixingGradientShader, { out: a.out, size, cells }, [Math.ceil(size / LANES), 1, 1], lists);
}
