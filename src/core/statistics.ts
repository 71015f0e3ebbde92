/** What is said of a list of numbers, none of them missing. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; of one value it is not a number. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** What a share of the values lie below, straight between neighbours (type 7 of Hyndman and Fan, 1996). @param sorted ascending */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** The 0.975 quantile of the standard normal: a two-sided interval of 95 %. */
const NORMAL_QUANTILE = 1.959963984540054;

/** Wilson's score interval of 95 % for a share, of which `hits` of `count` were seen (Wilson, JASA 1927). */
export function wilsonInterval(hits: number, count: number): [low: number, high: number] {
  const share = hits / count;
  const pull = NORMAL_QUANTILE ** 2 / count;
  const centre = share + pull / 2;
  const reach = NORMAL_QUANTILE * Math.sqrt((share * (1 - share) + pull / 4) / count);
  return [(centre - reach) / (1 + pull), (centre + reach) / (1 + pull)];
}

/** Spearman's rank correlation of two lists of a length, at least two. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  return correlation(ranks(a), ranks(b));
}

/** Places of values among all, from 0; equals share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const rank = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) rank[order[i]] = (first + end - 1) / 2;
    first = end;
  }
  return rank;
}

/** Pearson's correlation. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = (x: readonly number[], y: readonly number[], meanX: number, meanY: number) =>
    x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0);
  return covariance(a, b, meanA, meanB) / Math.sqrt(covariance(a, a, meanA, meanA) * covariance(b, b, meanB, meanB));
}
