import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { InputError } from "../../src/core/errors";
import { packState, stateParts, writeInputs } from "../../src/engine/plan/exchange";
import { createPlan } from "../../src/engine/plan/plan";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { Machine, matmulPeak, threadsFor } from "../../src/engine/wasm/machine";
import { MEMORY_FROM, relaxedSimd, Team } from "../../src/engine/wasm/team";
import { compile } from "../../src/tools/build-wasm.mjs";
import {
  type Case,
  CELLS,
  discreteCase,
  fresh,
  type Mix,
  partialCase,
  relativeError,
  supernetCase,
} from "../support/cases";
import { dartsCase, dartsOracle, partialDartsCase } from "../support/darts";
import { Interpreter } from "../support/interpreter";
import { oneShotCase, oneShotOracle } from "../support/oneshot";
import { oracle } from "../support/oracle";

const STEP = { rate: 0.05, momentum: 0.9, decay: 3e-4, clip: 5 };

const SETTINGS: { name: string; sizes: Partial<Case["spec"]["sizes"]>; batch: number; mix?: Mix }[] = [
  { name: "dense", sizes: { image: 8 }, batch: 8 },
  {
    name: "an odd side, channels and a batch that need padding",
    sizes: { channels: 3, image: 14, imageChannels: 1 },
    batch: 5,
  },
  { name: "one channel, three cells a stage", sizes: { channels: 1, cells: 3, image: 8, classes: 3 }, batch: 11 },
  { name: "wider", sizes: { channels: 9, image: 4 }, batch: 4 },
  { name: "one-hot mixing weights", sizes: {}, batch: 4, mix: "one-hot" },
  { name: "mixing weights of zero", sizes: {}, batch: 4, mix: "zero" },
];

const DARTS_SETTINGS: typeof SETTINGS = [
  { name: "dense", sizes: { imageChannels: 3 }, batch: 8 },
  { name: "channels and a batch that need padding, odd sides", sizes: { channels: 5, image: 6 }, batch: 5 },
  { name: "one-hot mixing weights", sizes: {}, batch: 4, mix: "one-hot" },
];

describe("the kernels in WebAssembly", () => {
  it("are those of the sources", async () => {
    const path = new URL("../../src/engine/wasm/binaries.ts", import.meta.url);
    expect((await readFile(path, "utf8")) === (await compile()), "run npm run build:wasm").toBe(true);
  }, 180_000);

  const cases = [
    ...SETTINGS.slice(0, 4).map(({ name, sizes, batch }) => ({ name, drawn: supernetCase(sizes, batch), layers: /./ })),
    // Neither one channel nor cells without a path: gradients that the next norm makes zero are rounding alone.
    ...[SETTINGS[0], SETTINGS[1], SETTINGS[3]].map(({ name, sizes, batch }) => ({
      name: `discrete, ${name}`,
      drawn: discreteCase(CELLS["every operation"], sizes, batch),
      layers: /./,
    })),
    { name: "partial channels", drawn: partialCase(3, { channels: 9, image: 5 }, 5), layers: /^cell/ },
    { name: "discrete, nothing at all", drawn: discreteCase(CELLS["nothing at all"], {}, 5), layers: /./ },
    // Cells of both kinds, one of them behind a reduction; the others hold the same entries.
    { name: "DARTS", drawn: dartsCase({ channels: 3, image: 4 }, 3), layers: /^(cell[23]|head)/ },
    {
      name: "DARTS, partial channels",
      drawn: partialDartsCase(4, { channels: 4, image: 5 }, 5),
      layers: /^cell1/,
    },
    { name: "DARTS, an odd side", drawn: dartsCase({ channels: 5, image: 3 }, 5), layers: /^cell1/ },
    // A cell behind a pool, and what comes last; the others hold the same entries.
    { name: "choice blocks", drawn: oneShotCase(1, { image: 5 }, 4), layers: /^(cell1|tail)/ },
    { name: "choice blocks, an odd batch", drawn: oneShotCase(3, { channels: 3, image: 6 }, 5), layers: /^cell[12]/ },
  ];
  for (const { name, drawn, layers } of cases) {
    it(`compute what the interpreter computes, entry by entry: ${name}`, async () => {
      const { spec, weights, mixing, batch: data } = drawn;
      const plan = createPlan(spec, { slots: 2 });
      const machine = await Machine.create(plan, 2);
      const expected = new Interpreter(plan);
      const before = new Float32Array(plan.floats);
      for (const pass of spec.architecture ? (["weights", "evaluate"] as const) : (["weights", "examples"] as const)) {
        const ranges = stateParts(plan).map(({ offset, floats }) => machine.arena.subarray(offset, offset + floats));
        packState(plan, weights, ranges);
        writeInputs(plan, machine.arena, 0, mixing, data, STEP);
        for (const [i, entry] of plan.programs[pass].entries()) {
          if (!layers.test(entry.layer)) {
            machine.step(plan.programs[pass], i);
            continue;
          }
          // Each from the same state, so that an error is the entry's own.
          expected.arena.set(machine.arena);
          expected.step(entry);
          before.set(machine.arena);
          machine.step(plan.programs[pass], i);
          let largest = 0;
          let difference = 0;
          for (let j = 0; j < before.length; j++) {
            // The images that pad the batch are nobody's: kernels may write them where the interpreter does not.
            if (plan.images !== spec.batch && before[j] === expected.arena[j]) continue;
            if (before[j] !== expected.arena[j]) largest = Math.max(largest, Math.abs(expected.arena[j]));
            difference = Math.max(difference, Math.abs(machine.arena[j] - expected.arena[j]));
          }
          expect(difference / (largest || 1), `entry ${i}, ${entry.kind} of ${entry.layer}`).toBeLessThan(2e-5);
        }
      }
      machine.dispose();
    });
  }
});

describe("the WASM engine", () => {
  for (const { name, sizes, batch, mix } of SETTINGS) {
    it(`agrees with the network in plain loops: ${name}`, async () => {
      const { spec, weights, mixing, batch: data } = supernetCase(sizes, batch, mix);
      const engine = await createWasmEngine(spec, weights);
      const expected = oracle(spec, weights, mixing, data);

      const score = await engine.evaluate(mixing, data);
      expect(score.loss).toBeCloseTo(expected.loss, 5);
      expect(score.accuracy).toBeCloseTo(expected.accuracy, 6);
      const result = await engine.architectureGradient(mixing, data, true);
      expect(result.loss).toBe(score.loss);
      expect(relativeError(result.gradient, expected.mixing)).toBeLessThan(2e-5);
      expect(relativeError(result.perExample ?? [], expected.perExample)).toBeLessThan(5e-5);
      const plain = await engine.architectureGradient(mixing, data, false);
      expect(plain.perExample).toBeUndefined();
      expect(relativeError(plain.gradient, expected.mixing)).toBeLessThan(2e-5);

      // With no momentum, decay or clipping, one step is the gradient.
      const before = await engine.exportState();
      const count = weights.length;
      expect(before.subarray(0, count)).toEqual(weights);
      expect((await engine.weightStep(mixing, data, { rate: 1, momentum: 0, decay: 0, clip: 1e9 })).loss).toBe(
        score.loss,
      );
      const after = await engine.exportState();
      expect(relativeError(after.subarray(count), expected.weights)).toBeLessThan(5e-5);
    });
  }

  const others: { name: string; made: Case; truth: typeof oracle }[] = [
    ...DARTS_SETTINGS.map(({ name, sizes, batch, mix }) => {
      return { name: `DARTS, ${name}`, made: dartsCase(sizes, batch, mix), truth: dartsOracle };
    }),
    ...[1, 2, 3].map((number) => {
      return { name: `choice blocks, S${number}`, made: oneShotCase(number, {}, 3 + number), truth: oneShotOracle };
    }),
  ];
  for (const { name, made, truth } of others) {
    it(`agrees with the network in plain loops: ${name}`, async () => {
      const { spec, weights, mixing, batch: data } = made;
      const engine = await createWasmEngine(spec, weights, 2);
      const expected = truth(spec, weights, mixing, data);
      const result = await engine.architectureGradient(mixing, data, true);
      expect(result.loss).toBeCloseTo(expected.loss, 5);
      expect((await engine.evaluate(mixing, data)).loss).toBe(result.loss);
      expect(relativeError(result.gradient, expected.mixing)).toBeLessThan(1e-4);
      expect(relativeError(result.perExample ?? [], expected.perExample)).toBeLessThan(1e-4);
      expect((await engine.exportState()).subarray(0, weights.length)).toEqual(weights);
      await engine.weightStep(mixing, data, { rate: 1, momentum: 0, decay: 0, clip: 1e9 });
      const state = await engine.exportState();
      expect(relativeError(state.subarray(weights.length), expected.weights)).toBeLessThan(1e-4);
      engine.dispose();
    });
  }

  it("follows Nesterov momentum with decay and clipping, and continues from a checkpoint to the bit", async () => {
    const { spec, weights, mixing, batch } = supernetCase({}, 4);
    const plan = createPlan(spec);
    const machine = new Interpreter(plan);
    machine.load(weights);
    const engine = await createWasmEngine(spec, weights);
    const step = { ...STEP, clip: 0.5 };
    for (let i = 0; i < 3; i++) {
      machine.feed(mixing, batch, step);
      machine.run(plan.programs.weights);
      await engine.weightStep(mixing, batch, step);
    }
    const state = await engine.exportState();
    expect(relativeError(state.subarray(0, weights.length), machine.flat("weights"))).toBeLessThan(1e-4);
    const resumed = await createWasmEngine(spec, state);
    const scores = [await engine.weightStep(mixing, batch, step), await resumed.weightStep(mixing, batch, step)];
    expect(scores[1]).toEqual(scores[0]);
    expect(await resumed.exportState()).toEqual(await engine.exportState());
  });

  for (const [name, cell] of Object.entries(CELLS)) {
    it(`agrees with the discrete network in plain loops: ${name}`, async () => {
      const { spec, weights, batch } = discreteCase(cell, { image: 10, cells: 2 }, 5);
      const engine = await createWasmEngine(spec, weights);
      const start = oracle(spec, weights, [], batch, fresh(spec));
      const expected = oracle(spec, weights, [], batch);
      expect(relativeError([(await engine.evaluate([], batch)).loss], [start.loss])).toBeLessThan(1e-5);
      const score = await engine.weightStep([], batch, { rate: 1, momentum: 0, decay: 0, clip: 1e9 });
      expect(score.loss).toBeCloseTo(expected.loss, 5);
      expect(score.accuracy).toBeCloseTo(expected.accuracy, 6);
      const state = await engine.exportState();
      expect(relativeError(state.subarray(weights.length, 2 * weights.length), expected.weights)).toBeLessThan(5e-5);
    });
  }

  it("evaluates a discrete network image by image, and continues one from a checkpoint to the bit", async () => {
    const { spec, weights, batch } = discreteCase(CELLS["every operation"], {}, 4);
    const engine = await createWasmEngine(spec, weights);
    for (let i = 0; i < 5; i++) await engine.weightStep([], batch, STEP);
    const pixels = batch.images.length / 4;
    let sum = 0;
    for (let b = 0; b < 4; b++) {
      const images = new Float32Array(batch.images.length);
      for (let i = 0; i < 4; i++) images.set(batch.images.subarray(b * pixels, (b + 1) * pixels), i * pixels);
      sum += (await engine.evaluate([], { images, labels: new Uint8Array(4).fill(batch.labels[b]) })).loss;
    }
    expect((await engine.evaluate([], batch)).loss).toBeCloseTo(sum / 4, 5);

    const state = await engine.exportState();
    const resumed = await createWasmEngine(spec, state);
    expect(await resumed.exportState()).toEqual(state);
    expect(await resumed.evaluate([], batch)).toEqual(await engine.evaluate([], batch));
    expect(await resumed.weightStep([], batch, STEP)).toEqual(await engine.weightStep([], batch, STEP));
    expect(await resumed.exportState()).toEqual(await engine.exportState());

    await expect(engine.architectureGradient([], batch, true)).rejects.toThrow(InputError);
    await expect(engine.architectureGradient([], batch, false)).rejects.toThrow(/no mixing weights/);
    await expect(engine.evaluate([1], batch)).rejects.toThrow(
      /expected 0 mixing weights for a discrete network, got 1/,
    );
    expect(() => engine.importState(state.subarray(0, 2 * weights.length))).toThrow(
      /velocities and running statistics/,
    );
  });

  it("learns a batch by heart", async () => {
    const { spec, weights, mixing, batch } = supernetCase({}, 16);
    const engine = await createWasmEngine(spec, weights);
    const before = await engine.evaluate(mixing, batch);
    for (let i = 0; i < 100; i++) await engine.weightStep(mixing, batch, STEP);
    const after = await engine.evaluate(mixing, batch);
    expect(after.loss).toBeLessThan(0.3 * before.loss);
    expect(after.accuracy).toBeGreaterThan(0.9);
  });

  it("refuses batches, weights and networks of the wrong size", async () => {
    const { spec, weights, mixing, batch } = supernetCase({}, 4);
    const engine = await createWasmEngine(spec, weights);
    const short = { images: batch.images.subarray(1), labels: batch.labels };
    await expect(engine.evaluate(mixing, short)).rejects.toThrow(InputError);
    await expect(engine.evaluate(mixing.subarray(1), batch)).rejects.toThrow(InputError);
    await expect(engine.evaluate(mixing, { ...batch, labels: batch.labels.map(() => 200) })).rejects.toThrow(
      InputError,
    );
    expect(() => engine.importState(weights.subarray(1))).toThrow(InputError);
    const sizes = { ...spec.sizes, channels: 64, cells: 5, image: 32 };
    await expect(createWasmEngine({ ...spec, sizes, batch: 256 }, [])).rejects.toThrow(/GiB/);
  });
});

describe("the build with relaxed SIMD", () => {
  it("is the one that runs here: Node 20 has it behind a flag, later ones always", () => {
    expect(relaxedSimd()).toBe(true);
  });

  it("gives way to plain SIMD, which agrees with the network in plain loops, where there is none", async () => {
    vi.resetModules();
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const { createWasmEngine } = await import("../../src/engine/wasm/engine");
    const { relaxedSimd } = await import("../../src/engine/wasm/team");
    expect(relaxedSimd()).toBe(false);
    vi.mocked(WebAssembly.validate).mockRestore();
    const { spec, weights, mixing, batch } = supernetCase({ channels: 6 }, 7);
    const expected = oracle(spec, weights, mixing, batch);
    for (const threads of [1, 2]) {
      const engine = await createWasmEngine(spec, weights, threads);
      expect(
        relativeError((await engine.architectureGradient(mixing, batch, false)).gradient, expected.mixing),
      ).toBeLessThan(2e-5);
      await engine.weightStep(mixing, batch, { rate: 1, momentum: 0, decay: 0, clip: 1e9 });
      const velocities = (await engine.exportState()).subarray(weights.length);
      expect(relativeError(velocities, expected.weights)).toBeLessThan(5e-5);
      engine.dispose();
    }
  });
});

describe("threads of the WASM engine", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const { spec, weights, mixing, batch } = supernetCase({ channels: 6 }, 7);

  it("give the same bits of a DARTS network", async () => {
    const made = dartsCase({ channels: 5, image: 4 }, 5);
    const outcomes = [];
    for (const threads of [1, 3]) {
      const engine = await createWasmEngine(made.spec, made.weights, threads);
      outcomes.push([await engine.weightStep(made.mixing, made.batch, STEP), await engine.exportState()]);
      engine.dispose();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it("give the same bits, however many there are", async () => {
    const outcomes = [];
    for (const threads of [1, 2, 3]) {
      const engine = await createWasmEngine(spec, weights, threads);
      const outcome: unknown[] = [];
      for (let i = 0; i < 3; i++) {
        outcome.push(await engine.architectureGradient(mixing, batch, i === 2));
        outcome.push(await engine.weightStep(mixing, batch, STEP));
      }
      outcome.push(await engine.evaluate(mixing, batch), await engine.exportState());
      engine.dispose();
      outcomes.push(outcome);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  it("are really there", async () => {
    const plan = createPlan(spec);
    const machine = await Machine.create(plan, 3);
    expect(machine.threads).toBe(3);
    machine.dispose();
    expect(await matmulPeak(2, 1)).toMatchObject({ threads: 2 });
  });

  it("take nothing before there is anything to take", async () => {
    const gate = MEMORY_FROM + 4096;
    const team = await Team.create(2, 2 * MEMORY_FROM, [MEMORY_FROM, MEMORY_FROM, MEMORY_FROM, 64, gate, 0, 0]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const partsDone = new Int32Array(team.memory.buffer, gate + 8, 1)[0];
    team.dispose();
    expect(partsDone).toBe(0);
  });

  it("are few for a small network, and never more than there are", () => {
    expect(threadsFor(createPlan(spec), 8)).toBe(1);
    const large = createPlan({ ...spec, sizes: { ...spec.sizes, channels: 16, image: 16 }, batch: 64 });
    expect(threadsFor(large, 1)).toBe(1);
    expect(threadsFor(large, 2)).toBe(2);
  });

  for (const [fault, script] of Object.entries({
    "cannot be made": null,
    "fails as it starts": "throw new Error('broken')",
    "never says that it is ready": "setTimeout(() => {}, 1e6)",
  })) {
    it(`are one where a helper ${fault}`, async () => {
      const ended: Promise<unknown>[] = [];
      const { Machine: Lonely } = await withWorkers(() => {
        if (script === null) throw new Error("no more threads");
        const worker = new Worker(script, { eval: true });
        ended.push(new Promise((resolve) => worker.once("exit", resolve)));
        return worker;
      });
      const plan = createPlan(spec);
      const machine = await Lonely.create(plan, 3);
      expect(machine.threads).toBe(1);
      machine.run(plan.programs.evaluate);
      expect((await Lonely.create(plan, threadsFor(plan))).threads).toBe(1);
      await Promise.all(ended);
    });
  }

  it("end with their engine", async () => {
    const ended: Promise<unknown>[] = [];
    const { Machine: Watched } = await withWorkers((...args) => {
      const worker = new Worker(...args);
      ended.push(new Promise((resolve) => worker.once("exit", resolve)));
      return worker;
    });
    const machine = await Watched.create(createPlan(spec), 3);
    expect(ended).toHaveLength(2);
    machine.dispose();
    await Promise.all(ended);
  });

  it("do not keep a process alive", async () => {
    const program = `
      import { Machine } from "./src/engine/wasm/machine.ts";
      import { createPlan } from "./src/engine/plan/plan.ts";
      import { NAS_BENCH_201 as space } from "./src/core/nasbench201.ts";
      const sizes = { channels: 4, cells: 1, image: 8, imageChannels: 3, classes: 10 };
      const plan = createPlan({ space, sizes, batch: 4 });
      const machine = await Machine.create(plan, 2);
      machine.run(plan.programs.evaluate);
      console.log(machine.threads);`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 180_000 });
    expect(stdout.trim()).toBe("2");
  });
});

/** The module afresh, with another way to make a worker thread. */
async function withWorkers(make: (...args: ConstructorParameters<typeof Worker>) => Worker) {
  vi.resetModules();
  const original = process.getBuiltinModule;
  const Replacement = new Proxy(Worker, {
    construct: (_, args) => make(...(args as ConstructorParameters<typeof Worker>)),
  });
  const replaced = (name: string) =>
    name === "node:worker_threads" ? { Worker: Replacement } : original(name as "node:os");
  vi.spyOn(process, "getBuiltinModule").mockImplementation(replaced as typeof original);
  return import("../../src/engine/wasm/machine");
}
