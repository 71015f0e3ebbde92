import { type Row, rowOffsets } from "./space";

/** Softmax of every row of `alpha` (size scalars, row by row). */
export function softmaxRows(rows: readonly Row[], alpha: ArrayLike<number>): Float64Array {
  const mixing = new Float64Array(alpha.length);
  const offsets = rowOffsets(rows);
  for (let row = 0; row < rows.length; row++) {
    const [begin, end] = [offsets[row], offsets[row + 1]];
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = begin; i < end; i++) largest = Math.max(largest, alpha[i]);
    let total = 0;
    for (let i = begin; i < end; i++) total += mixing[i] = Math.exp(alpha[i] - largest);
    for (let i = begin; i < end; i++) mixing[i] /= total;
  }
  return mixing;
}

/**
 * dL/dalpha from dL/dp through the softmax's Jacobian, diag(p) - p p^T in every row.
 * @param mixing p = softmax(alpha)
 * @param gradient dL/dp
 */
export function softmaxBackward(
  rows: readonly Row[],
  mixing: ArrayLike<number>,
  gradient: ArrayLike<number>,
): Float64Array {
  const result = new Float64Array(mixing.length);
  const offsets = rowOffsets(rows);
  for (let row = 0; row < rows.length; row++) {
    const [begin, end] = [offsets[row], offsets[row + 1]];
    let inner = 0;
    for (let i = begin; i < end; i++) inner += mixing[i] * gradient[i];
    for (let i = begin; i < end; i++) result[i] = mixing[i] * (gradient[i] - inner);
  }
  return result;
}
