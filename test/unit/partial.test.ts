import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors";
import { PcDarts } from "../../src/core/methods/pc-darts";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { checkTogether, withDefaults } from "../../src/core/settings";
import { SPACES } from "../../src/core/spaces";
import type { OpenDevice } from "../../src/engine/device";
import { layoutSize, parameterLayout } from "../../src/engine/network";
import { createPlan } from "../../src/engine/plan/plan";
import { open } from "../../src/engine/reference/cpu";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { partialCase, relativeError, slope } from "../support/cases";
import { caseAt, compareAlong, expectEqual, nameOf, PARTIAL_CASES, textOf } from "../support/equality";
import { Interpreter } from "../support/interpreter";
import { oracle, scored } from "../support/oracle";
import { expectPasses, forget } from "../support/passes";

const SIZES = { channels: 8, cells: 1, image: 8, imageChannels: 1, classes: 10 };

it("has weights for one K-th of the channels in the operations alone", () => {
  const size = (partial: number) => layoutSize(parameterLayout(NAS_BENCH_201, SIZES, undefined, partial));
  // Six edges of 9 + 1 taps at 8, 16 and 32 channels, or at 2, 4 and 8 of them.
  const cells = 60 * (64 + 256 + 1024);
  // Stem and its norm, two residual blocks with their two norms, the last norm and the classifier.
  const skeleton = 72 + 16 + (9 * 8 * 16 + 9 * 256 + 128 + 64) + (9 * 512 + 9 * 1024 + 512 + 128) + 64 + 320 + 10;
  expect(size(1)).toBe(skeleton + cells);
  expect(size(4)).toBe(skeleton + 60 * (4 + 16 + 64));
});

it("is refused where channels do not divide", () => {
  const { spec } = partialCase(4, {}, 2);
  const odd = { ...spec, sizes: { ...SIZES, channels: 6 } };
  expect(() => createPlan(odd)).toThrow(InputError);
  expect(() => createPlan(odd)).toThrow(/6 channels cannot be split in 4 equal parts/);
  expect(() => createPlan({ ...odd, space: SPACES.darts })).toThrow(InputError);
  const chosen = { method: "pc-darts", channels: 6 } as const;
  expect(() => checkTogether(withDefaults(chosen))).toThrow(/nearest valid number of channels is 8/);
  expect(() => checkTogether(withDefaults({ ...chosen, partialChannels: 3 }))).not.toThrow();
});

it("shuffles as a view of groups x channels that is transposed does", () => {
  const plan = createPlan(partialCase(4, { channels: 8, image: 4 }, 1).spec);
  const machine = new Interpreter(plan);
  const { images } = plan.regions;
  const place = (tensor: number, c: number) => images + tensor + (c >> 2) * plan.images * 4 + (c & 3);
  for (let c = 0; c < 8; c++) machine.arena[place(0, c)] = c;
  const whole = { x: images, xRest: -1, xPart: 8, y: images + 64, yRest: -1, yPart: 8, channels: 8, groups: 4 };
  const args = [...Object.values(whole), 1];
  machine.step({ kind: "shuffle", args, layer: "" });
  expect(Array.from({ length: 8 }, (_, c) => machine.arena[place(64, c)])).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
});

describe("a plan, run in float64, computes the network and its gradients", () => {
  for (const tried of PARTIAL_CASES) {
    it(nameOf(tried), () => {
      const made = caseAt(tried);
      const { spec, weights, mixing, batch } = made;
      const plan = createPlan(spec, { parts: 3, slots: 4 });
      const expected = oracle(spec, weights, mixing, batch);
      const machine = expectPasses(plan, made, expected);
      forget(machine, plan);
      machine.load(weights);
      machine.feed(mixing, batch);
      machine.run(plan.programs.gradient);
      expect(relativeError(machine.flat("gradient"), expected.weights)).toBeLessThan(1e-6);
    });
  }
});

describe("the WASM engine equals the reference", () => {
  let reference: OpenDevice;
  beforeAll(async () => {
    reference = await open();
  });

  for (const tried of PARTIAL_CASES) {
    it(nameOf(tried), async ({ annotate }) => {
      const { spec, weights } = caseAt(tried);
      const errors = await compareAlong(
        (step) => caseAt(tried, step),
        { reference: () => reference.createEngine(spec, weights), engine: () => createWasmEngine(spec, weights) },
        4,
      );
      await annotate(textOf(errors));
      expectEqual(errors);
    });
  }
});

it("PC-DARTS' gradients by operations and by edges agree with finite differences", () => {
  const { spec, weights, batch } = partialCase(2, { channels: 4, image: 4, imageChannels: 1 }, 4);
  const random = new RandomStream(5, "parameters");
  const { size, edges } = NAS_BENCH_201;
  const start = random.normals(size + edges.length);
  // Without momentum and decay the running mean of the gradient is the gradient.
  const settings = withDefaults({ method: "pc-darts", archBeta1: 0, archDecay: 0 });
  const at = (x: Float64Array) => new PcDarts(NAS_BENCH_201, settings, x.slice(0, size), x.slice(size));
  const method = at(start);
  const proposals = method.propose(random);
  const { mixing: gradient } = oracle(spec, weights, proposals[0].mixing, batch);
  const lesson = method.learn(proposals, [{ gradient }]);
  const slopes = Array.from(start, (_, i) =>
    slope((x) => scored(spec, weights, at(x).meanMixing, batch).loss, start, i),
  );
  const { momentum } = method.save();
  expect(relativeError(momentum.slice(0, size), slopes.slice(0, size))).toBeLessThan(1e-6);
  expect(relativeError(momentum.slice(size), slopes.slice(size))).toBeLessThan(1e-6);
  expect(lesson.gradient).toEqual([Float64Array.from(momentum.slice(0, size))]);
});
