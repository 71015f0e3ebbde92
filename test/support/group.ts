import { CELLS as COUNT, cellOfCode, NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import type { Engine, GroupEngine, Score, SupernetSpec } from "../../src/engine/engine";
import { commonWeights, parameterLayout } from "../../src/engine/network";
import { CELLS, discreteCase } from "./cases";

/** So many cells: those that have everything between them, then others from all over the space. */
export function manyCells(count: number): number[][] {
  const some = Object.values(CELLS).map((text) => SPACE.parse(text));
  const others = Array.from({ length: count }, (_, i) => cellOfCode((i * 4861 + 77) % COUNT));
  return [...some, ...others].slice(0, count);
}

/** Their networks, and weights that they have in common where they can. */
export function groupCase(cells: readonly (readonly number[])[], batch: number, channels = 4) {
  const made = discreteCase(CELLS["every operation"], { channels, imageChannels: 1 }, batch);
  const specs = cells.map((architecture): SupernetSpec => ({ ...made.spec, architecture }));
  const layouts = specs.map(({ space, sizes, architecture }) => parameterLayout(space, sizes, architecture));
  return { specs, weights: commonWeights(layouts, 3), batch: made.batch };
}

/** What some steps and an evaluation at their end give, of a group and of a network at a time. */
export async function compareGroup(
  { specs, weights, batch }: ReturnType<typeof groupCase>,
  group: GroupEngine,
  createEngine: (spec: SupernetSpec, weights: Float32Array) => Promise<Engine>,
  steps = 3,
) {
  // Every network clips, by a norm of its own.
  const step = { rate: 0.1, momentum: 0.9, decay: 5e-4, clip: 0.5 };
  const grouped: Score[][] = [];
  for (let i = 0; i < steps; i++) grouped.push(await group.weightStep(batch, step));
  grouped.push(await group.evaluate(batch));
  const states = await group.exportStates();
  const single: Score[][] = grouped.map(() => []);
  const singleStates: Float32Array[] = [];
  for (const [i, spec] of specs.entries()) {
    const engine = await createEngine(spec, weights[i]);
    for (let k = 0; k < steps; k++) single[k].push(await engine.weightStep([], batch, step));
    single[steps].push(await engine.evaluate([], batch));
    singleStates.push(await engine.exportState());
    engine.dispose();
  }
  return { grouped, states, single, singleStates };
}
