import { expect } from "vitest";
import { parameterLayout, runningLayout } from "../../src/engine/network";
import { foldEdges } from "../../src/engine/plan/partial";
import { createPlan, type Plan } from "../../src/engine/plan/plan";
import { type Case, fresh, relativeError } from "./cases";
import { Interpreter } from "./interpreter";
import type { Outcome, oracle } from "./oracle";

/** Scratch of a plan is not a number before a program runs: what it reads it has to write. */
export function forget({ arena }: Interpreter, { regions }: Plan): void {
  arena.fill(Number.NaN, regions.squares + 4);
}

/**
 * Runs the passes of a plan that leave the weights alone, and holds loss, accuracy, dL/dp and per-example dL/dp to those of a network in
 * float64.
 * @returns the machine, with the case's weights
 */
export function expectPasses(plan: Plan, { weights, mixing, batch }: Case, expected: Outcome): Interpreter {
  const machine = new Interpreter(plan);
  machine.load(weights);
  const { losses, hits, mixingGradient, examples } = plan.regions;
  const count = batch.labels.length;
  const read = (offset: number, length: number) => Array.from(machine.arena.subarray(offset, offset + length));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / count;
  for (const pass of ["evaluate", "architecture", "examples"] as const) {
    forget(machine, plan);
    machine.feed(mixing, batch);
    machine.run(plan.programs[pass]);
    expect(mean(read(losses, count))).toBeCloseTo(expected.loss, 10);
    expect(mean(read(hits, count))).toBe(expected.accuracy);
    if (pass === "evaluate") continue;
    const gradient = foldEdges(plan.spec, (k) => machine.arena[mixingGradient + k]);
    expect(relativeError(gradient, expected.mixing)).toBeLessThan(1e-9);
  }
  const perExample = Array.from(batch.labels, (_, b) => [
    ...foldEdges(plan.spec, (k) => count * machine.arena[examples + k * plan.images + b]),
  ]);
  expect(relativeError(perExample.flat(), expected.perExample)).toBeLessThan(1e-9);
  return machine;
}

/** Holds a plan whose sums are split to the network in float64: the passes above, and dL/dw of a weight step that moves nothing. */
export function expectPlan(made: Case, truth: typeof oracle): void {
  const { spec, weights, mixing, batch } = made;
  const plan = createPlan(spec, { parts: 3, slots: 4 });
  const expected = truth(spec, weights, mixing, batch);
  const machine = expectPasses(plan, made, expected);

  forget(machine, plan);
  machine.feed(mixing, batch, { rate: 0, momentum: 0, decay: 0, clip: 1e9 });
  machine.run(plan.programs.weights);
  expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);
}

/**
 * Holds the plan of a discrete network to the same in float64: loss, accuracy and dL/dw of a weight step, the running statistics that it
 * tracks, and the evaluation by them.
 */
export function expectDiscretePlan(made: Case, truth: typeof oracle): void {
  const { spec, weights, batch: data } = made;
  const { batch, architecture } = spec;
  const plan = createPlan(spec, { parts: 3, slots: 4 });
  const machine = new Interpreter(plan);
  const { losses } = plan.regions;
  const loss = () => machine.arena.subarray(losses, losses + batch).reduce((sum, each) => sum + each / batch, 0);
  forget(machine, plan);
  machine.load(weights);
  machine.feed([], data, { rate: 0.1, momentum: 0.9, decay: 3e-4, clip: 5 });
  machine.run(plan.programs.weights);
  const expected = truth(spec, weights, [], data);
  expect(loss()).toBeCloseTo(expected.loss, 10);
  // The gradient is clipped on its way into the velocity alone.
  expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);

  const running = new Map(
    Array.from(fresh(spec), ([norm, before]) => {
      const met = expected.moments.get(norm);
      if (!met) throw new Error(`nothing is known of ${norm}`);
      const unbiased = met.count / (met.count - 1);
      const mean = met.mean.map((value, c) => 0.9 * before.mean[c] + 0.1 * value);
      return [
        norm,
        { mean, variance: met.variance.map((value, c) => 0.9 * before.variance[c] + 0.1 * value * unbiased) },
      ];
    }),
  );
  const tracked = machine.running();
  for (const { name: each, offset, size } of runningLayout(parameterLayout(spec.space, spec.sizes, architecture))) {
    const at = each.lastIndexOf("/");
    const values = running.get(each.slice(0, at))?.[each.slice(at + 1) as "mean" | "variance"] ?? [];
    expect(relativeError(tracked.subarray(offset, offset + size), values), each).toBeLessThan(1e-6);
  }
  forget(machine, plan);
  machine.run(plan.programs.evaluate);
  expect(loss()).toBeCloseTo(truth(spec, machine.flat("weights"), [], data, running).loss, 5);
  expect(machine.running()).toEqual(tracked);
}
