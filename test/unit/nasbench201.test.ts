import { describe, expect, test } from "vitest";
import { CELLS, cellCode, cellOfCode, isomorphismKey, NAS_BENCH_201 } from "../../src/core/nasbench201";

const { parse, format, cost, published, connected, discretise } = NAS_BENCH_201;
const ALL_3X3 = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
const CODES = Array.from({ length: CELLS }, (_, code) => code);

test("every cell survives its notation and its code", () => {
  for (const code of CODES) {
    const cell = cellOfCode(code);
    expect(cellCode(parse(format(cell)))).toBe(code);
  }
});

test("the cell of 3x3 convolutions has the published 1,531,546 parameters", () => {
  expect(cost(parse(ALL_3X3), published)).toEqual({ parameters: 1531546, flops: 220119690 });
});

test("isomorphism leaves the benchmark's 6,466 classes", () => {
  expect(new Set(CODES.map((code) => isomorphismKey(cellOfCode(code)))).size).toBe(6466);
});

test("341 cells have no path from input to output", () => {
  expect(CODES.filter((code) => !connected(cellOfCode(code))).length).toBe(341);
});

test("two cells are the same class when a skip or a none makes them so", () => {
  // The node that only none reaches cannot matter, whatever leaves it.
  const first = "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|avg_pool_3x3~1|skip_connect~2|";
  const second = "|none~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|nor_conv_3x3~1|skip_connect~2|";
  expect(isomorphismKey(parse(first))).toBe(isomorphismKey(parse(second)));
  expect(isomorphismKey(parse(first))).not.toBe(isomorphismKey(parse(ALL_3X3)));
});

test("the largest preference of each edge wins, none included", () => {
  const preferences = new Float64Array(30);
  for (const [row, choice] of [0, 1, 2, 3, 4, 0].entries()) preferences[5 * row + choice] = 1;
  expect(format(discretise(preferences))).toBe(
    "|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|",
  );
});

describe("a malformed architecture says what is wrong and what is right", () => {
  test.each([
    ["|nor_conv_3x3~0|", /1 node.*has 3.*for example \|nor_conv_3x3~0\|\+/],
    [ALL_3X3.replace("nor_conv_3x3~1", "nor_conv_3x~1"), /unknown operation "nor_conv_3x".*nearest is nor_conv_3x3/],
    [ALL_3X3.replace("nor_conv_3x3~2", "nor_conv_3x3~1"), /edge 3 of node 3.*from node 2/],
    [ALL_3X3.slice(1), /node 1 .* expected 1 edge such as/],
    ["", /nodes? joined/],
  ])("%s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
