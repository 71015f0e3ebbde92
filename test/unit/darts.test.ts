import { describe, expect, test } from "vitest";
import { DARTS, DARTS_OPERATIONS as OPERATIONS } from "../../src/core/darts";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { choiceProbabilities, samplePreferences, winProbabilities } from "../../src/core/posterior";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { RandomStream } from "../../src/core/random";
import { oneHot } from "../../src/core/space";

const V2_TEXT =
  "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), " +
  "('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), " +
  "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), " +
  "('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])";
const V2 = DARTS.parse(V2_TEXT);
const published = (id: string) => PUBLISHED_GENOTYPES.find((each) => each.id === id)?.choices ?? [];

describe("the space", () => {
  test("has 14 edges a cell, those of the normal cell first", () => {
    expect(DARTS.rows).toHaveLength(28);
    expect(DARTS.size).toBe(224);
    expect(DARTS.rows.map(({ name }) => name).slice(0, 5)).toEqual(
      ["2<-0", "2<-1", "3<-0", "3<-1", "3<-2"].map((edge) => `normal/${edge}`),
    );
    expect(DARTS.rows[14].name).toBe("reduce/2<-0");
    expect(DARTS.rows[27].name).toBe("reduce/5<-4");
    for (const [row, { name }] of DARTS.rows.entries()) {
      const [from, to] = DARTS.edges[row];
      expect(name.split("/")[1]).toBe(`${to}<-${from}`);
    }
  });
});

describe("discretising", () => {
  /** Preferences of 0 but for those named: a row's name and operation. */
  const preferences = (values: Record<string, number>) => {
    const result = new Float64Array(DARTS.size);
    for (const [key, value] of Object.entries(values)) {
      const [cell, edge, operation] = key.split("/");
      const row = DARTS.rows.findIndex(({ name }) => name === `${cell}/${edge}`);
      result[8 * row + OPERATIONS.indexOf(operation as (typeof OPERATIONS)[number])] = value;
    }
    return result;
  };
  const at = (choices: readonly number[], name: string) =>
    OPERATIONS[choices[DARTS.rows.findIndex((row) => row.name === name)]];

  test("keeps the two edges into a node whose best operation has the largest weight, and never none", () => {
    const choices = DARTS.discretise(
      preferences({
        "normal/3<-0/none": 9,
        "normal/3<-0/sep_conv_3x3": 2,
        "normal/3<-1/skip_connect": 0.5,
        "normal/3<-2/avg_pool_3x3": 0.4,
      }),
    );
    // Next to none at 9, the preference of 2 is a weight of a thousandth: the edge is dropped, though it has the largest preference.
    expect(at(choices, "normal/3<-0")).toBe("none");
    expect(at(choices, "normal/3<-1")).toBe("skip_connect");
    expect(at(choices, "normal/3<-2")).toBe("avg_pool_3x3");
  });

  test("takes the first of equals, and keeps both inputs of node 2 whatever their weights", () => {
    const even = DARTS.discretise(new Float64Array(DARTS.size));
    expect(even.filter((choice) => choice === 1)).toHaveLength(16);
    expect([at(even, "normal/5<-0"), at(even, "normal/5<-1"), at(even, "normal/5<-2")]).toEqual([
      "max_pool_3x3",
      "max_pool_3x3",
      "none",
    ]);
    const open = DARTS.discretise(preferences({ "reduce/2<-0/none": 9, "reduce/2<-1/none": 9 }));
    expect(at(open, "reduce/2<-0")).not.toBe("none");
    expect(at(open, "reduce/2<-1")).not.toBe("none");
  });

  test("gives what the notation can say, for any preferences", () => {
    const random = new RandomStream(5, "preferences");
    for (let i = 0; i < 2000; i++) {
      const choices = DARTS.discretise(random.normals(DARTS.size));
      expect(DARTS.parse(DARTS.format(choices))).toEqual(choices);
      expect(DARTS.connected(choices)).toBe(true);
    }
  });

  test("an architecture's own mixing weights decide for it", () => {
    const sharp = new Float64Array(DARTS.size);
    for (const [row, choice] of V2.entries()) sharp[8 * row + choice] = 5;
    expect(DARTS.discretise(sharp)).toEqual(V2);
  });
});

describe("the notation", () => {
  /** A genotype written carelessly, as people do, and the choices it says. */
  function careless(random: RandomStream): { text: string; choices: number[] } {
    const pick = <T>(values: readonly T[]) => values[random.integer(values.length)];
    const gap = () => pick(["", "", " ", "\n  ", "\t"]);
    const choices = DARTS.rows.map(() => 0);
    const fields = DARTS.cellKinds.flatMap(({ name, first, end }) => {
      const pairs: string[] = [];
      for (let to = 2; to < 6; to++) {
        const from = [...random.permutation(to)].slice(0, 2);
        for (const source of from) {
          const choice = 1 + random.integer(7);
          const row = DARTS.edges.findIndex(([a, b], r) => r >= first && r < end && a === source && b === to);
          choices[row] = choice;
          const quote = pick(["'", '"']);
          const [open, close] = pick([
            ["(", ")"],
            ["[", "]"],
          ]);
          pairs.push(`${open}${gap()}${quote}${OPERATIONS[choice]}${quote}${gap()},${gap()}${source}${gap()}${close}`);
        }
      }
      const concat = pick([
        "range(2, 6)",
        "range(2,6)",
        "[2, 3, 4, 5]",
        "[2,3,4,5,]",
        "list(range(2, 6))",
        "(5, 4, 3, 2)",
      ]);
      return [
        `${name}${gap()}=${gap()}[${gap()}${pairs.join(`,${gap()}`)}${pick(["", ","])}${gap()}]`,
        `${name}_concat${gap()}=${gap()}${concat}`,
      ];
    });
    const order = [...random.permutation(4)].map((i) => fields[i]);
    const prefix = pick(["", "DARTS = ", "genotypes.", "\n"]);
    return { text: `${prefix}Genotype(${gap()}${order.join(`,${gap()}`)}${pick(["", ","])})${gap()}`, choices };
  }

  test("10,000 genotypes are read as they were meant and come back from their own text", () => {
    const random = new RandomStream(1, "genotypes");
    for (let i = 0; i < 10_000; i++) {
      const { text, choices } = careless(random);
      const read = DARTS.parse(text);
      if (read.join() !== choices.join() || DARTS.parse(DARTS.format(read)).join() !== choices.join()) {
        expect.fail(`${text} was read as ${DARTS.format(read)}`);
      }
    }
  });

  test("is written as the DARTS code writes it, edges by the node they read", () => {
    expect(DARTS.format(V2)).toBe(
      "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('skip_connect', 0), " +
        "('sep_conv_3x3', 1), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), " +
        "('max_pool_3x3', 1), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('skip_connect', 2), " +
        "('max_pool_3x3', 1), ('skip_connect', 2)], reduce_concat=range(2, 6))",
    );
  });

  test.each([
    ["", /^the genotype ends after 0 characters, expected Genotype\(normal=/],
    ["|nor_conv_3x3~0|", /^the genotype reads "\|nor_conv_3x3~0\|" after 0 characters, expected Genotype/],
    [
      V2_TEXT.slice(0, 100),
      /^the genotype ends after 100 characters, expected a list, a pair, a name in quotes or a number$/,
    ],
    [V2_TEXT.slice(0, -1), /^the genotype ends after \d+ characters, expected "," or "\)" between the fields$/],
    [`${V2_TEXT} 3`, /expected nothing after the genotype$/],
    [
      V2_TEXT.replace("sep_conv_3x3", "sep_conv_7x7"),
      /^edge 1 of normal, into node 2, has the unknown operation "sep_conv_7x7".*the nearest is sep_conv_3x3$/,
    ],
    [
      V2_TEXT.replace("'skip_connect', 0", "'none', 0"),
      /^edge 6 of normal, into node 4, has the operation none: a genotype lists kept edges only$/,
    ],
    [
      V2_TEXT.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)"),
      /^edge 8 of normal, into node 5, comes from node 5, expected a node from 0 to 4$/,
    ],
    [
      V2_TEXT.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"),
      /^edge 8 of normal, into node 5, comes from node 0 like the one before/,
    ],
    [
      V2_TEXT.replace("('dil_conv_3x3', 2)", "'dil_conv_3x3'"),
      /^edge 8 of normal, into node 5, is 'dil_conv_3x3', expected a pair such as \('max_pool_3x3', 0\)$/,
    ],
    [
      V2_TEXT.replace(", ('dil_conv_3x3', 2)", ""),
      /^normal lists 7 edges, expected a list of 8: 2 into each of the nodes 2 to 5$/,
    ],
    [
      V2_TEXT.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=range(3, 6)"),
      /^normal_concat is \[3, 4, 5\], expected range\(2, 6\)/,
    ],
    [V2_TEXT.replace(", reduce_concat=[2, 3, 4, 5]", ""), /^reduce_concat is missing, expected range\(2, 6\)/],
    [
      V2_TEXT.replace("reduce=", "reduction="),
      /^the genotype has a field "reduction", expected normal, .*; the nearest is reduce/,
    ],
    [V2_TEXT.replace("reduce=", "normal="), /^the genotype has the field "normal" twice$/],
    ["Genotype(normal=range(0, 999999999))", /^normal lists 64 edges, expected a list of 8: 2 into each/],
  ])("is refused where it is wrong, with a message that says so (%#)", (text, message) => {
    let error: unknown;
    try {
      DARTS.parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });
});

describe("the cost of the evaluation network", () => {
  test("of a small network, counted by hand", () => {
    // C = 2, N = 1: five cells of 2, 4, 4, 8, 8 channels; the 2nd and the 4th are reduction cells. Colour images of 8 px, 3 classes.
    const sizes = { channels: 2, cells: 1, image: 8, imageChannels: 3, classes: 3 };
    const none = DARTS.rows.map(() => 0);
    // Stem 3x3x3x6 with its norm; inputs of every cell, with norms; the classifier from 32 channels.
    const stem = [162 + 12, 162 * 64];
    const inputs = [
      [6 * 2 + 4 + 6 * 2 + 4, 24 * 64],
      [6 * 4 + 8 + 8 * 4 + 8, 56 * 64],
      [8 * 4 + 8 + 16 * 4 + 8, 96 * 16],
      [16 * 8 + 16 + 16 * 8 + 16, 256 * 16],
      [16 * 8 + 16 + 32 * 8 + 16, 384 * 4],
    ];
    const head = [32 * 3 + 3, 96];
    const total = (parts: number[][], k: number) => parts.reduce((sum, part) => sum + part[k], 0);
    const bare = [stem, ...inputs, head];
    expect(DARTS.cost(none, sizes)).toEqual({ parameters: total(bare, 0), flops: total(bare, 1) });

    const choices = [...none];
    choices[0] = OPERATIONS.indexOf("sep_conv_3x3"); // normal, 2<-0
    choices[13] = OPERATIONS.indexOf("dil_conv_5x5"); // normal, 5<-4
    choices[14] = OPERATIONS.indexOf("skip_connect"); // reduce, 2<-0: stride 2
    choices[18] = OPERATIONS.indexOf("skip_connect"); // reduce, 3<-2: stride 1, the identity
    choices[19] = OPERATIONS.indexOf("max_pool_3x3");
    const separable = (c: number) => 2 * (9 * c + c * c);
    const dilated = (c: number) => 25 * c + c * c;
    const normals = [
      [2, 8],
      [4, 4],
      [8, 2],
    ].map(([c, side]) => [separable(c) + 4 * c + dilated(c) + 2 * c, (separable(c) + dilated(c)) * side ** 2]);
    const reductions = [
      [16 + 8, 16 * 16],
      [64 + 16, 64 * 4],
    ];
    const parts = [...bare, ...normals, ...reductions];
    expect(DARTS.cost(choices, sizes)).toEqual({ parameters: total(parts, 0), flops: total(parts, 1) });
  });

  test("of DARTS V2 is what its code prints: 3.349342 M parameters", () => {
    // The log of train.py in quark0/darts at 20 cells and 36 channels, without the auxiliary head.
    expect(DARTS.cost(V2, DARTS.published).parameters).toBe(3_349_342);
    // Multiply-accumulates as FairDARTS (Chu et al., ECCV 2020) lists them, 528 M.
    expect(Math.round(DARTS.cost(V2, DARTS.published).flops / 1e6)).toBe(528);
  });

  test.each(PUBLISHED_GENOTYPES.filter(({ millions }) => millions !== null))("of $id is as published", (genotype) => {
    expect((DARTS.cost(genotype.choices, DARTS.published).parameters / 1e6).toFixed(1)).toBe(
      genotype.millions?.toFixed(1),
    );
  });
});

test("published genotypes have names and architectures of their own", () => {
  expect(published("DARTS_V2")).toEqual(V2);
  expect(new Set(PUBLISHED_GENOTYPES.map(({ id }) => id)).size).toBe(PUBLISHED_GENOTYPES.length);
  expect(new Set(PUBLISHED_GENOTYPES.map(({ choices }) => choices.join())).size).toBe(PUBLISHED_GENOTYPES.length);
});

describe("the probability of each choice", () => {
  const random = new RandomStream(8, "posterior");
  const mean = random.normals(DARTS.size);
  const scale = random.normals(DARTS.size).map((z) => 0.1 + Math.abs(z) / 2);

  test("is how often architectures drawn from the posterior have it", () => {
    const probabilities = choiceProbabilities(DARTS, mean, scale);
    const counts = new Float64Array(DARTS.size);
    const draws = 4000;
    for (let i = 0; i < draws; i++) {
      const choices = DARTS.discretise(samplePreferences(mean, scale, random));
      for (const [row, choice] of choices.entries()) counts[8 * row + choice] += 1 / draws;
    }
    // Two shares, of 500 and of 4,000 draws.
    for (const [i, p] of probabilities.entries()) {
      expect(Math.abs(p - counts[i])).toBeLessThan(5 * Math.sqrt(((p + 1e-3) * (1.001 - p)) / 440));
    }
  });

  test("adds up to one in every row, and to two kept edges in every node", () => {
    const probabilities = choiceProbabilities(DARTS, mean, scale);
    const kept = new Map<string, number>();
    for (const [row, { name }] of DARTS.rows.entries()) {
      const shares = probabilities.subarray(8 * row, 8 * row + 8);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      const node = name.split("<-")[0];
      kept.set(node, (kept.get(node) ?? 0) + 1 - shares[0]);
    }
    for (const sum of kept.values()) expect(sum).toBeCloseTo(2, 9);
  });

  test("of a point estimate is certainty of its architecture, and of NAS-Bench-201 is exact", () => {
    expect(choiceProbabilities(DARTS, mean, null)).toEqual(oneHot(DARTS.rows, DARTS.discretise(mean)));
    const [m, s] = [mean.slice(0, 30), scale.slice(0, 30)];
    expect(choiceProbabilities(NAS_BENCH_201, m, s)).toEqual(winProbabilities(NAS_BENCH_201.rows, m, s));
  });
});
