import { Arena, Program } from "../plan/program";
import { Executor } from "./executor";
import { variantsFor } from "./lower";

/** A product of (SIDE^2 x IMAGES) x CHANNELS with CHANNELS x CHANNELS. */
const SIDE = 16;
const IMAGES = 32;
const CHANNELS = 64;
const FLOPS = 2 * SIDE ** 2 * IMAGES * CHANNELS ** 2;

/**
 * GFLOP/s of the best matrix product that the engine's own kernels reach on a device: a 1 x 1 convolution of 64 channels, many in one
 * submission.
 */
export async function matmulPeak(device: GPUDevice, milliseconds = 500): Promise<number> {
  const program = new Program(new Arena(), IMAGES);
  const vectors = CHANNELS / 4;
  const x = program.tensor(SIDE, vectors);
  const z = program.tensor(SIDE, vectors);
  const wide = program.arena.take(CHANNELS * CHANNELS);
  const times = 8;
  for (let i = 0; i < times; i++) {
    program.add("conv", {
      x: x.offset,
      xSide: SIDE,
      xVectors: vectors,
      z: z.offset,
      zSide: SIDE,
      kernel: 1,
      stride: 1,
      wide,
      wideVectors: vectors,
      point: -1,
      pointVectors: 0,
      rectify: 0,
    });
  }
  const programs = { weights: program.entries, architecture: [], examples: [], evaluate: [], gradient: [] };
  const plan = { spec: { batch: IMAGES }, images: IMAGES, floats: program.arena.size, programs };
  const executor = await Executor.create(device, plan, variantsFor(device)[0]);
  const read = { offset: z.offset, floats: 4 };
  await executor.run("weights", read);
  let best = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const begun = performance.now();
    await executor.run("weights", read);
    best = Math.max(best, (times * FLOPS) / (performance.now() - begun) / 1e6);
  }
  executor.dispose();
  return best;
}
