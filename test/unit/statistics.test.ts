import { expect, test } from "vitest";
import { deviation, mean, median, rankCorrelation } from "../../src/core/statistics";

test("mean, sample standard deviation and median of a few numbers", () => {
  const values = [4, 1, 7, 2];
  expect(mean(values)).toBe(3.5);
  expect(deviation(values)).toBeCloseTo(Math.sqrt((0.25 + 6.25 + 12.25 + 2.25) / 3), 14);
  expect(median(values)).toBe(3);
  expect(median([...values, 100])).toBe(4);
  expect(values).toEqual([4, 1, 7, 2]);
});

test("rank correlation sees order alone, and shares the places of equals", () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 100, 1000, 1e6])).toBeCloseTo(1, 14);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, -1])).toBeCloseTo(-1, 14);
  // Ranks 0.5, 0.5, 2, 3 against 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
  expect(rankCorrelation([1, 1, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 14);
});
