import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CONTROLS, type Settings } from "../../src/core/controls";
import { createMethod } from "../../src/core/methods";
import { Rsps } from "../../src/core/methods/rsps";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { stepPasses, withDefaults } from "../../src/core/settings";
import { argmaxRows } from "../../src/core/space";
import { openDataset } from "../../src/engine/data/packed";
import type { Batch, Engine, SupernetSpec } from "../../src/engine/engine";
import { openSearch } from "../../src/search/open";
import type { ChangeRecord, StepRecord } from "../../src/search/records";
import type { Search } from "../../src/search/search";
import { searchOn, standIn } from "../support/stand-in";

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));

/** Runs a few steps on an engine that only writes down what it is given. */
async function given(chosen: Partial<Settings>, during: (search: Search) => void = () => {}) {
  const seen: { weights?: Float32Array; trained: Batch[]; scored: Batch[]; mixing: number[][] } = {
    trained: [],
    scored: [],
    mixing: [],
  };
  const createEngine = async (spec: SupernetSpec, weights: Float32Array): Promise<Engine> => {
    seen.weights = weights;
    return standIn({
      spec,
      weightStep: async (mixing, batch) => {
        seen.trained.push(batch);
        seen.mixing.push(Array.from(mixing));
        return { loss: 1, accuracy: 0 };
      },
      architectureGradient: async (mixing, batch) => {
        seen.scored.push(batch);
        during(opened.search);
        return { loss: 1, accuracy: 0, gradient: Float64Array.from(mixing, (p) => p - 0.5) };
      },
      weightGradient: async () => ({ loss: 1, accuracy: 0, gradient: new Float32Array(weights.length) }),
      evaluate: async () => ({ loss: 1, accuracy: 0 }),
      exportState: async () => weights,
    });
  };
  const dataset = await openDataset(read, "fashion-mnist");
  const settings = withDefaults({ images: 1250, image: 8, channels: 2, batch: 8, steps: 4, ...chosen });
  const device = { device: "cpu", engine: "reference" } as const;
  const opened = await openSearch(settings, { dataset, device, createEngine, benchmark: null });
  const steps: StepRecord[] = [];
  while (!opened.search.done) steps.push(await opened.search.step());
  return { ...seen, steps };
}

const darts = await given({ method: "darts" });

test.each([
  // PC-DARTS has fewer weights where not all channels go through the operations, and trains them alone at first.
  ...CONTROLS.method.options.map(({ value }) =>
    value === "pc-darts" ? ({ method: value, partialChannels: 1, warmupSteps: 0 } as const) : { method: value },
  ),
  { method: "darts", order: "second" },
  { method: "balenas", order: "second", samples: 2 },
] as const)("%o starts from the weights of DARTS and trains on the same batches", async (chosen) => {
  const tried = await given(chosen);
  expect(tried.weights).toEqual(darts.weights);
  expect(tried.trained).toEqual(darts.trained);
  // The architecture learns from its own half, and may look at the batch that the weights train on.
  const { method } = chosen;
  if (method !== "rsps") for (const own of darts.scored) expect(tried.scored).toContainEqual(own);
  if (method === "balenas") expect(tried.mixing).not.toEqual(darts.mixing);
});

test("SDARTS-ADV attacks on the batch that the weights train on, and takes the passes that its cost names", async () => {
  const adversary = await given({ method: "sdarts-adv" });
  const { architecture, forward } = stepPasses(withDefaults({ method: "sdarts-adv" }));
  expect([architecture, forward]).toEqual([1 + 7, 2]);
  for (let step = 0; step < 4; step++) {
    const [own, ...attacked] = adversary.scored.slice(step * architecture, (step + 1) * architecture);
    expect(own).toEqual(darts.scored[step]);
    expect(attacked.every((batch) => batch === adversary.trained[step])).toBe(true);
  }
  expect(adversary.scored).toHaveLength(4 * architecture);
  expect(adversary.mixing).not.toEqual(darts.mixing);
});

test("another seed has other weights and batches", async () => {
  const [one, two] = [await given({ seed: 1 }), await given({ seed: 2 })];
  expect(one.weights).not.toEqual(two.weights);
  expect(one.trained[0]).not.toEqual(two.trained[0]);
});

test("more Monte Carlo samples look at one batch, so the method cannot change what comes next", async () => {
  const several = await given({ samples: 3 });
  expect(several.scored[0]).toBe(several.scored[2]);
  expect(several.trained).toEqual((await given({})).trained);
});

test("RSPS ends once its decision has stood for as many steps as the patience says, counted from decision to decision", async () => {
  const rows = [{ name: "1<-0", choices: ["worse", "better"] }];
  const open = (patience: number, better: (step: number) => number) => {
    const settings = withDefaults({ method: "rsps", trials: 20, steps: 100, evaluateEvery: 10, patience });
    let step = 0;
    const engine = standIn({
      spec: { space: NAS_BENCH_201, sizes: NAS_BENCH_201.published, batch: 1 },
      weightStep: async () => ({ loss: ++step, accuracy: 0 }),
      evaluate: async (mixing) => ({ loss: 1, accuracy: mixing[better(step)] }),
    });
    const discretise = (mean: ArrayLike<number>) => argmaxRows(rows, mean);
    const space = { ...NAS_BENCH_201, rows, size: 2, discretise, format: String };
    return searchOn(engine, { settings, space, method: new Rsps(space, settings, Float64Array.of(1e-3, 0)) });
  };
  const length = async (search: Search) => {
    while (!search.done) await search.step();
    return search.steps;
  };
  // First decided at 10; then kept for 10 steps at 20, 20 at 30, 30 at 40.
  expect(await length(open(20, () => 1))).toBe(30);
  expect(await length(open(25, () => 1))).toBe(40);
  // Another winner from step 25 on.
  expect(await length(open(20, (step) => (step < 25 ? 1 : 0)))).toBe(50);
  expect(await length(open(0, () => 1))).toBe(100);
});

test("a knob turned during a step acts from the step that its record names", async () => {
  const changes: ChangeRecord[] = [];
  const turn = (search: Search) => {
    if (search.steps === 1) changes.push(search.change({ archRate: 0.1 }));
  };
  const turned = await given({ method: "darts" }, turn);
  expect(changes).toEqual([{ kind: "change", step: 3, settings: { archRate: 0.1 } }]);
  expect(turned.steps[1].mean).toEqual(darts.steps[1].mean);
  expect(turned.steps[2].mean).not.toEqual(darts.steps[2].mean);
});

test("one-shot accuracy leaves every operation but the architecture's out, and is that of all images", async () => {
  const space = NAS_BENCH_201;
  const architecture = [3, 0, 4, 1, 2, 3];
  const accuracies = [0.25, 1];
  const seen: number[][] = [];
  const engine = standIn({
    spec: { space, sizes: space.published, batch: 1 },
    evaluate: async (mixing) => {
      seen.push(Array.from(mixing));
      return { loss: 1, accuracy: accuracies[seen.length - 1] };
    },
  });
  const settings = withDefaults({ method: "darts" });
  const batch = (images: number): Batch => ({ images: new Float32Array(0), labels: new Uint8Array(images) });
  const search = searchOn(engine, { settings, space, method: createMethod(settings, space) }, async () => [
    batch(4),
    batch(2),
  ]);
  // 1 of 4 images and 2 of 2.
  expect(await search.oneShotAccuracy(architecture)).toBe(0.5);
  const row = (choice: number) => [0, 1, 2, 3, 4].map((other) => (other === choice ? 1 : 0));
  expect(seen).toEqual([architecture.flatMap(row), architecture.flatMap(row)]);
});
