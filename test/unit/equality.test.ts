import { beforeAll, describe, expect, it } from "vitest";
import type { OpenDevice } from "../../src/engine/device";
import { parameterLayout } from "../../src/engine/network";
import { open } from "../../src/engine/reference/cpu";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { type Case, relativeError, slope, supernetCase } from "../support/cases";
import { caseAt, compareAlong, EQUALITY_CASES, expectEqual, nameOf, stepsOf, textOf } from "../support/equality";
import { scored } from "../support/oracle";

describe("the table of cases", () => {
  it("has every size with every kind of p and number of cells, and these with every batch and number of channels", () => {
    const values = (key: keyof (typeof EQUALITY_CASES)[number]) => new Set(EQUALITY_CASES.map((row) => row[key]));
    const pairs = [
      ["image", "mix"],
      ["image", "cells"],
      ["mix", "cells"],
      ["mix", "batch"],
      ["mix", "channels"],
      ["cells", "batch"],
      ["cells", "channels"],
    ] as const;
    for (const [a, b] of pairs) {
      const met = new Set(EQUALITY_CASES.map((row) => `${row[a]} ${row[b]}`));
      expect(met.size, `${a} and ${b}`).toBe(values(a).size * values(b).size);
    }
  });

  it("has one-hot p that are zero elsewhere, with a slope there", () => {
    for (const tried of EQUALITY_CASES.filter(({ mix }) => mix === "one-hot")) {
      const { mixing } = caseAt(tried);
      expect([...mixing].sort()).toEqual([...Array(24).fill(0), ...Array(6).fill(1)]);
    }
  });
});

describe("the WASM engine equals the reference step by step", () => {
  let reference: OpenDevice;
  beforeAll(async () => {
    reference = await open();
  });

  for (const tried of EQUALITY_CASES) {
    it(nameOf(tried), { timeout: 600_000 }, async ({ annotate }) => {
      const { spec, weights } = caseAt(tried);
      const engines = {
        reference: () => reference.createEngine(spec, weights),
        engine: () => createWasmEngine(spec, weights),
      };
      const errors = await compareAlong((step) => caseAt(tried, step), engines, stepsOf(tried));
      await annotate(textOf(errors));
      expectEqual(errors);
    });
  }
});

describe("the WASM engine agrees with finite differences", () => {
  const cases: Record<string, Case> = {
    "dense p, down to 2 px, where every window of a pool meets a border": supernetCase({ channels: 2, image: 5 }, 3),
    "average pooling alone": { ...supernetCase({ channels: 3, image: 6 }, 5), mixing: oneHot(4) },
    "one-hot p": supernetCase({ channels: 2, image: 6 }, 3, "one-hot"),
  };
  for (const [name, { spec, weights, mixing, batch }] of Object.entries(cases)) {
    it(name, async () => {
      const engine = await createWasmEngine(spec, weights);
      const loss = (w: ArrayLike<number>, p: ArrayLike<number>) => scored(spec, w, p, batch).loss;
      const { gradient, perExample } = await engine.architectureGradient(mixing, batch, true);
      const slopes = Array.from(mixing, (_, i) => slope((p) => loss(weights, p), mixing, i));
      expect(relativeError(gradient, slopes)).toBeLessThan(1e-4);

      const copies = Array.from(batch.labels, () => Array.from(mixing)).flat();
      const one = slope((p) => spec.batch * loss(weights, p), copies, 31);
      expect(relativeError([perExample?.[31] ?? Number.NaN], [one])).toBeLessThan(1e-3);

      // The first, the last and a middle weight of every tensor: corners of kernels meet the borders.
      const { gradient: byWeights } = await engine.weightGradient(mixing, batch);
      const chosen = parameterLayout(spec.space, spec.sizes)
        .filter(({ name: parameter }) => !parameter.startsWith("cell") || parameter.startsWith("cell1/3<-"))
        .flatMap(({ offset, size }) => [offset, offset + (size >> 1), offset + size - 1]);
      const expected = chosen.map((i) => slope((w) => loss(w, mixing), weights, i));
      expect(
        relativeError(
          chosen.map((i) => byWeights[i]),
          expected,
        ),
      ).toBeLessThan(1e-4);
    });
  }
});

/** The same operation on every edge. */
function oneHot(operation: number): Float64Array {
  return Float64Array.from({ length: 30 }, (_, i) => (i % 5 === operation ? 1 : 0));
}
