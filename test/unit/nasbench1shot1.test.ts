import { describe, expect, test } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_1SHOT1, type OneShotSpace } from "../../src/core/nasbench1shot1";
import { canonicalCode, edgeCount, MAX_EDGES, matrixOfCell, prune } from "../../src/core/nasbench101";
import { RandomStream } from "../../src/core/random";
import { optionCount, picked } from "../../src/core/space";

const [S1, S2, S3] = NAS_BENCH_1SHOT1;

function randomCell({ rows }: OneShotSpace, random: RandomStream): number[] {
  return rows.map((row) => random.integer(optionCount(row)));
}

test("the spaces have the published architecture parameters and combinations", () => {
  expect(NAS_BENCH_1SHOT1.map(({ size }) => size)).toEqual([24, 26, 35]);
  const combinations = ({ rows }: OneShotSpace) => rows.reduce((product, row) => product * optionCount(row), 1);
  expect(NAS_BENCH_1SHOT1.map(combinations)).toEqual([14_580, 29_160, 1_312_200]);
});

test("a row's choices are all its sets of inputs, each once, in lexicographic order", () => {
  for (const row of NAS_BENCH_1SHOT1.flatMap(({ rows }): OneShotSpace["rows"] => rows)) {
    const sets = Array.from({ length: optionCount(row) }, (_, choice) => picked(row, choice));
    for (const set of sets) {
      expect(set.length).toBe(row.picks);
      expect(set.every((candidate, i) => candidate > (set[i - 1] ?? -1) && candidate < row.choices.length)).toBe(true);
    }
    expect(sets.map(String)).toEqual([...new Set(sets.map(String))].sort());
  }
});

describe.each(NAS_BENCH_1SHOT1.map((space): [string, OneShotSpace] => [space.title, space]))("%s", (_, space) => {
  test("10,000 random cells survive their notation, build, prune, and have a finite size", () => {
    const random = new RandomStream(7, space.id);
    for (let i = 0; i < 10_000; i++) {
      const choices = randomCell(space, random);
      const text = space.format(choices);
      if (String(space.parse(text)) !== String(choices)) expect.fail(`${text} came back as ${space.parse(text)}`);
      const cell = space.toCell(choices);
      const pruned = prune(cell);
      if (!pruned || edgeCount(cell) > MAX_EDGES) expect.fail(text);
      const { parameters, flops } = space.cost(choices, space.published);
      if (!(parameters > 0 && flops > parameters && Number.isFinite(flops))) expect.fail(text);
      if (!Number.isInteger(canonicalCode(cell))) expect.fail(text);
    }
  });

  test("every node has the space's number of inputs", () => {
    const random = new RandomStream(8, space.id);
    const matrix = matrixOfCell(space.toCell(randomCell(space, random)));
    const inputs = matrix.map((_, to) => matrix.reduce((sum, row) => sum + row[to], 0));
    const unused = space.nodes === 6 ? [0] : [];
    expect(inputs).toEqual([...space.parents.slice(0, -1), ...unused, space.parents[space.nodes - 1]]);
  });

  test("the preferred operations and the largest preferences of every row decide", () => {
    const random = new RandomStream(9, space.id);
    for (let i = 0; i < 200; i++) {
      const choices = randomCell(space, random);
      // Above 1 for what is chosen, below for the rest, in no particular order.
      const preferences = space.rows.flatMap((row, r) =>
        row.choices.map(
          (_, candidate) => (picked(row, choices[r]).includes(candidate) ? 1 : 0) + 0.9 * random.uniform(),
        ),
      );
      expect(space.discretise(preferences)).toEqual(choices);
    }
    // All equal: the first operation and the first inputs.
    expect(space.discretise(new Float64Array(space.size))).toEqual(space.rows.map(() => 0));
  });
});

test("a cell of S1 in the notation and as NAS-Bench-101 is asked for it", () => {
  const text = "conv3x3-bn-relu(0)|maxpool3x3(0,1)|conv1x1-bn-relu(1,2)|conv3x3-bn-relu(0,3)|output(2,4)";
  expect(S1.rows.map(({ name }) => name)).toEqual(
    ["block1", "block2", "block3", "block4", "inputs3", "inputs4", "output"], // biome-ignore format: one line
  );
  const choices = S1.parse(text);
  expect(choices).toEqual([1, 0, 2, 1, 2, 2, 8]);
  const cell = S1.toCell(choices);
  expect(matrixOfCell(cell)).toEqual([
    [0, 1, 1, 0, 1, 0, 0],
    [0, 0, 1, 1, 0, 0, 0],
    [0, 0, 0, 1, 0, 0, 1],
    [0, 0, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0],
  ]);
  expect(cell.operations).toEqual([0, 2, 1, 0, 1]);
  expect(prune(cell)?.operations).toEqual([0, 2, 1, 0]);
  expect(S1.parse(text.replace("(1,2)", "(2,1)"))).toEqual(choices);
});

test("what a block computes that nothing uses does not matter", () => {
  const used = "conv3x3-bn-relu(0)|maxpool3x3(0)|conv3x3-bn-relu(0)|conv1x1-bn-relu(1,2)|maxpool3x3(0,3)|output(0,1)";
  const other = "conv3x3-bn-relu(0)|conv1x1-bn-relu(1)|maxpool3x3(1)|maxpool3x3(0,1)|conv3x3-bn-relu(2,4)|output(0,1)";
  const [first, second] = [used, other].map((text) => S3.toCell(S3.parse(text)));
  expect(canonicalCode(first)).toBe(canonicalCode(second));
});

describe("a text that is no cell is refused with what to write", () => {
  const good = S2.format(S2.rows.map(() => 0));
  test.each([
    ["", /1 part joined.*S2 has 5, 4 blocks and the output; expected for example maxpool3x3\(0\)\|/],
    [
      good.replace("maxpool3x3(0)|maxpool3x3(0)", "maxpool3x3(0)|conv3x3-relu(0)"),
      /"conv3x3-relu" in block 2.*nearest is conv3x3-bn-relu/,
    ],
    [good.replace("maxpool3x3(0,1)", "maxpool3x3(0)"), /block 3 has the inputs \(0\), expected 2 different inputs/],
    [good.replace("maxpool3x3(0,1)", "maxpool3x3(0,1,1)"), /block 3 has the inputs \(0,1,1\), expected 2 different/],
    [good.replace("maxpool3x3(0,1)", "maxpool3x3(1,1)"), /block 3 has the inputs \(1,1\), expected 2 different/],
    [
      good.replace("maxpool3x3(0,1)", "maxpool3x3(0,3)"),
      /block 3 has the inputs \(0,3\), expected nodes before it.*0 to 2/,
    ],
    [good.replace("output(0,1,2)", "output(0,1)"), /the output has the inputs \(0,1\), expected 3 different inputs/],
    [
      good.replace("output", "maxpool3x3"),
      /part 5 .* reads "maxpool3x3\(0,1,2\)", expected for example output\(0,1,2\)/,
    ],
    [good.replace("(0,1)", "[0,1]"), /part 3 .* expected for example maxpool3x3\(0,1\)/],
  ])("%s", (text, message) => {
    expect(() => S2.parse(text)).toThrow(InputError);
    expect(() => S2.parse(text)).toThrow(message);
  });
});
