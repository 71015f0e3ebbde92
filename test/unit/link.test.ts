import fc from "fast-check";
import { expect, test } from "vitest";
import { CONTROL_KEYS, controlOf, type Settings } from "../../src/core/controls";
import { readLink, toLink } from "../../src/core/link";
import { checkSetting, checkTogether, withDefaults } from "../../src/core/settings";

const EDITED: Partial<Settings> = { method: "darts", seed: 42, channels: 7, archRate: 0.0123, flip: false, steps: 77 };
const LINK = toLink({
  settings: withDefaults(EDITED),
  edits: [
    { step: 12, settings: { archRate: 0.5, flip: true } },
    { step: 30, settings: { weightRate: 0.0125 } },
  ],
});

test("a link carries every setting and every edit, and nothing else", () => {
  const read = readLink(`#${LINK}`);
  expect(read?.notes).toEqual([]);
  expect(read?.settings).toEqual(withDefaults(EDITED));
  expect(read?.edits).toEqual([
    { step: 12, settings: { archRate: 0.5, flip: true } },
    { step: 30, settings: { weightRate: 0.0125 } },
  ]);
  expect(readLink("")).toBeNull();
  expect(readLink("#posterior-title")).toBeNull();
});

test("a link is mended field by field, with a sentence for each mend", () => {
  const read = readLink(
    "#seed=7&channels=1000&archRat=1&method=dart&flip=perhaps&edits=0:archRate=1;9:channels=3;5:archRate=7",
  );
  expect(read?.settings).toEqual(withDefaults({ seed: 7, channels: 64, method: "darts" }));
  expect(read?.edits).toEqual([{ step: 5, settings: { archRate: 1 } }]);
  expect(read?.notes).toEqual([
    "Channels was “1000”, expected a whole number from 1 to 64; took 64.",
    "There is no setting “archRat”; the nearest is archRate.",
    "Method was “dart”, expected balenas, darts, gdas, snas, drnas, sdarts-rs, sdarts-adv, beta-darts, darts-es, pc-darts or rsps; took darts.",
    "Flip was “perhaps”, expected true or false; took true.",
    "An edit names the step “0”, expected a whole number from 1; it was left out.",
    "Channels cannot be turned at step 9 of a run; it was left out.",
    "Architecture rate was “7”, expected a number from 0.000001 to 1; took 1.",
  ]);
});

test("settings that clash go back to their defaults, edits that would clash are left out", () => {
  const read = readLink("#priorPrecision=3&initialPrecision=1&seed=9&edits=4:weightRate=0.0001");
  expect(read?.settings).toEqual(withDefaults({ seed: 9 }));
  expect(read?.edits).toEqual([]);
  expect(read?.notes).toHaveLength(2);
});

test("a rule that is broken takes back its own controls alone", () => {
  const read = readLink("#space=darts&objective=instant&order=second&method=darts&seed=9");
  expect(read?.settings).toEqual(withDefaults({ space: "darts", method: "darts", order: "second", seed: 9 }));
  expect(read?.notes).toEqual([
    "Settings of the link clash: objective instant needs a table of every cell's accuracy, DARTS has none; the nearest valid value is supernet. Objective went back to the default.",
  ]);
});

/** Cuts, doubles, swaps and replaces pieces of a text. */
const mutation = fc.record({
  at: fc.nat(LINK.length),
  length: fc.nat(12),
  text: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("&", "=", ";", ":", "%", "%E0", "NaN", "1e999", "-", "null"),
  ),
});

test("2,000 mutated links give settings that can run, and a sentence for what was mended", () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      let link = LINK;
      for (const { at, length, text } of mutations) link = link.slice(0, at) + text + link.slice(at + length);
      const read = readLink(link);
      if (read === null) return;
      for (const key of CONTROL_KEYS)
        expect(checkSetting(key, read.settings[key])).toEqual({ value: read.settings[key] });
      checkTogether(read.settings);
      let current = read.settings;
      for (const { step, settings } of read.edits) {
        expect(Number.isInteger(step) && step >= 1).toBe(true);
        for (const key of Object.keys(settings) as (keyof Settings)[]) expect(controlOf(key).acts).not.toBe("restart");
        current = { ...current, ...settings };
        checkTogether(current);
      }
      for (const note of read.notes) expect(note).toMatch(/^\S[\s\S]*\.$/);
    }),
    { numRuns: 2000, seed: 4 },
  );
});

test("reading what was written gives the same run, for any settings", () => {
  const numbers = CONTROL_KEYS.map((key) => {
    const control = controlOf(key);
    if (control.kind === "switch") return fc.boolean();
    if (control.kind === "choice") return fc.constantFrom(...control.options.map(({ value }) => value));
    return fc.double({ min: control.min, max: control.max, noNaN: true }).map((value) => {
      const outcome = checkSetting(key, value);
      return "value" in outcome ? outcome.value : outcome.refusal.nearest;
    });
  });
  fc.assert(
    fc.property(fc.tuple(...numbers), (values) => {
      const settings = Object.fromEntries(CONTROL_KEYS.map((key, i) => [key, values[i]])) as unknown as Settings;
      try {
        checkTogether(settings);
      } catch {
        return;
      }
      expect(readLink(toLink({ settings, edits: [] }))).toEqual({ settings, edits: [], notes: [] });
    }),
    { numRuns: 300, seed: 5 },
  );
});
