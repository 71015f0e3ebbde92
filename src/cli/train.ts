import { type ControlKey, controlOf, type Settings, type SettingValue } from "../core/controls";
import { InputError } from "../core/errors";
import { SPACES } from "../core/spaces";
import { TRAINING } from "../core/training";
import { openTraining, type Training, type TrainSettings } from "../search/train";
import { ARCHITECTURE, architectureOf } from "./architecture";
import { openData, openDevice } from "./files";
import {
  countHelp,
  countOf,
  type Given,
  helpText,
  type OptionTable,
  PLACE,
  parseOptions,
  settingOf,
  wantedOf,
} from "./options";

const FLAGS = ["space", "channels", "cells", "image", "batch", "seed"] as const satisfies readonly ControlKey[];

const { channels, batch } = TRAINING;
const DEFAULTS: Partial<Record<ControlKey, SettingValue>> = { channels, batch };

const EPOCHS = { min: 1, max: 1000, standard: TRAINING.epochs };
const IMAGES = { min: 2, max: 10_000_000 };
const RATE = String(TRAINING.rate);

const OPTIONS: OptionTable = {
  controls: FLAGS,
  helps: {
    space: "The search space that the architecture is of.",
    cells: "Cells in each of the three stages, the reduction cells of the DARTS space not counted.",
    batch: "Images in a step.",
    seed: "Fixes the initial weights, the batches and how images are moved; the same seed repeats the training.",
  },
  own: {
    arch: ARCHITECTURE,
    epochs: { value: "E", help: `Passes over the training images. ${countHelp(EPOCHS)}` },
    images: { value: "N", help: "Training images, in place of all that there are." },
    rate: {
      value: "RATE",
      help: `Learning rate of the first step; it falls to zero along a cosine. Expects a number from 1e-5 to 1; default ${RATE}.`,
    },
    ...PLACE,
  },
};

/** Least time between two lines of progress, milliseconds. */
const PROGRESS_INTERVAL = 5000;

/** `nas train`: a JSON line an epoch, and one for what the network is worth in the end. */
export async function train(args: readonly string[]): Promise<void> {
  const given = parseOptions(args, OPTIONS);
  if (given.has("help")) return console.log(help());
  const settings = settingsFrom(given);
  const space = SPACES[settings.space];
  const text = given.get("arch")?.[0];
  if (text === undefined) {
    const example = space.format(space.discretise(new Float64Array(space.size)));
    throw new InputError(`expected --arch STRING, the architecture to train, for example --arch "${example}"`);
  }
  const architecture = architectureOf(space, text);
  const dataset = await openData(given.get("data")?.[0] ?? controlOf("data").default.toString());
  const wanted = wantedOf(given);
  const device = await openDevice(wanted);
  const createEngine = device.createEngine.bind(device);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const { training, close } = await openTraining(settings, architecture, { dataset, createEngine });
  try {
    const { accuracy, ...outcome } = await run(training, seconds);
    const { space: _, seed, ...rest } = settings;
    const result = {
      space: settings.space,
      architecture: space.format(architecture),
      data: dataset.name,
      seed,
      device: device.choice.device,
      engine: device.choice.engine,
      settings: rest,
      parameters: space.cost(architecture, training.spec.sizes).parameters,
      testImages: dataset.images.test,
      testLoss: outcome.loss,
      testAccuracy: accuracy,
      interval: outcome.interval,
      classes: dataset.classes,
      confusion: outcome.confusion,
      seconds: seconds(),
    };
    console.log(JSON.stringify(result));
  } finally {
    close();
    device.close();
  }
}

async function run(training: Training, seconds: () => number) {
  let shown = Number.NEGATIVE_INFINITY;
  for (;;) {
    const { loss } = await training.advance();
    if (performance.now() - shown >= PROGRESS_INTERVAL) {
      shown = performance.now();
      console.error(`step ${training.step}/${training.steps}  train loss ${loss.toFixed(4)}`);
    }
    if (!training.epochEnded) continue;
    const outcome = await training.test();
    console.log(JSON.stringify({ ...training.epochRecord(outcome), seconds: seconds() }));
    if (training.done) return outcome;
  }
}

function settingsFrom(given: Given): TrainSettings {
  const flag = <Key extends (typeof FLAGS)[number]>(key: Key) => {
    const standard = DEFAULTS[key] ?? controlOf(key).default;
    return settingOf(key, given.get(key)?.[0] ?? String(standard)) as Settings[Key];
  };
  return {
    space: flag("space"),
    channels: flag("channels"),
    cells: flag("cells"),
    image: flag("image"),
    batch: flag("batch"),
    seed: flag("seed"),
    epochs: countOf(given, "epochs", EPOCHS),
    images: given.has("images") ? countOf(given, "images", { ...IMAGES, standard: IMAGES.max }) : null,
    rate: settingOf("weightRate", given.get("rate")?.[0] ?? RATE, "--rate") as number,
  };
}

function help(): string {
  return helpText(
    "train --arch STRING [options]",
    "Trains one architecture from scratch and tests it: a line an epoch, then one with the accuracy on all test images, Wilson's 95 %\n" +
      "interval for it, and the confusion matrix (a row a class, a column what it was taken for).",
    OPTIONS,
    DEFAULTS,
  );
}
