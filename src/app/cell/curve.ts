import type { Point } from "../charts/path";

/** Pieces along an edge's centre line. */
const SAMPLES = 28;

export interface EdgeCurve {
  readonly points: readonly Point[];
  /** Unit normals at the points, to the left of the direction of travel. */
  readonly normals: readonly Point[];
}

/** A quadratic Bézier curve from `a` to `c` with the control point `b`. */
export function quadratic(a: Point, b: Point, c: Point): EdgeCurve {
  const points: Point[] = [];
  const normals: Point[] = [];
  for (let i = 0; i <= SAMPLES; i++) {
    const t = i / SAMPLES;
    const mix = (k: 0 | 1) => (1 - t) ** 2 * a[k] + 2 * t * (1 - t) * b[k] + t ** 2 * c[k];
    const slope = (k: 0 | 1) => 2 * (1 - t) * (b[k] - a[k]) + 2 * t * (c[k] - b[k]);
    const [dx, dy] = [slope(0), slope(1)];
    const length = Math.hypot(dx, dy) || 1;
    points.push([mix(0), mix(1)]);
    normals.push([dy / length, -dx / length]);
  }
  return { points, normals };
}

/** The centre line moved sideways by `offset` px, and bowed by `bow` px more at its middle. */
export function strandPoints({ points, normals }: EdgeCurve, offset: number, bow: number): Point[] {
  return points.map(([x, y], i) => {
    const aside = offset + bow * Math.sin((Math.PI * i) / SAMPLES);
    return [x + aside * normals[i][0], y + aside * normals[i][1]];
  });
}
