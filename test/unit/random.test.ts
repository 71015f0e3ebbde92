import { expect, test } from "vitest";
import { RandomStream } from "../../src/core/random";

test("a stream restored from its state goes on with the same numbers", () => {
  const stream = new RandomStream(7, "batches");
  stream.normals(3);
  const state = JSON.parse(JSON.stringify(stream.save()));
  const expected = [stream.normal(), stream.uniform(), stream.integer(10)];
  const other = new RandomStream(0, "other");
  other.restore(state);
  expect([other.normal(), other.uniform(), other.integer(10)]).toEqual(expected);
});

test("streams differ by seed and by name", () => {
  const first = (seed: number, name: string) => new RandomStream(seed, name).uniform();
  const values = [first(1, "a"), first(2, "a"), first(1, "b"), first(2, "b")];
  expect(new Set(values).size).toBe(4);
  expect(first(1, "a")).toBe(values[0]);
});

test("normals have mean 0 and variance 1", () => {
  const draws = new RandomStream(3, "normals").normals(200_000);
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
  // Four standard errors.
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(draws.length));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / draws.length));
});

test("a permutation holds each index once", () => {
  const order = new RandomStream(5, "order").permutation(100);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});
