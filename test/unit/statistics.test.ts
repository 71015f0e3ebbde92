import { expect, test } from "vitest";
import { deviation, mean, median, rankCorrelation, wilsonInterval } from "../../src/core/statistics";

test("mean, sample standard deviation and median of a few numbers", () => {
  const values = [4, 1, 7, 2];
  expect(mean(values)).toBe(3.5);
  expect(deviation(values)).toBeCloseTo(Math.sqrt((0.25 + 6.25 + 12.25 + 2.25) / 3), 14);
  expect(median(values)).toBe(3);
  expect(median([...values, 100])).toBe(4);
  expect(values).toEqual([4, 1, 7, 2]);
});

test("Wilson's interval, calculated by hand", () => {
  // Of 10 draws 8: z^2 = 3.841459; centre (0.8 + 0.192073) / 1.384146, reach 1.959964 sqrt(0.016 + 0.009604) / 1.384146.
  const [low, high] = wilsonInterval(8, 10);
  expect(low).toBeCloseTo(0.71674 - 0.226577, 5);
  expect(high).toBeCloseTo(0.71674 + 0.226577, 5);
  // Of none the interval of Wald is a point; this one ends at z^2 / (n + z^2).
  expect(wilsonInterval(0, 10)[0]).toBeCloseTo(0, 12);
  expect(wilsonInterval(0, 10)[1]).toBeCloseTo(3.841459 / 13.841459, 6);
});

test("rank correlation sees order alone, and shares the places of equals", () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 100, 1000, 1e6])).toBeCloseTo(1, 14);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, -1])).toBeCloseTo(-1, 14);
  // Ranks 0.5, 0.5, 2, 3 against 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
  expect(rankCorrelation([1, 1, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 14);
});
