import { CELLS, OPERATIONS } from "./nasbench201";

/**
 * The distribution over whole cells that independent edges give, over all 15,625 cells of NAS-Bench-201. Nothing is sampled: the space
 * is small enough to be counted through.
 */

/**
 * Probability of every cell when each edge draws its operation on its own.
 * @param share probabilities of the operations, row by row (30 scalars, each row sums to 1)
 * @returns 15,625 probabilities in the order of `cellCode`; they sum to 1
 */
export function cellProbabilities(share: ArrayLike<number>): Float64Array {
  const choices = OPERATIONS.length;
  const result = new Float64Array(CELLS);
  result[0] = 1;
  // In place, one row at a time: the cells of the first rows are weighted and written once for every choice of the next row, the
  // last choice first, since the first choice's copy overwrites what the others are made of.
  for (let row = 0, block = 1; block < CELLS; row++, block *= choices) {
    for (let choice = choices - 1; choice >= 0; choice--) {
      const weight = share[row * choices + choice];
      for (let code = 0; code < block; code++) result[choice * block + code] = weight * result[code];
    }
  }
  return result;
}

/** What is said of a number that every cell has, for example its accuracy, when cells are drawn with the given probabilities. */
export interface Summary {
  readonly mean: number;
  /** The least value that at least 5, 50 and 95 % of the mass does not exceed. */
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/**
 * Cells from the smallest value to the largest; of equals the one of the smaller code first.
 * @param values not negative
 */
export function ascending(values: Float32Array): Uint16Array {
  // The bits of floats that are not negative are in the floats' own order. With bits and code in one number the sort needs no
  // comparing function, which is what makes sorts slow.
  const bits = new Uint32Array(values.slice().buffer);
  const keys = new Float64Array(bits.length);
  for (let code = 0; code < keys.length; code++) keys[code] = bits[code] * CELLS + code;
  keys.sort();
  const order = new Uint16Array(keys.length);
  for (let i = 0; i < keys.length; i++) order[i] = keys[i] % CELLS;
  return order;
}

/**
 * @param values of every cell
 * @param probabilities of every cell; they sum to 1
 * @param order `ascending(values)`
 */
export function summarise(
  values: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  order: ArrayLike<number>,
): Summary {
  let mean = 0;
  let mass = 0;
  const quantiles: number[] = [];
  const levels = [0.05, 0.5, 0.95];
  for (let i = 0; i < order.length; i++) {
    const code = order[i];
    mean += probabilities[code] * values[code];
    mass += probabilities[code];
    // Products of six rounded numbers: a mass of 0.05 may come out a hair below.
    while (quantiles.length < levels.length && mass >= levels[quantiles.length] - 1e-12) quantiles.push(values[code]);
  }
  const [low, median, high] = quantiles;
  return { mean, low, median, high };
}

/**
 * Mass in every bin of a histogram.
 * @param bins the bin of every cell, 0..count-1
 * @param probabilities of every cell
 */
export function massInBins(bins: ArrayLike<number>, probabilities: ArrayLike<number>, count: number): Float64Array {
  const mass = new Float64Array(count);
  for (let code = 0; code < bins.length; code++) mass[bins[code]] += probabilities[code];
  return mass;
}
