import { describe, expect, test } from "vitest";
import { CONTROL_KEYS, controlOf } from "../../src/core/controls";
import { checkSetting, checkTogether, expectedOf, withDefaults } from "../../src/core/settings";

test("every default is valid, alone and together", () => {
  for (const key of CONTROL_KEYS) expect(checkSetting(key, controlOf(key).default)).toHaveProperty("value");
  expect(() => checkTogether(withDefaults({}))).not.toThrow();
  expect(() => checkTogether(withDefaults({ update: "vogn" }))).not.toThrow();
});

describe("a refused value comes with the nearest valid one", () => {
  test.each([
    ["steps", "0", 1],
    ["steps", "12.4", 12],
    ["steps", "many", 2400],
    ["images", 3000, 2500],
    ["images", 1e9, 30000],
    ["image", 15, 16],
    ["archRate", -1, 1e-6],
    ["archRate", "", 0.0025],
    ["archRate", Number.POSITIVE_INFINITY, 1],
    ["method", "balena", "balenas"],
    ["update", "vogm", "vogn"],
    ["flip", "perhaps", true],
    ["seed", null, 1],
  ] as const)("%s = %s", (key, input, nearest) => {
    expect(checkSetting(key, input)).toEqual({ refusal: { key, expected: expectedOf(key), nearest } });
  });
});

test("texts and values read alike", () => {
  expect(checkSetting("steps", "40")).toEqual({ value: 40 });
  expect(checkSetting("steps", 40)).toEqual({ value: 40 });
  expect(checkSetting("flip", "false")).toEqual({ value: false });
  expect(checkSetting("archRate", "3e-4")).toEqual({ value: 3e-4 });
});

test("settings that clash are refused with a way out", () => {
  expect(() => checkTogether(withDefaults({ initialPrecision: 0.5 }))).toThrow(/nearest valid value is 1/);
  expect(() => checkTogether(withDefaults({ weightRate: 0.0005 }))).toThrow(/weightRateEnd/);
  expect(() => checkTogether(withDefaults({ klWeight: 100, archBeta2: 0.9 }))).toThrow(/klWeight is 9$/);
});
