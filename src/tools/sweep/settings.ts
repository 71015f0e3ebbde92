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

/** The same architecture rate, start and constants as the authors of BaLeNAS print in their code. */
const AUTHORS: Partial<Settings> = { archRate: 3e-4, weightsAt: "mean", weightRate: 0.025, batch: 64 };

export const QUESTIONS: readonly Question[] = [
  {
    title: "Where the weights are trained, and what the scales add",
    lines: [
      { name: "default", settings: {} },
      { name: "at-mean", settings: { weightsAt: "mean" } },
      { name: "fixed-0.3", settings: { scales: "fixed", fixedScale: 0.3 } },
      { name: "fixed-0.6", settings: { scales: "fixed", fixedScale: 0.6 } },
      { name: "no-noise", settings: { scales: "none" } },
      { name: "authors", settings: AUTHORS },
    ],
  },
  {
    title: "Architecture rate",
    lines: [
      { name: "rate-0.00125", settings: { archRate: 0.00125 } },
      { name: "rate-0.005", settings: { archRate: 0.005 } },
      { name: "rate-0.01", settings: { archRate: 0.01 } },
    ],
  },
  {
    title: "Data size N, curvature, samples",
    lines: [
      { name: "n-5000", settings: { posteriorN: 5000 } },
      { name: "n-100000", settings: { posteriorN: 100_000 } },
      { name: "per-example", settings: { curvature: "example" } },
      { name: "two-samples", settings: { samples: 2 } },
    ],
  },
  {
    title: "Images, weights and sizes",
    lines: [
      { name: "weight-rate-0.1", settings: { weightRate: 0.1 } },
      { name: "weight-rate-0.025", settings: { weightRate: 0.025 } },
      { name: "warm-up-600", settings: { warmupSteps: 600 } },
      { name: "8-px", settings: { image: 8 } },
      { name: "three-cells", settings: { cells: 3, steps: 1200, archRate: 0.005 } },
      { name: "8-channels", settings: { channels: 8, steps: 1200, archRate: 0.005 } },
      { name: "steps-1200", settings: { steps: 1200, archRate: 0.005 } },
    ],
  },
  {
    title: "At 8 px, where a step costs a quarter",
    lines: [
      { name: "8-px-rate-0.005", settings: { image: 8, archRate: 0.005 } },
      { name: "8-px-n-5000", settings: { image: 8, posteriorN: 5000 } },
      { name: "8-px-fixed-0.6", settings: { image: 8, scales: "fixed", fixedScale: 0.6 } },
      { name: "8-px-8-channels", settings: { image: 8, channels: 8 } },
      { name: "8-px-three-cells", settings: { image: 8, cells: 3 } },
      { name: "8-px-batch-64", settings: { image: 8, batch: 64 } },
      { name: "8-px-warm-up", settings: { image: 8, warmupSteps: 600 } },
      { name: "8-px-per-example", settings: { image: 8, curvature: "example" } },
      { name: "8-px-weight-rate-0.1", settings: { image: 8, weightRate: 0.1 } },
      { name: "8-px-warm-up-example", settings: { image: 8, warmupSteps: 600, curvature: "example" } },
      { name: "8-px-warm-up-0.005", settings: { image: 8, warmupSteps: 600, archRate: 0.005 } },
      { name: "8-px-warm-up-batch-64", settings: { image: 8, warmupSteps: 600, batch: 64 } },
      {
        name: "8-px-warm-up-example-0.005",
        settings: { image: 8, warmupSteps: 600, curvature: "example", archRate: 0.005 },
      },
      { name: "8-px-warm-up-1200-0.005", settings: { image: 8, warmupSteps: 1200, archRate: 0.005 } },
      { name: "8-px-batch-64-0.005", settings: { image: 8, batch: 64, archRate: 0.005 } },
      { name: "8-px-two-samples", settings: { image: 8, samples: 2 } },
      { name: "8-px-batch-64-fixed-0.6", settings: { image: 8, batch: 64, scales: "fixed", fixedScale: 0.6 } },
      { name: "8-px-darts", settings: { image: 8, method: "darts" } },
      { name: "8-px-drnas", settings: { image: 8, method: "drnas" } },
    ],
  },
  {
    title: "Longer searches",
    lines: [
      { name: "long-slow", settings: { image: 8, batch: 64, steps: 9600, archRate: 0.000625 } },
      { name: "long-batch-256", settings: { image: 8, batch: 256, steps: 4800 } },
      { name: "long-four-samples", settings: { image: 8, batch: 64, samples: 4, steps: 4800 } },
      { name: "long-16-px", settings: { image: 16, batch: 64, steps: 4800 } },
    ],
  },
  {
    title: "DARTS drifting into skips: few images, which the weights come to know by heart",
    lines: [
      { name: "drift", settings: { method: "darts", image: 8, images: 2500 } },
      { name: "drift-long", settings: { method: "darts", image: 8, images: 2500, steps: 9600 } },
      { name: "drift-three-cells", settings: { method: "darts", image: 8, images: 2500, cells: 3 } },
      { name: "drift-0.01", settings: { method: "darts", image: 8, images: 2500, cells: 3, archRate: 0.01 } },
    ],
  },
  {
    title: "Other methods",
    lines: [
      { name: "darts", settings: { method: "darts" } },
      { name: "drnas", settings: { method: "drnas" } },
      { name: "gdas", settings: { method: "gdas" } },
      { name: "rsps", settings: { method: "rsps" } },
    ],
  },
];

export const LINES: readonly Line[] = QUESTIONS.flatMap(({ lines }) => lines);
