import { type Arguments, type Entry, SPREAD_FIELDS, TERM, TERM_FIELDS, type Term, termsOf } from "../../plan/kernels";
import { type Dispatch, dispatch, fieldVectors, LANES, shader, unroll, vector } from "../shader";
import { type Context, partialsOf } from "./context";
import { both, collected } from "./reduce";
import { MIXING, PIXELS, PLACE, store, WINDOW } from "./tile";

/** Forward and backward maps of a cell's nodes. */

/** An average, with the identity of the same tensor where there is one: they share their loads. */
export interface Pair<T> {
  readonly average: T;
  readonly identity?: T;
}

/** Averages of different tensors, each with an identity that covers them whole, and the identities that are left. */
export function paired<T extends { readonly kind: number }>(
  terms: readonly T[],
  tensorOf: (term: T) => number,
): { pairs: Pair<T>[]; plain: T[] } {
  const plain = terms.filter(({ kind }) => kind === TERM.identity);
  const pairs = terms.flatMap((average) => {
    if (average.kind !== TERM.average) return [];
    const own = plain.findIndex((term) => tensorOf(term) === tensorOf(average));
    return [{ average, identity: own < 0 ? undefined : plain.splice(own, 1)[0] }];
  });
  return { pairs, plain };
}

/** The terms of a node: pairs, other identities, and what is normalised. */
export function grouped(entry: Entry): { pairs: Pair<Term>[]; plain: Term[]; normalised: Term[] } {
  const terms: Term[] = termsOf(entry, TERM_FIELDS);
  return {
    ...paired(terms, ({ source }) => source),
    normalised: terms.filter(({ kind }) => kind === TERM.normalised),
  };
}

/** Place of what is vector 0 of a term for the sum, in vectors, and the range in which it is there. */
export function ranged(offset: number, { first, to, count }: Ranged, images: number) {
  return { at: vector(offset) + (first - to) * images, from: to, end: to + count };
}

type Ranged = Pick<Term, "first" | "to" | "count">;

/** Adds identities to y: two vectors each from `records` on, tensor, its vectors, weight, 0; first and last vector, 0, 0. */
const addPlain = (records: string) => `
  for (var t = 0; t < plain; t++) {
    let record = a[${records} + 2 * t];
    let range = a[${records} + 2 * t + 1];
    if (v < range.x || v >= range.y) { continue; }
    let pixel = record.y * IMAGES;
    let at = record.x + (row * side + col) * pixel + v * IMAGES + b;
    let weight = mixing_weight(record.z);
${unroll(PIXELS, (p) => `    y[${p}] += weight * m[at + ${p} * pixel];`)}
  }`;

function plainRecord(place: ReturnType<typeof ranged>, vectors: number, weight: number): number[] {
  return [place.at, vectors, weight, 0, place.from, place.end, 0, 0];
}

const NODE_FIELDS = ["y0", "side", "vectors", "pairs", "normalised", "plain"] as const;
const NODE_RECORDS = fieldVectors(NODE_FIELDS);

const nodeShader = shader({
  name: "node",
  fields: NODE_FIELDS,
  globals: WINDOW + MIXING,
  body: `${PLACE}
  var y = Four();
  for (var t = 0; t < pairs; t++) {
    let record = a[${NODE_RECORDS} + t];
    let own = window(record.x + v * IMAGES + b, record.y * IMAGES, side, row, col, false);
    let identity = mixing_weight(record.z);
    let average = mixing_weight(record.w);
${unroll(PIXELS, (p) => `    y[${p}] += identity * own.centre[${p}] + average * own.mean[${p}];`)}
  }
  for (var t = 0; t < normalised; t++) {
    let record = a[${NODE_RECORDS} + pairs + t];
    let pixel = record.y * IMAGES;
    let at = record.x + (row * side + col) * pixel + v * IMAGES + b;
    let factor = mixing_weight(record.w) * m[record.z + 2 * v + 1];
    let mean = m[record.z + 2 * v];
${unroll(PIXELS, (p) => `    y[${p}] += factor * (m[at + ${p} * pixel] - mean);`)}
  }
${addPlain(`${NODE_RECORDS} + pairs + normalised`)}
${store("y0")}`,
});

const MAP_FIELDS = ["dy", "side", "vectors", "totals"] as const;

/** Pixels that one invocation of `nodeMap` takes: each of them adds partial sums up anew. */
const MAP_PIXELS = 16;

const nodeMapShader = both((reducing) =>
  shader({
    name: `nodeMap${reducing.meets ? ", meeting" : ""}`,
    fields: MAP_FIELDS,
    globals: MIXING + collected(reducing),
    body: `
  let v = id.y;
  let origin = a[${fieldVectors(MAP_FIELDS)} + 2 * id.z];
  let record = a[${fieldVectors(MAP_FIELDS) + 1} + 2 * id.z];
  let n = f32(side * side * BATCH);
  let mean = m[origin.z + 2 * v];
  let inverse = m[origin.z + 2 * v + 1];
  let factor = mixing_weight(record.x) * inverse;
  let total = collected(totals + v * ${reducing.partials}) / n;
  let product = collected(record.y + v * ${reducing.partials}) / n * inverse;
  let constant = mean * product - total;
  let b = id.x % IMAGES;
  let first = id.x / IMAGES * ${MAP_PIXELS};
  for (var p = first; p < min(first + ${MAP_PIXELS}, side * side); p++) {
    let at = origin.x + (p * origin.y + v) * IMAGES + b;
    m[at] = factor * (m[dy + (p * vectors + v) * IMAGES + b] - product * m[at] + constant);
  }`,
  }),
);

const SPREAD = ["dx", "side", "vectors", "pairs", "plain", "mask"] as const;
const SPREAD_RECORDS = fieldVectors(SPREAD);

const spreadShader = shader({
  name: "spread",
  fields: SPREAD,
  globals: WINDOW + MIXING,
  body: `${PLACE}
  var y = Four();
  for (var t = 0; t < pairs; t++) {
    let record = a[${SPREAD_RECORDS} + t];
    let own = window(record.x + v * IMAGES + b, record.w * IMAGES, side, row, col, true);
    let identity = mixing_weight(record.y);
    let average = mixing_weight(record.z);
${unroll(PIXELS, (p) => `    y[${p}] += identity * own.centre[${p}] + average * own.mean[${p}];`)}
  }
${addPlain(`${SPREAD_RECORDS} + pairs`)}
  if (mask >= 0) {
    let at = mask + ((row * side + col) * vectors + v) * IMAGES + b;
${unroll(PIXELS, (p) => `    y[${p}] = select(vec4f(), y[${p}], m[at + ${p} * vectors * IMAGES] > vec4f());`)}
  }
${store("dx")}`,
});

function tileGroups(side: number, vectors: number, images: number): [number, number, number] {
  return [Math.ceil((side * Math.ceil(side / PIXELS) * images) / LANES), vectors, 1];
}

export function node(a: Arguments<"node">, { images }: Context, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const { pairs, plain, normalised } = grouped(entry);
  const records = [
    ...pairs.flatMap(({ average, identity }) => [
      vector(average.source),
      average.sourceVectors,
      identity?.weight ?? -1,
      average.weight,
    ]),
    ...normalised.flatMap((t) => [vector(t.source) + t.first * images, t.sourceVectors, vector(t.stats), t.weight]),
    ...plain.flatMap((t) => plainRecord(ranged(t.source, t, images), t.sourceVectors, t.weight)),
  ];
  const counts = { pairs: pairs.length, normalised: normalised.length, plain: plain.length };
  const values = { y0: vector(a.y), side, vectors, ...counts };
  return dispatch(nodeShader, values, tileGroups(side, vectors, images), records);
}

export function nodeMap(a: Arguments<"nodeMap">, c: Context, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const { images, reducing } = c;
  const terms = termsOf(entry, TERM_FIELDS);
  const records = terms.flatMap((t) => [
    vector(t.source) + t.first * images,
    t.sourceVectors,
    vector(t.stats),
    0,
    t.weight,
    partialsOf(c, t.sums),
    0,
    0,
  ]);
  const values = { dy: vector(a.dy), side, vectors, totals: partialsOf(c, a.totals) };
  const groups = Math.ceil((Math.ceil((side * side) / MAP_PIXELS) * images) / LANES);
  return dispatch(nodeMapShader(reducing), values, [groups, vectors, terms.length], records);
}

export function spread(a: Arguments<"spread">, { images }: Context, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const { pairs, plain } = paired(termsOf(entry, SPREAD_FIELDS), ({ dy }) => dy);
  const records = [
    ...pairs.flatMap(({ average, identity }) => [
      vector(average.dy),
      identity?.weight ?? -1,
      average.weight,
      average.dyVectors,
    ]),
    ...plain.flatMap((t) => plainRecord(ranged(t.dy, t, images), t.dyVectors, t.weight)),
  ];
  const counts = { pairs: pairs.length, plain: plain.length };
  const values = { dx: vector(a.dx), side, vectors, ...counts, mask: vector(a.mask) };
  return dispatch(spreadShader, values, tileGroups(side, vectors, images), records);
}
