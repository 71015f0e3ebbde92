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

  it("keeps those whose places in the list and by their loss are best together, and goes on with what they have learnt", async () => {
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
    const better = (losses: readonly number[], count: number) => {
      const places = losses.map((loss, k) => k + losses.filter((other) => other < loss).length);
      return places
        .map((place, k) => ({ place, k }))
        .sort((a, b) => a.place - b.place || a.k - b.k)
        .slice(0, count)
        .map(({ k }) => k);
    };
    const cellsOf = (g: number) => groups[g].specs.map(({ architecture }) => architecture);
    expect(cellsOf(1)).toEqual(better(groups[0].losses[1], 3).map((i) => CELLS[i]));
    const inTheList = CELLS.filter((cell) => cellsOf(1).includes(cell));
    const [third, fourth] = groups[1].losses;
    const sums = inTheList.map((cell) => cellsOf(1).indexOf(cell)).map((k) => third[k] + fourth[k]);
    expect(cellsOf(2)).toEqual(better(sums, 2).map((k) => inTheList[k]));
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

it("ranks who stayed longer first, then by the sum of two places, and what ran away last", () => {
  const [short, long, away] = [{ steps: 2 }, { steps: 4 }, { steps: 4, loss: Number.POSITIVE_INFINITY }];
  const outcomes = [
    { ...short, loss: 1 },
    away,
    // In the list 0, 1, 2 and 3 of those that have a loss, by it 2, 3, 0 and 1: sums of 2, 4, 2 and 4 and a place more after what ran away.
    { ...long, loss: 3 },
    { ...long, loss: 4 },
    { ...short, loss: 0.5 },
    { ...long, loss: 1 },
    { ...long, loss: 2 },
    away,
  ];
  // Of equals the one that comes first.
  expect(rankTrained(outcomes)).toEqual([2, 5, 3, 6, 1, 7, 0, 4]);
});
