import { beforeAll, describe, expect, it } from "vitest";
import type { OpenDevice } from "../../src/engine/device";
import { open } from "../../src/engine/reference/cpu";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { caseAt, compareAlong, EQUALITY_CASES, nameOf } from "../support/equality";

let reference: OpenDevice;
beforeAll(async () => {
  reference = await open();
});

describe("the WASM engine equals the reference over 20 steps", () => {
  for (const tried of EQUALITY_CASES) {
    it(nameOf(tried), async () => {
      const { spec, weights } = caseAt(tried);
      const t = performance.now();
      const errors = await compareAlong(tried, {
        reference: () => reference.createEngine(spec, weights),
        engine: () => createWasmEngine(spec, weights),
      });
      console.log(nameOf(tried), ((performance.now() - t) / 1e3).toFixed(1) + "s", Object.entries(errors).map(([k, v]) => k + " " + v.toExponential(1)).join(", "));
    });
  }
});
