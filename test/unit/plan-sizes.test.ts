import { expect, it } from "vitest";
import { CONTROLS, type NumberControl } from "../../src/core/controls";
import { InputError } from "../../src/core/errors";
import { RandomStream } from "../../src/core/random";
import { checkSetting, withDefaults } from "../../src/core/settings";
import { createPlan } from "../../src/engine/plan/plan";
import { specOf } from "../../src/search/open";

const KEYS = ["image", "channels", "cells", "batch"] as const;
type Sizes = Record<(typeof KEYS)[number], number>;

const data = { classes: Array.from({ length: 10 }, (_, i) => String(i)) };
const GIB = 2 ** 30;

/** A value that the control offers, at a share of its range. */
function offered(key: (typeof KEYS)[number], share: number): number {
  const control: NumberControl = CONTROLS[key];
  const { min, max } = control;
  const wanted = control.scale === "log" ? min * (max / min) ** share : min + share * (max - min);
  const checked = checkSetting(key, wanted);
  return Number("value" in checked ? checked.value : checked.refusal.nearest);
}

const random = new RandomStream(1, "sizes");
const corners = Array.from({ length: 16 }, (_, i) => KEYS.map((_, k) => (i >> k) & 1));
const inside = Array.from({ length: 40 }, () => KEYS.map(() => random.uniform()));
const SIZES = [...corners, ...inside].map(
  (shares) => Object.fromEntries(KEYS.map((key, k) => [key, offered(key, shares[k])])) as Sizes,
);

it("every size that the controls offer is planned, or refused with the memory that it needs", async ({ annotate }) => {
  const times: number[] = [];
  let refused = 0;
  for (const sizes of SIZES) {
    const spec = specOf(withDefaults(sizes), data);
    // As on a CPU, and on a GPU of the smallest limits.
    for (const options of [
      { limit: 3.5 * GIB, slots: 16 },
      { limit: GIB / 8, slots: 128, parts: sizes.channels < 32 ? 4 : 1 },
    ]) {
      const begun = performance.now();
      try {
        const plan = createPlan(spec, options);
        times.push(performance.now() - begun);
        expect(plan.floats * 4).toBeLessThanOrEqual(options.limit);
        const values = Object.values(plan.programs).flatMap((entries) => entries.flatMap(({ args }) => args));
        expect(values.every((value) => Number.isInteger(value) && value >= -1)).toBe(true);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const [, needed] =
          /needs ([\d.]+) GiB of memory, more than .* choose a smaller batch, image side/.exec(error.message) ?? [];
        // Rounded to a tenth.
        expect(Number(needed) + 0.05, error.message).toBeGreaterThan(options.limit / GIB);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(0);
  expect(times.length).toBeGreaterThan(0);
  const sorted = times.toSorted((a, b) => a - b);
  const [median, longest] = [sorted[sorted.length >> 1], sorted[sorted.length - 1]].map((time) => time.toFixed(1));
  await annotate(`${times.length} planned, ${refused} refused; median ${median} ms, longest ${longest} ms`);
});
