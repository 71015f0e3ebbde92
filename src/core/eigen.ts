import type { RandomStream } from "./random";

/** The gradient of a function at x, as long as x. */
export type GradientOf = (x: Float64Array) => Promise<Float64Array>;

/** Up to so many variables the Hessian is measured whole; beyond, its products with vectors are. */
const WHOLE = 40;
/** Half of the distance between two gradients whose difference is a derivative; float32 engines drown a much smaller one. */
const STEP = 1e-2;
/** Products of the Hessian in one power iteration. */
const ITERATIONS = 20;

/**
 * The largest (most positive) eigenvalue of a function's Hessian, from its gradient by central differences. To 40 variables it is that of
 * the whole symmetrised Hessian, which takes two gradients a variable; beyond, power iteration comes near from below, in 40 gradients,
 * or 80 where a negative eigenvalue is larger in size: nearer, the further the next eigenvalue lies, measured by the largest in size.
 * @param noise draws where power iteration starts; not touched to 40 variables
 */
export async function largestCurvature(gradientOf: GradientOf, at: Float64Array, noise: RandomStream): Promise<number> {
  const along = async (direction: Float64Array) => {
    const step = STEP / Math.hypot(...direction);
    const above = await gradientOf(at.map((x, i) => x + step * direction[i]));
    const below = await gradientOf(at.map((x, i) => x - step * direction[i]));
    return above.map((g, i) => (g - below[i]) / (2 * step));
  };
  if (at.length > WHOLE) {
    const start = noise.normals(at.length);
    const dominant = await powerIteration(along, start);
    if (dominant >= 0) return dominant;
    const shifted = async (v: Float64Array) => (await along(v)).map((h, i) => h - dominant * v[i]);
    return (await powerIteration(shifted, start)) + dominant;
  }
  const rows: Float64Array[] = [];
  for (let i = 0; i < at.length; i++) rows.push(await along(Float64Array.from(at, (_, j) => (i === j ? 1 : 0))));
  return Math.max(...symmetricEigenvalues(rows));
}

/** The eigenvalue of largest size, by its Rayleigh quotient after some products. */
async function powerIteration(
  product: (v: Float64Array) => Promise<Float64Array>,
  start: Float64Array,
): Promise<number> {
  let vector = start;
  let quotient = 0;
  for (let k = 0; k < ITERATIONS; k++) {
    const norm = Math.hypot(...vector);
    if (norm === 0) return 0;
    const unit = vector.map((x) => x / norm);
    vector = await product(unit);
    quotient = unit.reduce((sum, u, i) => sum + u * vector[i], 0);
  }
  return quotient;
}

/**
 * All eigenvalues of a symmetric matrix, in no order, by Jacobi's cyclic rotations.
 * @param matrix its rows; the part that is not symmetric is averaged away
 */
export function symmetricEigenvalues(matrix: readonly ArrayLike<number>[]): number[] {
  const size = matrix.length;
  const a = matrix.map((row, i) => Float64Array.from(row, (value, j) => (value + matrix[j][i]) / 2));
  const scale = Math.hypot(...a.flatMap((row) => [...row]));
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off = Math.max(off, Math.abs(a[p][q]));
    if (off <= 1e-15 * scale) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, p, q);
  }
  return a.map((row, i) => row[i]);
}

/** Makes a[p][q] zero by a rotation in the plane of p and q. */
function rotate(a: readonly Float64Array[], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < a.length; k++) {
    const [kp, kq] = [a[k][p], a[k][q]];
    a[k][p] = c * kp - s * kq;
    a[k][q] = s * kp + c * kq;
  }
  for (let k = 0; k < a.length; k++) {
    const [pk, qk] = [a[p][k], a[q][k]];
    a[p][k] = c * pk - s * qk;
    a[q][k] = s * pk + c * qk;
  }
}
