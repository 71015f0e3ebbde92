import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Settings, withDefaults } from "../../src/core/controls";
import { openDataset } from "../../src/engine/data/packed";
import type { Batch, Engine, SupernetSpec } from "../../src/engine/engine";
import { openSearch } from "../../src/search/open";

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));

/** Runs a few steps on an engine that only writes down what it is given. */
async function given(chosen: Partial<Settings>) {
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
        return { loss: 1, accuracy: 0, gradient: Float64Array.from(mixing, (p) => p - 0.5) };
      },
      evaluate: async () => ({ loss: 1, accuracy: 0 }),
      exportState: async () => weights,
      importState: () => {},
      dispose: () => {},
    };
  };
  const dataset = await openDataset(read, "fashion-mnist");
  const settings = withDefaults({ images: 1250, image: 8, channels: 2, batch: 8, steps: 4, ...chosen });
  const device = { device: "cpu", engine: "reference" } as const;
  const { search } = await openSearch(settings, { dataset, device, createEngine, benchmark: null });
  while (!search.done) await search.step();
  return seen;
}

test("BaLeNAS and DARTS start from the same weights and see the same batches; only the mixing differs", async () => {
  const [balenas, darts] = [await given({ method: "balenas" }), await given({ method: "darts" })];
  expect(balenas.weights).toEqual(darts.weights);
  expect(balenas.trained).toEqual(darts.trained);
  expect(balenas.scored).toEqual(darts.scored);
  expect(balenas.mixing).not.toEqual(darts.mixing);
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
