import { expect, test } from "vitest";
import { commonSteps, curvesOf, pointsOf } from "../../src/app/compare/curves";
import {
  type Compared,
  differenceText,
  groupBySeed,
  groupName,
  openingText,
  seedFamilies,
  statisticOf,
} from "../../src/app/compare/groups";
import { Recording } from "../../src/app/recording";
import { MemoryShelf } from "../../src/app/runs/shelf";
import { courseText, nameOf, summarise, valueText } from "../../src/app/runs/summary";
import type { Settings } from "../../src/core/controls";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { withDefaults } from "../../src/core/settings";
import { type ChangeRecord, STEP_SCALARS } from "../../src/worker/protocol";

const { size } = NAS_BENCH_201;

/** A run of constant validation loss, its means and scales as they began. */
function recordingOf(
  chosen: Partial<Settings>,
  { steps = 20, loss = 1, changes = [] as ChangeRecord[], finished = true, scale = 1 } = {},
): Recording {
  const settings = withDefaults({ steps, ...chosen });
  const gaussian = settings.method === "balenas";
  const vector = (value: number, times = 1) => new Float64Array(size * times).fill(value);
  const recording = new Recording(settings, vector(0), gaussian ? vector(scale) : null);
  recording.append({
    count: steps,
    scalars: Float32Array.from({ length: steps * STEP_SCALARS.length }, () => loss),
    mean: vector(0, steps),
    scale: gaussian ? vector(scale, steps) : null,
    evaluations: [],
    changes,
    result: finished ? { kind: "result", architecture: "", genotype: "", benchmark: null, seconds: 75, steps } : null,
    seconds: 75,
  });
  return recording;
}

const compare = (...recordings: Recording[]): Compared[] =>
  recordings.map((recording, i) => ({ id: String(i), name: nameOf(recording.settings), recording }));

const edit = (step: number, settings: Partial<Settings>): ChangeRecord => ({ kind: "change", step, settings });

test("what differs from the first run reads as one line", () => {
  const first = recordingOf({});
  const said = (chosen: Partial<Settings>, more = {}) => differenceText(first, recordingOf(chosen, more));
  expect(said({})).toBe("the same settings and seed");
  expect(said({ seed: 2 })).toBe("Seed 2");
  expect(said({ method: "darts", seed: 2 })).toBe("Method DARTS; Seed 2");
  // What only one of the two methods reads is part of the method.
  expect(said({ method: "darts", priorPrecision: 5, archDecay: 0.1 })).toBe("Method DARTS");
  expect(said({ weightsAt: "mean", flip: false, shift: 2, seed: 12345 })).toBe(
    "Seed 12345; Shift 2 px; Flip off; Train weights at the mean",
  );
  expect(said({}, { changes: [edit(8, { archRate: 0.01 })] })).toBe("edited at step 8: Architecture rate 0.01");
  expect(said({}, { changes: [edit(8, { archRate: 0.01 }), edit(9, { archRate: 0.1 })] })).toBe("2 edits");
  expect(said({}, { finished: false })).toBe("so far 20 steps");
  expect(said({ objective: "instant" })).toBe("Objective instant: the benchmark's answers");
  expect(nameOf(withDefaults({ objective: "instant" }))).toBe("BaLeNAS on the instant objective, seed 1");
  expect(valueText("steps", 2400)).toBe("2,400");
});

test("the first run says its length, and what its name does not", () => {
  const [run] = compare(recordingOf({}));
  expect(openingText(run)).toBe("20 steps");
  expect(openingText({ ...run, name: "for class" })).toBe("BaLeNAS, seed 1; 20 steps");
  expect(openingText({ ...run, recording: recordingOf({}, { finished: false }) })).toBe("20 of 20 steps");
});

test("runs that differ by their seed alone are one group; edits and methods part them", () => {
  const groups = groupBySeed(
    compare(
      recordingOf({ seed: 1 }),
      recordingOf({ method: "darts" }),
      recordingOf({ seed: 2 }),
      recordingOf({ seed: 3 }, { changes: [edit(2, { archRate: 0.1 })] }),
    ),
  );
  expect(groups.map(({ letter, style, runs }) => [letter, style, runs.map(({ id }) => id)])).toEqual([
    ["A", 0, ["0", "2"]],
    ["B", 1, ["1"]],
    ["C", 2, ["3"]],
  ]);
  expect(groups.map(groupName)).toEqual(["BaLeNAS, 2 seeds", "DARTS, seed 1", "BaLeNAS, seed 3"]);
});

test("a group is drawn as the mean of its runs within a standard deviation, up to the end of its shortest", () => {
  const runs = compare(recordingOf({ seed: 1 }, { loss: 1 }), recordingOf({ seed: 2 }, { loss: 2 }));
  const groups = groupBySeed(runs);
  const points = pointsOf(groups, [5, 20, 21], (curves, step) => curves.loss(step));
  expect(points[0]).toEqual({
    step: 5,
    g0: expect.closeTo(1.5, 6),
    g0low: expect.closeTo(1.5 - Math.SQRT1_2, 6),
    g0high: expect.closeTo(1.5 + Math.SQRT1_2, 6),
  });
  expect(points[1].g0).toBeCloseTo(1.5, 6);
  expect(points[2]).toEqual({ step: 21 });
  expect(statisticOf([3, 1, 5])).toEqual({ mean: 3, deviation: 2 });
});

test("entropies are those of five equal operations before anything is learnt, whichever is asked for", () => {
  const curves = curvesOf(recordingOf({}));
  for (const of of ["wins", "mixing"] as const) {
    expect(curves.hasEntropy(20, of)).toBe(false);
    expect(curves.entropy(20, of)).toBeCloseTo(Math.log2(5), 8);
    expect(curves.hasEntropy(20, of)).toBe(true);
  }
});

test("steps that were taken back are forgotten by the curves", () => {
  const recording = recordingOf({});
  const curves = curvesOf(recording);
  expect(curvesOf(recording)).toBe(curves);
  recording.rewind(10);
  expect(curvesOf(recording)).not.toBe(curves);
});

test("runs are drawn at common steps: evenly, and at the end of each", () => {
  expect(commonSteps([recordingOf({}, { steps: 3 }), recordingOf({}, { steps: 5 })])).toEqual([0, 1, 2, 3, 4, 5]);
  const steps = commonSteps([recordingOf({}, { steps: 5000 }), recordingOf({}, { steps: 333 })]);
  expect(steps).toContain(333);
  expect(steps.at(-1)).toBe(5000);
  expect(steps.length).toBeLessThan(110);
});

test("a kept run is summed up and found again, renamed and removed", async () => {
  const recording = recordingOf({ method: "darts", seed: 4 }, { changes: [edit(3, { archRate: 0.1 })] });
  const run = summarise(recording, { id: "a", name: nameOf(recording.settings), kept: 1, device: "wasm" });
  expect(run).toMatchObject({ name: "DARTS, seed 4", steps: 20, seconds: 75, edits: 1, finished: true });
  expect(NAS_BENCH_201.parse(run.architecture)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(courseText(run)).toBe("20 steps in 1:15; 1 edit");
  expect(courseText({ ...run, finished: false, edits: 2, steps: 7 })).toBe("stopped at 7 of 20 steps; 2 edits");
  const shelf = new MemoryShelf();
  await shelf.put(run, Uint8Array.of(1, 2));
  await shelf.describe({ ...run, name: "other" });
  expect((await shelf.list()).map(({ name }) => name)).toEqual(["other"]);
  expect(await shelf.file("a")).toEqual(Uint8Array.of(1, 2));
  await shelf.remove("a");
  expect([await shelf.list(), await shelf.file("a")]).toEqual([[], undefined]);
});

test("kept runs that differ by their seed alone are added at once", () => {
  const kept = [1, 2, 3].map((seed) =>
    summarise(recordingOf({ seed }), { id: String(seed), name: "", kept: 1, device: "" }),
  );
  const other = { ...kept[0], id: "d", settings: withDefaults({ method: "darts", steps: 20 }) };
  expect(
    seedFamilies([...kept, other, { ...kept[2], id: "e", edits: 1 }, { ...kept[2], id: "f", finished: false }]),
  ).toEqual([{ title: "3 seeds of BaLeNAS · 20 steps", ids: ["1", "2", "3"] }]);
});
