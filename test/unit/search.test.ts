import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Settings } from "../../src/core/controls";
import { stepPasses, withDefaults } from "../../src/core/settings";
import { openDataset } from "../../src/engine/data/packed";
import type { Batch, Engine, SupernetSpec } from "../../src/engine/engine";
import { openSearch } from "../../src/search/open";
import type { ChangeRecord, StepRecord } from "../../src/search/records";
import type { Search } from "../../src/search/search";

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
    return {
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
      importState: () => {},
      dispose: () => {},
    };
  };
  const dataset = await openDataset(read, "fashion-mnist");
  const settings = withDefaults({ images: 1250, image: 8, channels: 2, batch: 8, steps: 4, ...chosen });
  const device = { device: "cpu", engine: "reference" } as const;
  const opened = await openSearch(settings, { dataset, device, createEngine, benchmark: null });
  const steps: StepRecord[] = [];
  while (!opened.search.done) steps.push(await opened.search.step());
  return { ...seen, steps };
}

test("BaLeNAS and DARTS start from the same weights and see the same batches; only the mixing differs", async () => {
  const [balenas, darts] = [await given({ method: "balenas" }), await given({ method: "darts" })];
  expect(balenas.weights).toEqual(darts.weights);
  expect(balenas.trained).toEqual(darts.trained);
  expect(balenas.scored).toEqual(darts.scored);
  expect(balenas.mixing).not.toEqual(darts.mixing);
});

test("SDARTS-ADV sees the same batches as DARTS, attacks on the one that the weights train on, and takes the passes its cost names", async () => {
  const [adversary, darts] = [await given({ method: "sdarts-adv" }), await given({ method: "darts" })];
  expect(adversary.weights).toEqual(darts.weights);
  expect(adversary.trained).toEqual(darts.trained);
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

test("a knob turned during a step acts from the step that its record names", async () => {
  const changes: ChangeRecord[] = [];
  const turn = (search: Search) => {
    if (search.steps === 1) changes.push(search.change({ archRate: 0.1 }));
  };
  const [turned, plain] = [await given({ method: "darts" }, turn), await given({ method: "darts" })];
  expect(changes).toEqual([{ kind: "change", step: 3, settings: { archRate: 0.1 } }]);
  expect(turned.steps[1].mean).toEqual(plain.steps[1].mean);
  expect(turned.steps[2].mean).not.toEqual(plain.steps[2].mean);
});
