import type { Settings } from "../../core/controls";

/** One line of the sweep: what differs from the defaults of `nas search`. */
export interface Line {
  /** Short and unique; names the run files. */
  readonly name: string;
  readonly settings: Partial<Settings>;
}

/** A question that the sweep asks, and the lines that answer it. */
export interface Question {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Seeds for choosing defaults, and seeds for judging them, which no choice has seen. */
export const SEEDS = { choose: [100, 131], judge: [0, 15] } as const;

/** What the sweep began with: the settings that the lines of 16 px differ from. */
const FIRST: Partial<Settings> = { image: 16, batch: 32 };
const SMALL: Partial<Settings> = { image: 8, batch: 32 };

const lines = (base: Partial<Settings>, all: Readonly<Record<string, Partial<Settings>>>): Line[] =>
  Object.entries(all).map(([name, settings]) => ({ name, settings: { ...base, ...settings } }));

export const QUESTIONS: readonly Question[] = [
  {
    title: "The default, and its ablations",
    lines: lines(
      {},
      {
        default: {},
        "at-mean": { weightsAt: "mean" },
        "fixed-0.6": { scales: "fixed", fixedScale: 0.6 },
        "no-noise": { scales: "none" },
        "rate-0.005": { archRate: 0.005 },
        "warm-up": { warmupSteps: 600 },
        // The author's constants of the posterior, in a search of this length.
        author: { archRate: 3e-4, weightsAt: "mean" },
      },
    ),
  },
  {
    title: "Other methods at the default's sizes",
    lines: lines(
      {},
      {
        darts: { method: "darts" },
        drnas: { method: "drnas" },
        gdas: { method: "gdas" },
        rsps: { method: "rsps" },
      },
    ),
  },
  {
    title: "8 px, batches of 32",
    lines: lines(SMALL, {
      "8-px": {},
      "8-px-rate-0.005": { archRate: 0.005 },
      "8-px-n-5000": { posteriorN: 5000 },
      "8-px-fixed-0.6": { scales: "fixed", fixedScale: 0.6 },
      "8-px-8-channels": { channels: 8 },
      "8-px-three-cells": { cells: 3 },
      "8-px-two-samples": { samples: 2 },
      "8-px-warm-up": { warmupSteps: 600 },
      "8-px-per-example": { curvature: "example" },
      "8-px-weight-rate-0.1": { weightRate: 0.1 },
      "8-px-warm-up-example": { warmupSteps: 600, curvature: "example" },
      "8-px-warm-up-0.005": { warmupSteps: 600, archRate: 0.005 },
      "8-px-warm-up-example-0.005": { warmupSteps: 600, curvature: "example", archRate: 0.005 },
      "8-px-warm-up-1200-0.005": { warmupSteps: 1200, archRate: 0.005 },
      "8-px-darts": { method: "darts" },
      "8-px-drnas": { method: "drnas" },
    }),
  },
  {
    title: "16 px, batches of 32",
    lines: lines(FIRST, {
      "16-px": {},
      "16-px-at-mean": { weightsAt: "mean" },
      "16-px-fixed-0.3": { scales: "fixed", fixedScale: 0.3 },
      "16-px-fixed-0.6": { scales: "fixed", fixedScale: 0.6 },
      "16-px-no-noise": { scales: "none" },
      "16-px-rate-0.00125": { archRate: 0.00125 },
      "16-px-rate-0.005": { archRate: 0.005 },
      "16-px-n-5000": { posteriorN: 5000 },
      "16-px-per-example": { curvature: "example" },
      "16-px-three-cells": { cells: 3, steps: 1200, archRate: 0.005 },
      "16-px-darts": { method: "darts" },
    }),
  },
  {
    title: "Longer searches",
    lines: lines(
      {},
      {
        "long-slow": { steps: 9600, archRate: 0.000625 },
        "long-batch-256": { batch: 256, steps: 4800 },
        "long-four-samples": { samples: 4, steps: 4800 },
        "long-16-px": { image: 16, steps: 4800 },
      },
    ),
  },
  {
    title: "DARTS drifting into skips: few images, which the weights come to know by heart",
    lines: lines(
      { ...SMALL, method: "darts", images: 2500 },
      {
        drift: {},
        "drift-long": { steps: 9600 },
        "drift-three-cells": { cells: 3 },
        "drift-0.01": { cells: 3, archRate: 0.01 },
      },
    ),
  },
];

export const LINES: readonly Line[] = QUESTIONS.flatMap((question) => question.lines);
