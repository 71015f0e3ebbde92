import type { RandomStream } from "./random";

/** The gradient of a function at x, as long as x. */
export type GradientOf = (x: Float64Array) => Promise<Float64Array>;

/** Up to so many variables the Hessian is measured whole; beyond, its products with vectors are. */
export const WHOLE = 40;
/** Half of the distance between two gradients whose difference is a derivative, as RobustDARTS has it. */
const STEP = 1e-2;
/** Products of the Hessian in one iteration. */
export const ITERATIONS = 20;
/** A vector shorter than this, measured by the longest before it, is rounding. */
const NOTHING = 1e-6;

/** Eigenvalues of a symmetric matrix, and their unit eigenvectors in the same order, orthogonal to each other. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/** The product of a matrix with a vector. */
export type Product = (vector: Float64Array) => Promise<Float64Array>;

/**
 * The product of a function's Hessian at a point with a vector, by central differences: two gradients.
 * @param length of the step to either side; a zero vector has no direction to step in
 */
export function hessianProduct(gradientOf: GradientOf, at: Float64Array, length = STEP): Product {
  return async (direction) => {
    const step = length / Math.hypot(...direction);
    const above = await gradientOf(at.map((x, i) => x + step * direction[i]));
    const below = await gradientOf(at.map((x, i) => x - step * direction[i]));
    return above.map((g, i) => (g - below[i]) / (2 * step));
  };
}

/** A matrix from its products with an orthonormal basis: its rows, as symmetric as the products are exact. */
export async function wholeMatrix(product: Product, basis: readonly Float64Array[]): Promise<Float64Array[]> {
  const matrix = basis.map(() => new Float64Array(basis.length));
  for (const q of basis) {
    const image = await product(q);
    for (const [i, row] of matrix.entries()) for (let j = 0; j < q.length; j++) row[j] += image[i] * q[j];
  }
  return matrix;
}

/** The axes of a space. */
export function axes(size: number): Float64Array[] {
  return Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
}

/** An orthonormal basis turned at random. */
export function randomBasis(size: number, random: RandomStream): Float64Array[] {
  const basis: Float64Array[] = [];
  while (basis.length < size) basis.push(unit(withoutShares(random.normals(size), basis)));
  return basis;
}

/** What of a vector is orthogonal to others that are so to each other. Twice, since once leaves the rounding of what it takes away. */
function withoutShares(vector: Float64Array, basis: readonly Float64Array[]): Float64Array {
  let rest = vector;
  for (const q of [...basis, ...basis]) rest = combined([rest, q], [1, -dot(rest, q)]);
  return rest;
}

const unit = (vector: Float64Array) => combined([vector], [1 / Math.hypot(...vector)]);

/**
 * The largest (most positive) eigenvalue of a function's Hessian, from its gradient by central differences. To 40 variables it is that of
 * the whole symmetrised Hessian, which takes two gradients a variable; beyond, the power iteration of `extremes` comes near from below in
 * 40 gradients.
 * @param noise draws where power iteration starts; not touched to 40 variables
 */
export async function largestCurvature(gradientOf: GradientOf, at: Float64Array, noise: RandomStream): Promise<number> {
  const product = hessianProduct(gradientOf, at);
  const { values } =
    at.length > WHOLE
      ? await extremes(product, noise.normals(at.length))
      : symmetricEigen(await wholeMatrix(product, axes(at.length)));
  return Math.max(...values);
}

/**
 * The outermost eigenvalues of a large symmetric matrix by power iteration, its vectors all kept: up to 20 products with the matrix, and
 * the eigenvalues of the matrix in the space that they span (Rayleigh and Ritz; Lanczos 1950). None lies outside of the matrix's own. The
 * largest in size is at least that of plain power iteration as long, and those at both ends come near first; the inner ones say little.
 */
export async function extremes(product: Product, start: Float64Array): Promise<Eigen> {
  const basis: Float64Array[] = [];
  const products: Float64Array[] = [];
  let next = start;
  let longest = 0;
  while (basis.length < Math.min(ITERATIONS, start.length)) {
    const rest = withoutShares(next, basis);
    // What is rounding of a product has no direction.
    const most = basis.length === 0 ? 0 : Math.hypot(...next);
    longest = Math.max(longest, most);
    if (!(Math.hypot(...rest) > NOTHING * longest)) break;
    const q = unit(rest);
    basis.push(q);
    next = await product(q);
    products.push(next);
  }
  const { values, vectors } = symmetricEigen(basis.map((q) => products.map((h) => dot(q, h))));
  return { values, vectors: vectors.map((weights) => combined(basis, weights)) };
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** The sum of vectors, weighted. */
function combined(vectors: readonly Float64Array[], weights: ArrayLike<number>): Float64Array {
  return vectors[0].map((_, i) => vectors.reduce((sum, vector, k) => sum + weights[k] * vector[i], 0));
}

/** All eigenvalues of a symmetric matrix, as `symmetricEigen` finds them. */
export function symmetricEigenvalues(matrix: readonly ArrayLike<number>[]): readonly number[] {
  return symmetricEigen(matrix).values;
}

/**
 * All eigenvalues and eigenvectors of a symmetric matrix, in no order, by Jacobi's cyclic rotations.
 * @param matrix its rows; the part that is not symmetric is averaged away
 */
export function symmetricEigen(matrix: readonly ArrayLike<number>[]): Eigen {
  const size = matrix.length;
  const vectors = axes(size);
  const a = matrix.map((row, i) => Float64Array.from(row, (value, j) => (value + matrix[j][i]) / 2));
  const scale = Math.hypot(...a.flatMap((row) => [...row]));
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off = Math.max(off, Math.abs(a[p][q]));
    if (off <= 1e-15 * scale) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, p, q);
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

/** Makes a[p][q] zero by a rotation in the plane of p and q, which turns two of the vectors into each other. */
function rotate(a: readonly Float64Array[], vectors: readonly Float64Array[], p: number, q: number): void {
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
  turn(a[p], a[q], c, s);
  turn(vectors[p], vectors[q], c, s);
}

function turn(p: Float64Array, q: Float64Array, c: number, s: number): void {
  for (let k = 0; k < p.length; k++) {
    const [pk, qk] = [p[k], q[k]];
    p[k] = c * pk - s * qk;
    q[k] = s * pk + c * qk;
  }
}
