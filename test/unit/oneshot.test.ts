import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { inputEdges, layoutBlocks } from "../../src/app/cell/blocks";
import { discarded, leading, reasonOf } from "../../src/app/cell/reasons";
import { describeCell, describeMoment } from "../../src/app/cell/words";
import { sampleOf } from "../../src/app/gallery/samples";
import { momentAt, probabilityOf, shareOf } from "../../src/app/moment";
import { chosenName, edgeName, shortName } from "../../src/app/operations";
import { Recording } from "../../src/app/recording";
import type { Settings } from "../../src/core/controls";
import { jsonGenotype } from "../../src/core/export/genotype";
import { createMethod } from "../../src/core/methods";
import { NAS_BENCH_1SHOT1, type OneShotSpace } from "../../src/core/nasbench1shot1";
import { type CellOperation, cellOfMatrix, prune } from "../../src/core/nasbench101";
import { openNasBench101 } from "../../src/core/nasbench101-figures";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import { optionCount, picked } from "../../src/core/space";
import { SPACES } from "../../src/core/spaces";
import { checkRun } from "../../src/search/checkrun";
import type { RunRecord } from "../../src/search/records";
import { parseRunFile, toLine } from "../../src/search/runfile";
import { searchOn, standIn } from "../support/stand-in";

const [S1, S2, S3] = NAS_BENCH_1SHOT1;
const nasBench101 = await openNasBench101(
  async (path) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url))),
);

/** The records of a search whose loss falls with the mixing weights of one cell. */
async function searchFor(space: OneShotSpace, goal: readonly number[]): Promise<RunRecord[]> {
  const settings = withDefaults({
    space: space.id as Settings["space"],
    steps: 300,
    evaluateEvery: 150,
    archRate: 0.02,
  });
  const wanted = space.rows.flatMap((row, r) =>
    row.choices.map((_, candidate) => (picked(row, goal[r]).includes(candidate) ? 1 : 0)),
  );
  const engine = standIn({
    spec: { space, sizes: space.searched, batch: 1 },
    weightStep: async () => ({ loss: 1, accuracy: 0.5 }),
    architectureGradient: async () => ({ loss: 1, accuracy: 0.5, gradient: Float64Array.from(wanted, (w) => -w) }),
    evaluate: async () => ({ loss: 1, accuracy: 0.5 }),
  });
  const search = searchOn(engine, { settings, space, method: createMethod(settings, space), nasBench101 });
  const records: RunRecord[] = [search.header];
  while (!search.done) {
    records.push(await search.step());
    if (search.evaluationDue) records.push(await search.evaluate());
  }
  return [...records, search.result(1)];
}

const randomCell = ({ rows }: OneShotSpace, random: RandomStream) =>
  rows.map((row) => random.integer(optionCount(row)));

test.each([S1, S2, S3])(
  "$title: a search finds the cell it is led to, and its run file says what is known of it",
  async (space) => {
    const goal = randomCell(space, new RandomStream(5, space.id));
    const text = (await searchFor(space, goal)).map(toLine).join("");
    const { header, result, evaluations } = checkRun(parseRunFile(text));
    expect(result?.architecture).toBe(space.format(goal));
    const figures = nasBench101.figures(space.toCell(goal));
    expect([result?.benchmark, result?.nasbench101]).toEqual([null, figures]);
    expect(evaluations.map(({ step }) => step)).toEqual([150, 300]);
    expect(header.rows.at(-1)).toEqual({
      name: "output",
      choices: space.rows.at(-1)?.choices,
      picks: space.parents.at(-1),
    });
    expect(header.rows[0]).toEqual({ name: "block1", choices: space.rows[0].choices });
    // Others' extra fields aside, what a reader relies on is checked.
    expect(() => checkRun(parseRunFile(text.replaceAll('"exact":', '"unlabelled":')))).toThrow(/exact/);
  },
);

test("the JSON file has what NAS-Bench-101 is asked with", () => {
  const goal = randomCell(S2, new RandomStream(6, "json"));
  const { nasbench101, blocks, output } = JSON.parse(jsonGenotype(S2, goal));
  const inner = nasbench101.operations.slice(1, -1) as CellOperation[];
  expect(prune(cellOfMatrix(nasbench101.matrix, inner))).toEqual(prune(S2.toCell(goal)));
  const parts = [...blocks, { operation: "output", inputs: output }];
  expect(parts.map((part) => `${part.operation}(${part.inputs})`).join("|")).toBe(S2.format(goal));
});

describe("the page's words and drawing", () => {
  const random = new RandomStream(7, "moment");
  const mean = random.normals(S3.size);
  const scale = random.normals(S3.size).map((z) => 0.2 + Math.abs(z));
  const settings = { ...withDefaults({}), space: "1shot1-s3" } as const;
  const moment = momentAt(new Recording(settings, mean, scale), 0);

  test("what is chosen leads; the least of several is ahead of the first that is not", () => {
    const row = S3.rows.findIndex(({ name }) => name === "output");
    const leaders = leading(moment, row);
    expect(leaders.toSorted((a, b) => a - b)).toEqual(picked(S3.rows[row], moment.choices[row]));
    const rest = discarded(moment, row);
    expect(leaders.length + rest.length).toBe(6);
    const at = (candidate: number) => mean[moment.offsets[row] + candidate];
    expect(at(leaders[1])).toBeGreaterThan(at(rest[0]));
    const gap = (at(leaders[1]) - at(rest[0])).toFixed(2);
    expect(reasonOf(moment, row, leaders[1])).toMatch(
      new RegExp(`leads among the inputs of the output: .* mean ${gap} ahead of`),
    );
    expect(reasonOf(moment, row, rest[0])).toMatch(
      new RegExp(`lost to .* among the inputs of the output: .* mean ${gap} behind`),
    );
    expect(chosenName(S3, row, 0, "short")).toBe("in+b1");
  });

  test("rows are named after what they decide", () => {
    expect(S3.rows.map((_, row) => shortName(S3, row)).slice(4)).toEqual(["b5", "→b2", "→b3", "→b4", "→b5", "→out"]);
    expect(edgeName(S3, 7)).toBe("inputs of block 4");
    expect(describeMoment(moment)).toMatch(
      /Leading operation or inputs of each node and its probability to win: block 1/,
    );
    expect(describeCell(moment, moment.choices)).not.toContain("undefined");
  });

  test("the probabilities of drawn cells are those of their choices", () => {
    const draws = 20_000;
    const counts = new Map<string, number>();
    for (let number = 1; number <= draws; number++) {
      const key = sampleOf(moment, 1, number).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const [most, count] = [...counts].sort(([, a], [, b]) => b - a)[0];
    const p = probabilityOf(moment, most.split(",").map(Number)) ?? Number.NaN;
    expect(Math.abs(count / draws - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / draws));
    expect(moment.choices.reduce((product, _, row) => product * shareOf(moment, row), 1)).toBeCloseTo(
      moment.probability ?? -1,
      12,
    );
  });

  test.each([
    [600, 220],
    [360, 300],
  ])("no edge of a cell of %d x %d px runs through a block that it does not join", (width, height) => {
    for (const space of NAS_BENCH_1SHOT1) {
      const { nodes, curves } = layoutBlocks(space, width, height, 17);
      for (const [i, { from, to }] of inputEdges(space).entries()) {
        for (const [x, y] of curves[i].points) {
          expect(y > 0 && y < height).toBe(true);
          for (const [node, [nx, ny]] of nodes.entries())
            if (node !== from && node !== to)
              expect(Math.hypot(x - nx, y - ny), `${space.id} ${from}-${to} by ${node}`).toBeGreaterThan(18);
        }
      }
    }
  });
});

test("every space of the control is one that a search can take", () => {
  for (const [id, space] of Object.entries(SPACES)) expect(space.id).toBe(id);
});
