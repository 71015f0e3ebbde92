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
    note: "BaLeNAS at a size that a laptop searches in about a minute.",
    settings: {},
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
];

/** What "a supernet" and "the instant objective" stand for where nothing else is said. */
export const [SUPERNET, INSTANT] = PRESETS;

/** The form that a preset stands for; the seed stays. */
export function formOf(preset: Preset, seed: number): Settings {
  return withDefaults({ ...preset.settings, seed });
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
