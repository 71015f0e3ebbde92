import { type ControlKey, controlOf, type Settings } from "../core/controls";
import { SPACES } from "../core/spaces";
import { openField, timeSteps } from "../engine/bench";
import { DEVICES, ENGINES, type SupernetSpec } from "../engine/engine";
import {
  choiceOf,
  countHelp,
  countOf,
  type Given,
  helpText,
  type OptionTable,
  parseOptions,
  settingOf,
} from "./options";

const SIZES = ["channels", "cells", "image", "batch"] as const satisfies readonly ControlKey[];
const STEPS = { min: 1, max: 1000, standard: 20 };

const OPTIONS: OptionTable = {
  controls: ["space", ...SIZES],
  own: {
    device: { value: "NAME", help: `Where to run. Expects ${DEVICES.join(", ")}; default wasm.` },
    engines: {
      value: "LIST",
      help: `Engines to time in turns, separated by commas. Expects ${ENGINES.join(", ")}; default both where the device has them.`,
    },
    steps: {
      value: "N",
      help: `Counted search steps of each engine. ${countHelp(STEPS)} An engine that is very slow takes fewer.`,
    },
  },
};

/** `nas bench`: a line an engine, timed in turns in one run. */
export async function bench(args: readonly string[]): Promise<void> {
  const given = parseOptions(args, OPTIONS);
  if (given.has("help")) {
    console.log(helpText("bench [options]", "Times the search step.", OPTIONS));
    return;
  }
  const space = setting(given, "space") as Settings["space"];
  const size = (key: (typeof SIZES)[number]) => setting(given, key) as number;
  const sizes = {
    channels: size("channels"),
    cells: size("cells"),
    image: size("image"),
    imageChannels: 1,
    classes: 10,
  };
  const spec: SupernetSpec = { space: SPACES[space], sizes, batch: size("batch") };
  const device = choiceOf("--device", given.get("device")?.[0] ?? "wasm", DEVICES);
  const names = given.get("engines")?.[0] ?? (device === "webgl" || device === "cpu" ? "reference" : ENGINES.join(","));
  const engines = names.split(",").map((name) => choiceOf("--engines", name.trim(), ENGINES));
  const steps = countOf(given, "steps", STEPS);
  const field = await openField(device, engines, spec);
  try {
    for (const line of await timeSteps(spec, space, field.entrants, steps)) console.log(JSON.stringify(line));
  } finally {
    field.close();
  }
}

function setting(given: Given, key: ControlKey) {
  return settingOf(key, given.get(key)?.[0] ?? String(controlOf(key).default));
}
