import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { ascending, massInBins, type Summary, summarise } from "../../core/cell-distribution";
import { CELLS } from "../../core/nasbench201";
import { linear } from "../charts/scale";

/** Room beside the picture of the cells, px: the accuracies, the two distributions, the parameters. */
export const MARGIN = { left: 26, right: 74, top: 17, bottom: 19 } as const;
/** Between the picture and the distributions, px. */
export const GAP = 8;
/** Height of a bar of the distributions, px. */
export const BAR = 3;

/** All cells laid out: parameters to the right, accuracy up, px. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly accuracy: Float32Array;
  /** Cells from the least accurate to the most. */
  readonly order: Uint16Array;
  /** Where each cell stands, in the order of `cellCode`. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly acrossOf: (parameters: number) => number;
  readonly upOf: (accuracy: number) => number;
  readonly ticks: readonly number[];
  /** The bar of every cell, from the top, and how many bars there are. */
  readonly bars: Uint8Array;
  readonly barCount: number;
  /** Share of all cells in every bar. */
  readonly space: Float64Array;
  readonly summary: Summary;
}

const ALIKE = new Float64Array(CELLS).fill(1 / CELLS);
const ROUND = [94, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0];

/**
 * The vertical axis is the logarithm of the error: good cells are many and differ by tenths of a point, bad ones are few and differ by
 * tens. So is the horizontal one, of the parameters: they have 28 values, one for each number of convolutions of either kind. Cells that
 * have as many stand side by side at random, always in the same places.
 */
export function planeOf(benchmark: Benchmark, set: BenchmarkSet, width: number, height: number): Plane {
  const accuracy = benchmark.testAccuracy(set);
  const order = ascending(accuracy);
  const parameters = benchmark.parameters();
  const [worst, best] = [accuracy[order[0]], accuracy[order[CELLS - 1]]];
  const bottom = height - MARGIN.bottom;
  const log = linear(Math.log(0.98 * (100 - best)), Math.log(100 - worst), MARGIN.top, bottom);
  const upOf = (value: number) => log(Math.log(100 - value));
  const values = [...new Set(parameters)].sort((a, b) => a - b);
  const [least, most] = [values[0], values[values.length - 1]];
  const logAcross = linear(Math.log(least), Math.log(most), MARGIN.left + 9, width - MARGIN.right - 4);
  const acrossOf = (value: number) => logAcross(Math.log(value));
  const at = values.map(acrossOf);
  const columns = new Map(values.map((value, i) => [value, { at: at[i], width: columnWidth(at, i) }]));
  const x = new Float32Array(CELLS);
  const y = new Float32Array(CELLS);
  const barCount = Math.max(1, Math.min(255, Math.floor((bottom - MARGIN.top) / BAR)));
  const bars = new Uint8Array(CELLS);
  for (let code = 0; code < CELLS; code++) {
    const column = columns.get(parameters[code]) as { at: number; width: number };
    x[code] = column.at + column.width * (aside(code) - 0.5);
    y[code] = upOf(accuracy[code]);
    bars[code] = Math.min(barCount - 1, Math.max(0, Math.floor((y[code] - MARGIN.top) / BAR)));
  }
  const ticks: number[] = [];
  for (const tick of ROUND) {
    const last = ticks.at(-1);
    const clear = last === undefined || upOf(tick) - upOf(last) >= 16;
    if (tick < best && tick >= worst - 2 && clear) ticks.push(tick);
  }
  const summary = summarise(accuracy, ALIKE, order);
  const space = massInBins(bars, ALIKE, barCount);
  return { width, height, accuracy, order, x, y, acrossOf, upOf, ticks, bars, barCount, space, summary };
}

/** The cell that stands nearest to a point, px. */
export function nearestCell({ x, y }: Pick<Plane, "x" | "y">, atX: number, atY: number): number {
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let code = 0; code < x.length; code++) {
    const distance = (x[code] - atX) ** 2 + (y[code] - atY) ** 2;
    if (distance < least) [least, nearest] = [distance, code];
  }
  return nearest;
}

/** Most and least width of a column of cells, px. */
const WIDEST = 15;
const NARROWEST = 1.5;

/** A column reaches most of the way to the nearer of its neighbours. */
function columnWidth(at: readonly number[], i: number): number {
  const gap = Math.min(
    at[i] - (at[i - 1] ?? Number.NEGATIVE_INFINITY),
    (at[i + 1] ?? Number.POSITIVE_INFINITY) - at[i],
  );
  return Math.max(NARROWEST, Math.min(WIDEST, 0.8 * gap));
}

/** A number from 0 to 1 for every cell that has nothing to do with the cell: the bits of a multiplicative hash. */
function aside(code: number): number {
  return (Math.imul(code + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
}
