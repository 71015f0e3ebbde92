import { expect, test } from "vitest";
import { accuracyPoints, lossPoints } from "../../src/app/train/curves";
import { lineUp, type Offer } from "../../src/app/train/entrants";
import { flawOf } from "../../src/app/train/hand";
import { DARTS } from "../../src/core/darts";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { wilsonInterval } from "../../src/core/statistics";
import type { NetworkProgress } from "../../src/worker/protocol";

test("a cell drawn by hand is told which node has too many edges, or too few", () => {
  for (const { choices } of PUBLISHED_GENOTYPES) expect(flawOf(DARTS, choices)).toBeNull();
  const [{ choices }] = PUBLISHED_GENOTYPES;
  const none = DARTS.rows[0].choices.indexOf("none");
  const [normal, reduce] = DARTS.cellKinds;
  // Node 2 has the edges of the first two rows alone, and keeps both.
  const without = choices.with(normal.first, none);
  expect(flawOf(DARTS, without)).toBe("Node 2 of the normal cell keeps 1 edge into it, it has to keep 2.");
  const free = choices.findIndex((choice, row) => row >= reduce.first && choice === none);
  expect(flawOf(DARTS, choices.with(free, none + 1))).toMatch(/of the reduction cell keeps 3 edges/);
  expect(flawOf(NAS_BENCH_201, [0, 0, 0, 0, 0, 0])).toBeNull();
});

test("a cell that is on offer twice is trained once, under both names", () => {
  const offer = (source: Offer["source"], title: string, choices: number[]): Offer => ({
    source,
    title,
    note: "",
    choices,
  });
  const offers = [offer("pick", "Pick", [1, 2]), offer("argmax", "Argmax", [1, 2]), offer("random", "Random", [0, 0])];
  const all = { pick: true, argmax: true, known: true, random: true, hand: true };
  expect(lineUp(offers, all).map(({ title }) => title)).toEqual(["Pick, Argmax", "Random"]);
  expect(lineUp(offers, { ...all, pick: false, random: false }).map(({ title }) => title)).toEqual(["Argmax"]);
});

test("curves of networks that are not equally far share their points, and accuracies stand in Wilson's intervals", () => {
  const record = { trainLoss: 1, trainAccuracy: 0.5, testLoss: 1 };
  const network = (ahead: boolean, testAccuracy: number): NetworkProgress => ({
    epochs: 1,
    losses: ahead
      ? [
          [0.5, 2],
          [1, 1.5],
        ]
      : [[0.5, 2.5]],
    records: [{ ...record, epoch: 1, testAccuracy }],
    tested: null,
    problem: null,
  });
  const networks = [network(true, 0.8), network(false, 0.7)];
  expect(lossPoints(networks)).toEqual([
    { step: 0.5, A: 2, B: 2.5 },
    { step: 1, A: 1.5 },
  ]);
  const [low, high] = wilsonInterval(80, 100);
  const [point] = accuracyPoints(networks, 100);
  expect(point).toMatchObject({ step: 1, A: 80, B: 70, "A low": 100 * low, "A high": 100 * high });
});
