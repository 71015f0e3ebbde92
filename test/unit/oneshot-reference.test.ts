import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { NAS_BENCH_1SHOT1, type OneShotSpace } from "../../src/core/nasbench1shot1";
import { optionCount, picked } from "../../src/core/space";
import type { Engine } from "../../src/engine/engine";
import { ReferenceEngine } from "../../src/engine/reference/engine";
import { createWasmEngine } from "../../src/engine/wasm/engine";
import { type Case, relativeError } from "../support/cases";
import { compareAlong, expectEqual, TOLERANCE, textOf } from "../support/equality";
import { oneShotCase, oneShotOracle } from "../support/oneshot";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Ones for what an architecture chooses, row by row; the first has the first choice of every row, and so on in turn. */
function chosen({ rows }: OneShotSpace, turn: number): Float64Array {
  return Float64Array.from(
    rows.flatMap((row, r) => {
      const own = picked(row, (turn + r) % optionCount(row));
      return row.choices.map((_, candidate) => (own.includes(candidate) ? 1 : 0));
    }),
  );
}

async function outcome(engine: Engine, mixing: Float64Array, { batch }: Case) {
  const { loss, gradient, perExample } = await engine.architectureGradient(mixing, batch, true);
  const plain = await engine.architectureGradient(mixing, batch, false);
  const { loss: evaluated } = await engine.evaluate(mixing, batch);
  const { gradient: byWeights } = await engine.weightGradient(mixing, batch);
  return { losses: [loss, plain.loss, evaluated], gradient, plain: plain.gradient, perExample, byWeights };
}

describe.each(NAS_BENCH_1SHOT1.map((space, i): [string, OneShotSpace, number] => [space.title, space, i + 1]))(
  "TensorFlow.js and WASM agree on networks of %s",
  (_, space, number) => {
    it("at mixing weights of all kinds: every operation of every block, every set of inputs of every node", async () => {
      const made = oneShotCase(number, { image: 4, channels: 2 }, 3);
      const before = tf.memory().numTensors;
      const reference = new ReferenceEngine(made.spec, made.weights);
      const compiled = await createWasmEngine(made.spec, made.weights, 1);
      const turns = Math.max(...space.rows.map(optionCount));
      for (const mixing of [made.mixing, ...Array.from({ length: turns }, (_, turn) => chosen(space, turn))]) {
        const [expected, found] = [await outcome(reference, mixing, made), await outcome(compiled, mixing, made)];
        const where = mixing.join();
        expect(relativeError(found.losses, expected.losses), where).toBeLessThan(TOLERANCE);
        expect(relativeError(found.gradient, expected.gradient), where).toBeLessThan(TOLERANCE);
        expect(relativeError(found.plain, expected.plain), where).toBeLessThan(TOLERANCE);
        expect(relativeError(found.perExample ?? [], expected.perExample ?? []), where).toBeLessThan(TOLERANCE);
        expect(relativeError(found.byWeights, expected.byWeights), where).toBeLessThan(TOLERANCE);
      }
      reference.dispose();
      compiled.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);

it("TensorFlow.js and WASM agree over 20 steps", async ({ annotate }) => {
  const at = (step: number) => oneShotCase(1, { image: 4, channels: 2 }, 3, "dense", 1 + step);
  const { spec, weights } = at(0);
  const create = {
    reference: async () => new ReferenceEngine(spec, weights),
    engine: () => createWasmEngine(spec, weights, 1),
  };
  const errors = await compareAlong(at, create, 20, oneShotOracle);
  await annotate(textOf(errors));
  expectEqual(errors);
});
