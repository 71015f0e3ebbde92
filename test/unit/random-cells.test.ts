import { afterAll, describe, expect, it } from "vitest";
import { DARTS } from "../../src/core/darts";
import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { type Choices, type NetworkSizes, oneHot, type SearchSpace } from "../../src/core/space";
import { layoutSize, parameterLayout } from "../../src/engine/network";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { drawn } from "../support/cases";

/** Random cells of each space. */
const CELLS = 10_000;

/** How many of them are also trained and evaluated; CELLS_FORWARD=10000 takes all, which is minutes. */
const FORWARD = Number(process.env.CELLS_FORWARD ?? 100);

const SIZES: NetworkSizes = { channels: 2, cells: 1, image: 4, imageChannels: 1, classes: 3 };

type Drawable = Pick<SearchSpace, "id" | "size" | "discretise" | "format" | "parse" | "connected" | "cost">;

/** Cells that random preferences decide for, always the same. */
function cellsOf({ id, size, discretise }: Drawable, count: number): number[][] {
  const random = new RandomStream(1, `cells of ${id}`);
  return Array.from({ length: count }, () => discretise(random.normals(size)));
}

/** Checks what is known of every cell; how many of them are connected. */
function connectedOf(space: Drawable): number {
  let connected = 0;
  for (const choices of cellsOf(space, CELLS)) {
    const text = space.format(choices);
    expect(space.parse(text), text).toEqual(choices);
    const { parameters, flops } = space.cost(choices, SIZES);
    expect(Number.isSafeInteger(parameters) && Number.isSafeInteger(flops) && parameters > 0, text).toBe(true);
    if (space.connected(choices)) connected++;
  }
  return connected;
}

/** Whether operations lead from the input of a NAS-Bench-201 cell to its output, path by path. */
function hasPath([to1, to2, from1To2, to3, from1To3, from2To3]: Choices): boolean {
  return [[to3], [to1, from1To3], [to2, from2To3], [to1, from1To2, from2To3]].some((path) =>
    path.every((operation) => operation !== 0),
  );
}

describe(`${CELLS} random cells`, () => {
  for (const space of [DARTS, ...NAS_BENCH_1SHOT1]) {
    it(`of ${space.title} are written and read back, cost something and are all connected`, () => {
      expect(connectedOf(space)).toBe(CELLS);
    });
  }

  it("of NAS-Bench-201 are written and read back, cost something and are connected where a path says so", () => {
    const expected = cellsOf(NAS_BENCH_201, CELLS).filter(hasPath).length;
    expect(expected).toBeLessThan(CELLS);
    expect(connectedOf(NAS_BENCH_201)).toBe(expected);
  });

  const STEP = { rate: 0.025, momentum: 0.9, decay: 3e-4, clip: 5 };
  const lines: string[] = [];
  const note = (title: string, begun: number, largest: number) => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    lines.push(`${title}: ${FORWARD} cells in ${seconds} s, the largest loss ${largest.toFixed(2)}`);
  };
  afterAll(() => {
    if (FORWARD > 100) for (const line of lines) console.log(line);
  });

  for (const space of [NAS_BENCH_201, DARTS]) {
    it(`of ${space.title} have a network of as many weights as they cost`, () => {
      for (const choices of cellsOf(space, CELLS)) {
        const { parameters } = space.cost(choices, SIZES);
        if (layoutSize(parameterLayout(space, SIZES, choices)) === parameters) continue;
        expect.fail(`the network of ${space.format(choices)} has not ${parameters} weights`);
      }
    });

    it(`of ${space.title}: ${FORWARD} take a step and are evaluated, and stay finite`, { timeout: 3.6e6 }, async () => {
      const begun = performance.now();
      let largest = 0;
      for (const [i, architecture] of cellsOf(space, FORWARD).entries()) {
        const { spec, weights, batch } = drawn({ space, sizes: SIZES, batch: 4, architecture }, "zero", i);
        const engine = await createWasmEngine(spec, weights, 1);
        const trained = await engine.weightStep([], batch, STEP);
        const { loss } = await engine.evaluate([], batch);
        const state = await engine.exportState();
        engine.dispose();
        const stayed = Number.isFinite(trained.loss) && Number.isFinite(loss) && state.every(Number.isFinite);
        expect(stayed, space.format(architecture)).toBe(true);
        largest = Math.max(largest, trained.loss, loss);
      }
      note(space.title, begun, largest);
    });
  }

  // Without networks of their own, they are cells of the supernet: what is picked shares its row.
  for (const space of NAS_BENCH_1SHOT1) {
    it(`of ${space.title}: ${FORWARD} take a step in the supernet, and stay finite`, { timeout: 3.6e6 }, async () => {
      const begun = performance.now();
      const { spec, weights, batch } = drawn({ space, sizes: SIZES, batch: 4 }, "zero", 1);
      const engine = await createWasmEngine(spec, weights, 1);
      const start = await engine.exportState();
      let largest = 0;
      for (const choices of cellsOf(space, FORWARD)) {
        const mixing = oneHot(space.rows, choices);
        engine.importState(start);
        const trained = await engine.weightStep(mixing, batch, STEP);
        const { loss } = await engine.evaluate(mixing, batch);
        const stayed = [trained.loss, loss, ...(await engine.exportState())].every(Number.isFinite);
        expect(stayed, space.format(choices)).toBe(true);
        largest = Math.max(largest, trained.loss, loss);
      }
      engine.dispose();
      note(space.title, begun, largest);
    });
  }
});
