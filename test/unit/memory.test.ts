import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { supernetCase } from "../support/cases";

it("2,000 search steps on WASM leave memory where it was", async ({ annotate }) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const { spec, weights, mixing, batch } = supernetCase({ channels: 1, image: 8, imageChannels: 1 }, 3);
  const engine = await createWasmEngine(spec, weights);
  const take = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      await engine.architectureGradient(mixing, batch, true);
      await engine.weightStep(mixing, batch, { rate: 0.05, momentum: 0.9, decay: 3e-4, clip: 5 });
    }
    // What finalizers free goes at a second collection, on a turn of its own.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise(setImmediate);
    }
    const { heapUsed, external } = process.memoryUsage();
    // Array buffers are counted among what is external.
    return heapUsed + external;
  };
  await take(500);
  // Code and counters of the engine itself may move once; what a step leaves behind is there after every round.
  const grown: number[] = [];
  let before = await take(10);
  while (grown.length < 3) {
    const after = await take(2000);
    grown.push(after - before);
    before = after;
  }
  await annotate(`grown by ${grown.join(", ")} bytes`);
  // 100 bytes a step would be twice this.
  expect(Math.min(...grown)).toBeLessThan(100_000);
});
