import { LEAF } from "../core/nasbench101-figures";
import type { RandomStream } from "../core/random";

/** How trees are grown (Friedman, "Stochastic gradient boosting", 2002; leaf by leaf, on histograms, as LightGBM does). */
export interface Boosting {
  readonly trees: number;
  readonly leaves: number;
  /** Rows that a leaf holds at least. */
  readonly leafRows: number;
  /** Share of its fitted value that a leaf adds. */
  readonly rate: number;
  /** Share of the rows and of the columns that a tree sees. */
  readonly rowShare: number;
  readonly columnShare: number;
  /** Added to the row count where a leaf's mean is taken. */
  readonly shrinkage: number;
}

/** A column, with its values replaced by their places between the candidate thresholds. */
interface Column {
  readonly feature: number;
  readonly thresholds: readonly number[];
  readonly bins: Uint8Array;
}

interface Split {
  readonly gain: number;
  readonly column: Column;
  readonly bin: number;
}

interface Node {
  readonly rows: Int32Array;
  readonly sum: number;
  readonly best: Split | undefined;
  split?: { readonly column: Column; readonly bin: number; readonly smaller: Node; readonly larger: Node };
}

/** Trees in preorder, the branch for smaller values first; `value` the threshold or what a leaf adds. */
export interface Fitted {
  readonly start: number;
  readonly feature: number[];
  readonly value: number[];
}

const MOST_BINS = 64;

/** Fits trees that predict `targets` from `rows` of features, all of one length, by least squares. Deterministic in `random`. */
export function boost(
  rows: readonly Float64Array[],
  targets: readonly number[],
  settings: Boosting,
  random: RandomStream,
): Fitted {
  const columns = Array.from(rows[0], (_, feature) => column(rows, feature, settings.leafRows)).filter(
    ({ thresholds }) => thresholds.length > 0,
  );
  const start = Math.fround(targets.reduce((sum, target) => sum + target, 0) / targets.length);
  const residual = Float64Array.from(targets, (target) => target - start);
  const fitted: Fitted = { start, feature: [], value: [] };
  for (let tree = 0; tree < settings.trees; tree++) {
    const seen = Int32Array.from(residual.keys()).filter(() => random.uniform() < settings.rowShare);
    const used = columns.filter(() => random.uniform() < settings.columnShare);
    const root = grow(seen, used, residual, settings);
    const adds = (node: Node) => Math.fround((settings.rate * node.sum) / (node.rows.length + settings.shrinkage));
    write(root, fitted, adds);
    for (let row = 0; row < residual.length; row++) {
      let node = root;
      while (node.split) node = node.split.column.bins[row] <= node.split.bin ? node.split.smaller : node.split.larger;
      residual[row] -= adds(node);
    }
  }
  return fitted;
}

/** Thresholds half-way between values that differ, at quantiles where there are many; none that leaves a side too few rows. */
function column(rows: readonly Float64Array[], feature: number, leafRows: number): Column {
  const values = Float64Array.from(rows, (row) => row[feature]);
  const sorted = values.slice().sort();
  const places = Array.from({ length: MOST_BINS - 1 }, (_, i) => Math.floor(((i + 1) * sorted.length) / MOST_BINS));
  const distinct = [...new Set(sorted)];
  const above = distinct.length <= MOST_BINS ? distinct.slice(1) : [...new Set(places.map((place) => sorted[place]))];
  const thresholds = above
    .map((value) => ({ value, smaller: lowerBound(sorted, value) }))
    .filter(({ smaller }) => smaller >= leafRows && sorted.length - smaller >= leafRows)
    .map(({ value, smaller }) => Math.fround((value + sorted[smaller - 1]) / 2));
  return { feature, thresholds, bins: Uint8Array.from(values, (value) => lowerBound(thresholds, value)) };
}

/** How many of the ascending values are below one. */
function lowerBound(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Splits the leaf that gains most, until there are enough leaves. */
function grow(seen: Int32Array, columns: readonly Column[], residual: Float64Array, settings: Boosting): Node {
  const node = (rows: Int32Array): Node => {
    const sum = rows.reduce((total, row) => total + residual[row], 0);
    return { rows, sum, best: bestSplit(rows, sum, columns, residual, settings) };
  };
  const root = node(seen);
  const leaves = [root];
  while (leaves.length < settings.leaves) {
    const top = leaves.reduce((best, leaf) => ((leaf.best?.gain ?? 0) > (best.best?.gain ?? 0) ? leaf : best));
    if (!top.best) break;
    const { column, bin } = top.best;
    const smaller = node(top.rows.filter((row) => column.bins[row] <= bin));
    const larger = node(top.rows.filter((row) => column.bins[row] > bin));
    top.split = { column, bin, smaller, larger };
    leaves.splice(leaves.indexOf(top), 1, smaller, larger);
  }
  return root;
}

/** The split that lowers the squared error most. */
function bestSplit(
  rows: Int32Array,
  sum: number,
  columns: readonly Column[],
  residual: Float64Array,
  { leafRows, shrinkage }: Boosting,
): Split | undefined {
  const worth = (total: number, count: number) => (total * total) / (count + shrinkage);
  const whole = worth(sum, rows.length);
  const sums = new Float64Array(MOST_BINS);
  const counts = new Int32Array(MOST_BINS);
  let best: Split | undefined;
  if (rows.length < 2 * leafRows) return best;
  for (const column of columns) {
    const { bins, thresholds } = column;
    sums.fill(0);
    counts.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      sums[bins[row]] += residual[row];
      counts[bins[row]]++;
    }
    let smallerSum = 0;
    let smaller = 0;
    for (let bin = 0; bin < thresholds.length; bin++) {
      smallerSum += sums[bin];
      smaller += counts[bin];
      if (smaller < leafRows || rows.length - smaller < leafRows) continue;
      const gain = worth(smallerSum, smaller) + worth(sum - smallerSum, rows.length - smaller) - whole;
      if (gain > (best?.gain ?? 1e-12)) best = { gain, column, bin };
    }
  }
  return best;
}

function write(node: Node, fitted: Fitted, adds: (leaf: Node) => number): void {
  fitted.feature.push(node.split ? node.split.column.feature : LEAF);
  fitted.value.push(node.split ? node.split.column.thresholds[node.split.bin] : adds(node));
  if (!node.split) return;
  write(node.split.smaller, fitted, adds);
  write(node.split.larger, fitted, adds);
}

/** What the file of an estimate holds compressed. */
export function fileBody({ start, feature, value }: Fitted): Buffer {
  const body = Buffer.alloc(4 + 6 * feature.length);
  body.writeFloatLE(start, 0);
  for (let i = 0; i < feature.length; i++) {
    body.writeUInt16LE(feature[i], 4 + 2 * i);
    body.writeFloatLE(value[i], 4 + 2 * feature.length + 4 * i);
  }
  return body;
}
