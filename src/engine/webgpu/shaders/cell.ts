import { type Arguments, type Entry, SPREAD_FIELDS, TERM, TERM_FIELDS, type Term, termsOf } from "../../plan/kernels";
import { type Dispatch, dispatch, fieldVectors, LANES, shader, unroll, vector } from "../shader";
import { type Context, partialsOf } from "./context";
import { both, collected } from "./reduce";
import { MIXING, PIXELS, PLACE, store, WINDOW } from "./tile";

/** Forward and backward maps of a cell's nodes. */

/** Terms of the kinds identity and average that read the same tensor, at most one of each. */
export interface Pair<T> {
  readonly tensor: number;
  identity?: T;
  average?: T;
}

export function paired<T extends { readonly kind: number }>(
  terms: readonly T[],
  tensorOf: (term: T) => number,
): Pair<T>[] {
  const pairs: Pair<T>[] = [];
  for (const term of terms) {
    if (term.kind === TERM.normalised) continue;
    const role = term.kind === TERM.identity ? "identity" : "average";
    let pair = pairs.find((other) => other.tensor === tensorOf(term) && other[role] === undefined);
    if (!pair) {
      pair = { tensor: tensorOf(term) };
      pairs.push(pair);
    }
    pair[role] = term;
  }
  return pairs;
}

/** The terms of a node: pairs that read another node, and what is normalised. All nodes of a cell have the same number of vectors. */
export function grouped(entry: Entry): { pairs: Pair<Term>[]; normalised: Term[] } {
  const terms: Term[] = termsOf(entry, TERM_FIELDS);
  return {
    pairs: paired(terms, ({ source }) => source),
    normalised: terms.filter(({ kind }) => kind === TERM.normalised),
  };
}

const NODE_FIELDS = ["y0", "side", "vectors", "pairs", "normalised"] as const;
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

const SPREAD = ["dx", "side", "vectors", "count"] as const;

const spreadShader = shader({
  name: "spread",
  fields: SPREAD,
  globals: WINDOW + MIXING,
  body: `${PLACE}
  var y = Four();
  for (var t = 0; t < count; t++) {
    let record = a[${fieldVectors(SPREAD)} + t];
    let own = window(record.x + v * IMAGES + b, vectors * IMAGES, side, row, col, true);
    let identity = mixing_weight(record.y);
    let average = mixing_weight(record.z);
${unroll(PIXELS, (p) => `    y[${p}] += identity * own.centre[${p}] + average * own.mean[${p}];`)}
  }
${store("dx")}`,
});

function tileGroups(side: number, vectors: number, images: number): [number, number, number] {
  return [Math.ceil((side * Math.ceil(side / PIXELS) * images) / LANES), vectors, 1];
}

export function node(a: Arguments<"node">, { images }: Context, entry: Entry): Dispatch {
  const { side, vectors } = a;
  const { pairs, normalised } = grouped(entry);
  const records = [
    ...pairs.flatMap((p) => [vector(p.tensor), vectors, p.identity?.weight ?? -1, p.average?.weight ?? -1]),
    ...normalised.flatMap((t) => [vector(t.source) + t.first * images, t.sourceVectors, vector(t.stats), t.weight]),
  ];
  const values = { y0: vector(a.y), side, vectors, pairs: pairs.length, normalised: normalised.length };
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
  const terms = termsOf(entry, SPREAD_FIELDS);
  const pairs = paired(terms, ({ dy }) => dy);
  const records = pairs.flatMap((p) => [vector(p.tensor), p.identity?.weight ?? -1, p.average?.weight ?? -1, 0]);
  const values = { dx: vector(a.dx), side, vectors, count: pairs.length };
  return dispatch(spreadShader, values, tileGroups(side, vectors, images), records);
}
