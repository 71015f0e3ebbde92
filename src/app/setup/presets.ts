import { CONTROL_KEYS, type Settings } from "../../core/controls";
import { withDefaults } from "../../core/settings";

export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly settings: Partial<Settings>;
}

export const PRESETS: readonly Preset[] = [
  {
    id: "minute",
    title: "One minute",
    note: "BaLeNAS as it did best and most steadily in sweeps over seeds that nothing else was judged by.",
    settings: {},
  },
  {
    id: "ten-minutes",
    title: "Ten minutes",
    note: "Four times the steps at a quarter of the architecture rate, for watching every change at leisure.",
    settings: { steps: 9600, archRate: 0.000625 },
  },
  {
    id: "instant",
    title: "Instant",
    note: "BaLeNAS on the benchmark's own answers, which no real search sees: no images, no GPU, 1,000 steps in about a second.",
    settings: { objective: "instant", objectiveNoise: 8, archRate: 0.01, steps: 1000, evaluateEvery: 50 },
  },
  {
    id: "author",
    title: "Author's constants",
    note: "The constants of the first author's code; at 3e−4 a step the means need a far longer search to part.",
    settings: {
      archRate: 3e-4,
      weightsAt: "mean",
      priorPrecision: 1,
      initialPrecision: 1,
      posteriorN: 25000,
      samples: 1,
      update: "vadam",
      curvature: "batch",
    },
  },
  {
    id: "darts",
    title: "DARTS",
    note: "The same seed, batches and rates; a single value in place of each Gaussian.",
    settings: { method: "darts" },
  },
  {
    id: "skips",
    title: "Skips take over",
    note: "DARTS on few images and three cells a stage. At this seed, on WebAssembly, all six edges skip first at step 195 and all but always from step 245 on: a cell of 54.30 % on CIFAR-10.",
    settings: { method: "darts", image: 8, batch: 32, cells: 3, images: 2500, seed: 102 },
  },
];

/** What "a supernet" and "the instant objective" stand for where nothing else is said. */
export const [SUPERNET, , INSTANT] = PRESETS;

/** The form that a preset stands for; the seed stays, unless the preset shows what happened at one. */
export function formOf(preset: Preset, seed: number): Settings {
  return withDefaults({ seed, ...preset.settings });
}

/** The preset that a form still equals. */
export function presetOf(form: Settings): Preset | null {
  return (
    PRESETS.find((preset) => {
      const wanted = formOf(preset, form.seed);
      return CONTROL_KEYS.every((key) => wanted[key] === form[key]);
    }) ?? null
  );
}
