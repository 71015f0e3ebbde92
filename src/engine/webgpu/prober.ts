import type { ProbePlan } from "../plan/probe";
import { type Prober, programsOf } from "../probe";
import { Executor } from "./executor";
import { type Variant, variantsFor } from "./lower";

/** Probes on a WebGPU device, which stays the caller's. @throws {InputError} where the device cannot hold one of the networks */
export async function createWebGpuProber(
  device: GPUDevice,
  plans: readonly ProbePlan[],
  variant: Variant = variantsFor(device)[0],
): Promise<Prober> {
  const executor = await Executor.create(device, programsOf(plans), variant);
  return {
    write: (offset, data) => executor.write(offset, data),
    run: (plan, name) => executor.play(`${plans.indexOf(plan)}/${name}`),
    read: (ranges) => Promise.all(ranges.map((range) => executor.read(range))),
    dispose: () => executor.dispose(),
  };
}
