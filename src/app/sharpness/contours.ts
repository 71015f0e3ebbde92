import type { LossSlice } from "../../worker/protocol";
import { type Point, polyline } from "../charts/path";
import { niceTicks } from "../charts/scale";

/** About so many contours. */
const LEVELS = 12;

/** A square of values, row by row. */
export interface Grid {
  readonly side: number;
  readonly values: Float64Array;
}

/** A slice drawn finer by cubic curves through its points (Catmull and Rom 1974), rows first, then columns. */
export function finer({ side, losses }: LossSlice, wanted: number): Grid {
  const rows = Array.from({ length: side }, (_, row) => spline(losses.subarray(row * side, (row + 1) * side), wanted));
  const values = new Float64Array(wanted * wanted);
  for (let column = 0; column < wanted; column++) {
    const along = spline(
      rows.map((row) => row[column]),
      wanted,
    );
    for (let row = 0; row < wanted; row++) values[row * wanted + column] = along[row];
  }
  return { side: wanted, values };
}

function spline(points: ArrayLike<number>, wanted: number): Float64Array {
  const last = points.length - 1;
  // Beyond its ends a line goes on as it ends.
  const at = (i: number) =>
    i < 0 ? 2 * points[0] - points[1] : i > last ? 2 * points[last] - points[last - 1] : points[i];
  return Float64Array.from({ length: wanted }, (_, k) => {
    const place = (k * last) / (wanted - 1);
    const i = Math.min(last - 1, Math.floor(place));
    const t = place - i;
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  });
}

/** Round values between the smallest and the largest. */
export function levelsOf({ values }: Grid): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return niceTicks(low, high, LEVELS).filter((level) => level > low && level < high);
}

/**
 * SVG path of the lines on which a grid has a value: marching squares. Coordinates go from 0 to `size` both ways.
 */
export function contour({ side, values }: Grid, level: number, size: number): string {
  const cell = size / (side - 1);
  let path = "";
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const corners: readonly (readonly [number, number])[] = [
        [column, row],
        [column + 1, row],
        [column + 1, row + 1],
        [column, row + 1],
      ];
      const crossings = corners.flatMap(([x, y], i): Point[] => {
        const [x2, y2] = corners[(i + 1) % 4];
        const [from, to] = [values[y * side + x], values[y2 * side + x2]];
        if (from < level === to < level) return [];
        const t = (level - from) / (to - from);
        return [[cell * (x + t * (x2 - x)), cell * (y + t * (y2 - y))]];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) path += polyline([crossings[i], crossings[i + 1]]);
    }
  }
  return path;
}

/** Value of a slice at a place from 0 to 1 both ways, between its four nearest points. */
export function valueAt({ side, values }: Grid, across: number, down: number): number {
  const [x, y] = [across * (side - 1), down * (side - 1)];
  const [column, row] = [Math.min(side - 2, Math.floor(x)), Math.min(side - 2, Math.floor(y))];
  const [s, t] = [x - column, y - row];
  const at = (i: number, j: number) => values[i * side + j];
  const upper = at(row, column) * (1 - s) + at(row, column + 1) * s;
  return upper * (1 - t) + (at(row + 1, column) * (1 - s) + at(row + 1, column + 1) * s) * t;
}

/** Fills a canvas with the band between two levels that each pixel is in. @param colours one more than levels, red, green and blue each */
export function paintBands(
  canvas: HTMLCanvasElement,
  slice: LossSlice,
  levels: readonly number[],
  colours: readonly (readonly number[])[],
): void {
  const context = canvas.getContext("2d");
  const side = canvas.width;
  if (!context || side === 0) return;
  const { values } = finer(slice, side);
  const image = context.createImageData(side, side);
  for (let i = 0; i < values.length; i++) {
    let band = 0;
    while (band < levels.length && values[i] >= levels[band]) band++;
    const [red, green, blue] = colours[band];
    image.data.set([red, green, blue, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
