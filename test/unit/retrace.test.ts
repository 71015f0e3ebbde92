import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Settings } from "../../src/core/controls";
import { CELLS, cellOfCode } from "../../src/core/nasbench201";
import { withDefaults } from "../../src/core/settings";
import { openDataset } from "../../src/engine/data/packed";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { checkRun } from "../../src/search/checkrun";
import { openSearch } from "../../src/search/open";
import { retrace } from "../../src/search/retrace";
import { parseRunFile, toLine } from "../../src/search/runfile";
import type { Search } from "../../src/search/search";

const read = async (path: string) => new Uint8Array(await readFile(new URL(`../../public/${path}`, import.meta.url)));

async function opened(chosen: Partial<Settings>) {
  const dataset = await openDataset(read, "fashion-mnist");
  return openSearch(
    withDefaults({ images: 1250, image: 8, channels: 1, batch: 50, steps: 40, evaluateImages: 50, ...chosen }),
    {
      dataset,
      device: { device: "wasm", engine: "compiled" },
      createEngine: (spec, weights) => createWasmEngine(spec, weights, 1),
      benchmark: null,
    },
  );
}

/** Steps, halves of steps and knobs turned, one of which waits for the second epoch. */
async function recorded(search: Search): Promise<string> {
  const lines = [toLine(search.header)];
  for (let i = 0; !search.done; i++) {
    if (i === 3) lines.push(toLine(search.change({ weightRate: 0.2, weightDecay: 0.01 })));
    if (i === 9) lines.push(toLine(search.change({ shift: 1 })));
    lines.push(toLine(await search.step(i === 5 ? "architecture" : i === 7 ? "weights" : "both")));
  }
  return lines.join("");
}

test.each<Partial<Settings>>([{}, { order: "second" }, { method: "sdarts-rs" }, { method: "rsps", warmupSteps: 4 }])(
  "the supernet of %o is trained again from its run file, to the bit",
  async (chosen) => {
    const first = await opened(chosen);
    const run = checkRun(parseRunFile(await recorded(first.search)));
    const again = await opened(chosen);
    const steps: number[] = [];
    for await (const step of retrace(again.search, run)) steps.push(step);
    expect(steps).toEqual(run.steps.map(({ step }) => step));
    const state = async (search: Search) => {
      const { weights, weightBatches, epoch } = await search.checkpoint(0);
      return { weights, weightBatches, epoch };
    };
    expect(await state(again.search)).toEqual(await state(first.search));
    const cells = [1234, 5678, 9999].map((code) => cellOfCode(code % CELLS));
    for (const cell of cells) {
      const accuracy = await first.search.oneShotAccuracy(cell);
      expect(await again.search.oneShotAccuracy(cell)).toBe(accuracy);
      expect(accuracy).toBeGreaterThan(0);
      expect(accuracy).toBeLessThan(1);
    }
    first.close();
    again.close();
  },
);
