import { it } from "vitest";
import { supernetCase } from "../support/cases";
import { createPlan } from "../../src/engine/plan/plan";
import { lower } from "../../src/engine/webgpu/lower";
import { ALONE } from "../../src/engine/webgpu/shaders/reduce";
import { moduleOf } from "../../src/engine/webgpu/shader";

const ONLY: string[] | undefined = import.meta.env.VITE_ONLY?.split(",");
it("compile times", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice();
  const plan = createPlan(supernetCase({ channels: 4, image: 16 }, 32).spec, { parts: 4, slots: 32 });
  const all = Object.values(plan.programs).flatMap((p) => lower(p, plan.images, ALONE, plan.floats).dispatches.map((d) => d.shader));
  const shaders = new Map(all.map((s) => [s.name, s]));
  const salt = Math.floor(Math.random() * 5000 + 100);
  const layout = device.createBindGroupLayout({ entries: [
    { binding: 0, visibility: 4, buffer: { type: "storage" } },
    { binding: 1, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } } ] });
  const pl = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const out: string[] = [];
  let total = 0;
  for (const [name, s] of shaders) {
    if (ONLY && !ONLY.some((o) => name.startsWith(o))) continue;
    const code = moduleOf(s.code, { IMAGES: salt * 4, BATCH: salt * 4 }, 64);
    const t = performance.now();
    const module = device.createShaderModule({ code });
    await device.createComputePipelineAsync({ layout: pl, compute: { module } });
    const dt = performance.now() - t;
    total += dt;
    out.push(`${dt.toFixed(0).padStart(6)} ${name} ${code.length}`);
  }
  console.log(out.join("\n") + "\ntotal " + total.toFixed(0));
}, 300000);
