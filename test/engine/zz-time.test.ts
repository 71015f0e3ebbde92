import { it } from "vitest";
import { supernetCase } from "../support/cases";
import { createPlan, planCost } from "../../src/engine/plan/plan";
import { Executor } from "../../src/engine/webgpu/executor";
import { createWebGpuEngine } from "../../src/engine/webgpu/engine";

const CHANNELS = (import.meta.env.VITE_CHANNELS ?? "4,16").split(",").map(Number);

const ONLY: string[] | undefined = import.meta.env.VITE_ONLY?.split(",");
it("step times", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice();
  const out: string[] = [];
  for (const channels of CHANNELS) {
    const { spec, weights, mixing, batch } = supernetCase({ channels, image: 16 }, 32);
    let t = performance.now();
    const engine: any = await createWebGpuEngine(device, spec, weights);
    out.push(`C=${channels} create ${(performance.now() - t).toFixed(0)} ms`);
    const step = { rate: 0.01, momentum: 0.9, decay: 3e-4, clip: 5 };
    const plan = engine.plan;
    const steps = ONLY ? 0 : channels > 8 ? 3 : 12;
    const times: number[] = [];
    const js: number[] = [];
    for (let i = 0; i < steps; i++) {
      t = performance.now();
      const a = engine.architectureGradient(mixing, batch, false);
      const b = engine.weightStep(mixing, batch, step);
      js.push(performance.now() - t);
      await Promise.all([a, b]);
      times.push(performance.now() - t);
    }
    const med = (v: number[]) => v.toSorted((x, y) => x - y)[v.length >> 1];
    const cost = planCost(plan);
    if (steps) out.push(`step median ${med(times).toFixed(1)} min ${Math.min(...times).toFixed(1)} ms, js median ${med(js).toFixed(2)} ms, entries ${cost.entries} dispatches ${engine.executor.programs.architecture.length + engine.executor.programs.weights.length}, GFLOP ${(cost.flops / 1e9).toFixed(2)}, arena ${(cost.arenaBytes / 2 ** 20).toFixed(1)} MiB`);
    // Time by kind: each kind's entries of a pass, repeated in one submission.
    const ex: any = engine.executor;
    const programs = ex.programs;
    const byKind = new Map<string, { n: number; ms: number }>();
    const reps = channels > 8 ? 1 : 3;
    for (const pass of ["architecture", "weights"]) {
      const kinds = new Set<string>(programs[pass].map((e: any) => e.pipeline.label.split(/[ ,]/)[0]).filter((k: string) => !ONLY || ONLY.includes(k)));
      for (const kind of kinds) {
        const sub = programs[pass].filter((e: any) => e.pipeline.label.split(/[ ,]/)[0] === kind);
        const list: any[] = [];
        for (let r = 0; r < reps; r++) list.push(...sub);
        ex.programs = { ...programs, evaluate: list };
        await ex.run("evaluate", { offset: 0, floats: 4 });
        t = performance.now();
        await ex.run("evaluate", { offset: 0, floats: 4 });
        const ms = (performance.now() - t) / reps;
        const e = byKind.get(kind) ?? { n: 0, ms: 0 };
        byKind.set(kind, { n: e.n + sub.length, ms: e.ms + ms });
      }
    }
    ex.programs = programs;
    for (const [k, { n, ms }] of [...byKind].sort((a, b) => b[1].ms - a[1].ms)) out.push(`  ${ms.toFixed(1).padStart(8)} ms ${String(n).padStart(3)} ${k}`);
    engine.dispose();
  }
  console.log(out.join("\n"));
}, 300000);
