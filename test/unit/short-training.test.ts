import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import type { Choices } from "../../src/core/space";
import type { Dataset } from "../../src/engine/data/dataset";
import { openIdxDataset } from "../../src/engine/data/idx";
import type { OpenDevice } from "../../src/engine/device";
import type { GroupEngine, SupernetSpec } from "../../src/engine/engine";
import { createWasmGroup } from "../../src/engine/wasm/group";
import { halvingRounds, rankTrained, shortTraining } from "../../src/search/short-training";
import { manyCells } from "../support/group";
import { idxFolder, reader } from "./synthetic-data";

const SIZES = { channels: 2, cells: 1, image: 4, imageChannels: 1, classes: 4 };
const CELLS = manyCells(5);

let dataset: Dataset;
beforeAll(async () => {
  dataset = await openIdxDataset(reader(idxFolder({ train: 80, test: 10 })), "folder");
});

async function trained(cells: readonly Choices[], createGroup: OpenDevice["createGroup"]) {
  const options = {
    space: SPACE,
    sizes: SIZES,
    batch: 32,
    dataset,
    seed: 1,
    steps: 2,
    rounds: 3,
    device: { createGroup },
  };
  const training = shortTraining(cells, options);
  const reports = [];
  for (;;) {
    const { value, done } = await training.next();
    if (done) return { outcomes: value, reports };
    reports.push(value);
  }
}

describe("short training", () => {
  it("halves the networks and doubles their steps", () => {
    expect(halvingRounds(100, { steps: 100, rounds: 3 })).toEqual([
      { networks: 100, steps: 100 },
      { networks: 50, steps: 200 },
      { networks: 25, steps: 400 },
    ]);
  });

  it("keeps those whose loss over the last half of their steps is smallest, and goes on with what they have learnt", async () => {
    const groups: { specs: readonly SupernetSpec[]; losses: number[][] }[] = [];
    const watched: OpenDevice["createGroup"] = async (specs, weights) => {
      const group = await createWasmGroup(specs, weights, 1);
      const losses: number[][] = [];
      groups.push({ specs, losses });
      const weightStep: GroupEngine["weightStep"] = async (batch, step) => {
        const scores = await group.weightStep(batch, step);
        losses.push(scores.map(({ loss }) => loss));
        return scores;
      };
      return Object.assign(Object.create(group), { weightStep });
    };
    const { outcomes, reports } = await trained(CELLS, watched);
    expect(groups.map(({ specs }) => specs.length)).toEqual([5, 3, 2]);
    // By hand: of two steps the last one decides, of four the last two.
    const byLoss = groups[0].losses[1].map((loss, i) => ({ loss, i })).sort((a, b) => a.loss - b.loss);
    const cellsOf = (g: number) => groups[g].specs.map(({ architecture }) => architecture);
    expect(cellsOf(1)).toEqual(byLoss.slice(0, 3).map(({ i }) => CELLS[i]));
    const second = cellsOf(1).map((cell, k) => ({ cell, loss: groups[1].losses[0][k] + groups[1].losses[1][k] }));
    expect(cellsOf(2)).toEqual(
      second
        .sort((a, b) => a.loss - b.loss)
        .slice(0, 2)
        .map(({ cell }) => cell),
    );
    expect(outcomes.map(({ steps }) => steps).sort()).toEqual([2, 2, 4, 8, 8]);
    expect(reports.at(-1)).toEqual({ round: 3, networks: 2, done: 10 + 6 + 8, total: 24 });
    // Whoever trains without a rest comes to the same.
    const winner = rankTrained(outcomes)[0];
    const alone = await trained([CELLS[winner]], watched);
    expect(alone.outcomes[0].loss).toBe(outcomes[winner].loss);
  });

  it("says what it needs", async () => {
    await expect(trained(CELLS, undefined)).rejects.toThrow(InputError);
    await expect(trained([], (specs, weights) => createWasmGroup(specs, weights, 1))).rejects.toThrow(
      /at least one network/,
    );
  });
});

it("ranks who stayed longer first, then smaller losses, and what ran away last", () => {
  const outcomes = [
    { steps: 2, loss: 1 },
    { steps: 4, loss: Number.POSITIVE_INFINITY },
    { steps: 4, loss: 2 },
    { steps: 2, loss: 0.5 },
    { steps: 4, loss: Number.POSITIVE_INFINITY },
  ];
  expect(rankTrained(outcomes)).toEqual([2, 1, 4, 3, 0]);
});
