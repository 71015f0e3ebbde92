import { selfTest, testCase } from "../selftest";
import { createWebGpuEngine } from "./engine";
import { type Variant, variantsFor } from "./lower";

/** Share of the time of the expected variant that another one must stay under: less is noise, and the same bits every day are worth more. */
const GAIN = 0.9;

/** Once so long has been spent, most of it on compilation, no further variant is tried, milliseconds. */
const PATIENCE = 3000;

/** Search steps that are timed; the fastest counts. */
const STEPS = 8;

/** Side of the images of a timed step, pixels: that of the default search. */
const IMAGE = 16;

export interface Timing {
  readonly variant: Variant;
  /** Of one search step; infinite where it failed, or the self-test did. */
  readonly milliseconds: number;
}

export interface VariantChoice {
  readonly variant: Variant;
  /** Those that were tried, in order; none where there was nothing to choose. */
  readonly timings: readonly Timing[];
}

/**
 * Times search steps of the default network on a device, and picks the fastest variant that passes the self-test.
 * @param variants to choose from, the expected one first
 * @param patience milliseconds after which no further variant is tried
 */
export async function chooseVariant(
  device: GPUDevice,
  variants: readonly Variant[] = variantsFor(device),
  patience = PATIENCE,
): Promise<VariantChoice> {
  const timings: Timing[] = [];
  if (variants.length === 1) return { variant: variants[0], timings };
  const start = performance.now();
  for (const variant of variants) {
    if (performance.now() - start > patience) break;
    timings.push({ variant, milliseconds: await timeOf(device, variant) });
  }
  const [expected, ...others] = timings;
  let best = expected;
  for (const other of others) {
    if (other.milliseconds < Math.min(best.milliseconds, GAIN * expected.milliseconds)) best = other;
  }
  return { variant: best.variant, timings };
}

async function timeOf(device: GPUDevice, variant: Variant): Promise<number> {
  // What a driver makes of one variant says nothing of the others, and must not count as the loss of the device.
  device.pushErrorScope("validation");
  const time = await timed(device, variant).catch(() => Infinity);
  return (await device.popErrorScope()) ? Infinity : time;
}

async function timed(device: GPUDevice, variant: Variant): Promise<number> {
  const createEngine: Parameters<typeof selfTest>[0]["createEngine"] = (spec, weights, onProgress) =>
    createWebGpuEngine(device, spec, weights, onProgress, variant);
  if (!(await selfTest({ createEngine })).passed) return Infinity;
  const { spec, weights, mixing, batch } = testCase(IMAGE);
  const engine = await createEngine(spec, weights);
  try {
    let fastest = Infinity;
    // The first step warms up.
    for (let i = 0; i <= STEPS; i++) {
      const begun = performance.now();
      const gradient = engine.architectureGradient(mixing, batch, false);
      await Promise.all([gradient, engine.weightStep(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1 })]);
      if (i > 0) fastest = Math.min(fastest, performance.now() - begun);
    }
    return fastest;
  } finally {
    engine.dispose();
  }
}
