import { BENCHMARK_SETS, type CellFigures } from "../../core/benchmark";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { SHORT_TRAINING } from "../../core/selection";
import { createPlan, planCost } from "../../engine/plan/plan";
import { ONE_SHOT_IMAGES } from "../../search/search";
import { rounded } from "./outcome";

/** How architectures are selected from the default's runs: options of `nas select`. */
export const WAYS = {
  proxies: ["--samples", "100"],
  oneShot: ["--samples", "100", "--rank", "one_shot"],
  trained: ["--samples", "1000", "--train", String(SHORT_TRAINING.candidates)],
} as const;
export type Way = keyof typeof WAYS;

/** What is kept of a selection. */
export interface SelectionOutcome {
  /**
   * Two short trainings were judged and given up: `first`, 30 by NASWOT and FLOPs, halved by their loss alone, and `second`, 50 by NASWOT
   * and SynFlow, of the last seven the best by these.
   */
  readonly way: Way | "first" | "second";
  readonly seed: number;
  readonly architecture: string;
  /** Test accuracy of the pick, %, on CIFAR-10, CIFAR-100, ImageNet16-120. */
  readonly test: readonly number[];
  /** The same of the pick from as many uniformly random cells. */
  readonly control: readonly number[];
  /** The best of the group on each. */
  readonly oracle: readonly number[];
  /** Different cells of the group. */
  readonly candidates: number;
  /** With the CIFAR-10 accuracy, of what decided. */
  readonly rankCorrelation: number;
  /** Of scoring and training the group, without the control. */
  readonly gflop: number;
  /** Of the whole selection with its control. */
  readonly seconds: number;
}

interface Looked {
  readonly architecture: string;
  readonly benchmark: CellFigures["accuracy"];
}

/** @param text what `nas select` printed for a run of NAS-Bench-201 */
export function selectionOf(way: Way, text: string): SelectionOutcome {
  const records = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const candidates = records.filter(({ kind }) => kind === "candidate") as Looked[];
  const trained = records.filter(({ kind }) => kind === "trained") as (Looked & { steps: number })[];
  const { seed, byTraining, rankBy, rankCorrelation, oracle, channels, cells, image, seconds, ...last } =
    records[records.length - 1];
  const { winner, control }: Record<"winner" | "control", Looked> = byTraining ?? {
    winner: last,
    control: last.control,
  };
  const tests = (figures: Readonly<Record<string, { readonly test: number }>>) =>
    BENCHMARK_SETS.map((set) => rounded(figures[set].test));
  // Of a network's weight step on one image a third is the pass forward.
  const scored = { naswot: 64 / 3, synflow: 1 } as Record<string, number>;
  const images = (rankBy as string[]).reduce((sum, name) => sum + (scored[name] ?? 0), 0);
  const scoring = candidates.reduce(
    (sum, { architecture }) => sum + images * flopsOf(architecture, { channels, cells, image, batch: 1 }),
    0,
  );
  const asking = (rankBy as string[]).includes("one_shot")
    ? candidates.length * ONE_SHOT_IMAGES * forwardFlops({ channels, cells, image })
    : 0;
  const training = trained.reduce(
    (sum, { architecture, steps }) => sum + steps * flopsOf(architecture, SHORT_TRAINING),
    0,
  );
  return {
    way,
    seed,
    architecture: winner.architecture,
    test: tests(winner.benchmark),
    control: tests(control.benchmark),
    oracle: tests(oracle),
    candidates: candidates.length,
    rankCorrelation: rounded(byTraining ? byTraining.rankCorrelation : rankCorrelation.rank),
    gflop: rounded((scoring + asking + training) / 1e9),
    seconds: Math.round(seconds),
  };
}

type Sizes = Record<"channels" | "cells" | "image", number>;

const sizesOf = ({ channels, cells, image }: Sizes) => ({ channels, cells, image, imageChannels: 1, classes: 10 });

/** Of an image's pass through the supernet. */
function forwardFlops(of: Sizes): number {
  const plan = createPlan({ space: NAS_BENCH_201, sizes: sizesOf(of), batch: 1 });
  return planCost(plan, { architecture: 0, weights: 0, forward: 1 }).flops;
}

/** Of a weight step. */
function flopsOf(architecture: string, of: Sizes & Record<"batch", number>): number {
  const { batch } = of;
  const sizes = sizesOf(of);
  const choices = NAS_BENCH_201.parse(architecture);
  return planCost(createPlan({ space: NAS_BENCH_201, sizes, batch, architecture: choices })).flops;
}
