import { CELLS as COUNT, cellOfCode, NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import type { Engine, GroupEngine, Score, SupernetSpec, WeightStep } from "../../src/engine/engine";
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

type GroupCase = ReturnType<typeof groupCase>;

/** Scores by step and network, the last ones of an evaluation, and the states at the end. */
interface Trained {
  readonly scores: Score[][];
  readonly states: Float32Array[];
}

const STEPS = 3;
/** Every network clips, by a norm of its own. */
const STEP: WeightStep = { rate: 0.1, momentum: 0.9, decay: 5e-4, clip: 0.5 };

export async function trainedTogether({ batch }: GroupCase, group: GroupEngine): Promise<Trained> {
  const scores: Score[][] = [];
  for (let i = 0; i < STEPS; i++) scores.push(await group.weightStep(batch, STEP));
  scores.push(await group.evaluate(batch));
  return { scores, states: await group.exportStates() };
}

/** The same, one network after the other. */
export async function trainedAlone(
  { specs, weights, batch }: GroupCase,
  createEngine: (spec: SupernetSpec, weights: Float32Array) => Promise<Engine>,
): Promise<Trained> {
  const scores: Score[][] = Array.from({ length: STEPS + 1 }, () => []);
  const states: Float32Array[] = [];
  for (const [i, spec] of specs.entries()) {
    const engine = await createEngine(spec, weights[i]);
    for (let k = 0; k < STEPS; k++) scores[k].push(await engine.weightStep([], batch, STEP));
    scores[STEPS].push(await engine.evaluate([], batch));
    states.push(await engine.exportState());
    engine.dispose();
  }
  return { scores, states };
}
