import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { ControlKey, Settings } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import { PROXIES, PROXY_NAMES, type Scores, TRAINING_FREE } from "../core/proxies";
import { parseRanking, SHORT_TRAINING, standardFor } from "../core/selection";
import type { Choices } from "../core/space";
import { SPACES } from "../core/spaces";
import type { Dataset } from "../engine/data/dataset";
import { chooseDevice, type ReadyDevice } from "../engine/devices";
import type { DeviceId } from "../engine/engine";
import { checkRun } from "../search/checkrun";
import { type OpenSearch, openSearch } from "../search/open";
import { scoringBatch } from "../search/proxies";
import type { RunRecord } from "../search/records";
import { retrace } from "../search/retrace";
import { parseRunFile, settingsOf } from "../search/runfile";
import { posteriorOf, Selection } from "../search/select";
import { openBenchmark, openData } from "./files";
import { choiceOf, type Given, helpText, type OptionTable, parseOptions, refused, settingOf } from "./options";
import { Interrupted } from "./search";

const SIZES = ["channels", "cells", "image"] as const satisfies readonly ControlKey[];

/** Ranges of the options that are numbers, and what they are without being given. */
const NUMBERS = {
  samples: { min: 1, max: 10_000, whole: true, standard: 100 },
  temperature: { min: 0.01, max: 100, whole: false, standard: standardFor(0).temperature },
  repeats: { min: 1, max: 10, whole: true, standard: 1 },
  train: { min: 0, max: 1000, whole: true, standard: 0 },
} as const;

const range = (name: keyof typeof NUMBERS) => {
  const { min, max, whole } = NUMBERS[name];
  return `a ${whole ? "whole " : ""}number from ${min} to ${max}`;
};
const described = (name: keyof typeof NUMBERS) => `Expects ${range(name)}; default ${NUMBERS[name].standard}.`;
/** What is the default without --train, and with it. */
const defaults = (what: "ranking" | "temperature") =>
  `${standardFor(0)[what]}, or ${standardFor(1)[what]} with --train.`;

/** Devices with a compiled engine, which proxies need. */
const COMPILED = ["webgpu", "wasm"] as const satisfies readonly DeviceId[];

const OPTIONS: OptionTable = {
  controls: [],
  own: {
    run: { value: "FILE", help: "The run file from whose distribution to draw." },
    samples: { value: "N", help: `Architectures to draw. ${described("samples")}` },
    temperature: {
      value: "T",
      help: `What the scales are multiplied by; without scales, choices have the probabilities softmax(alpha / T). Expects ${range("temperature")}; default ${defaults("temperature")}`,
    },
    rank: {
      value: "NAMES",
      help: `Proxies to rank by, joined by "+": the mean of their ranks. Default ${defaults("ranking")}`,
    },
    proxies: {
      value: "NAMES|all",
      help: "Proxies to print beside. Default none. one_shot trains the run's supernet again first, as its file tells.",
    },
    repeats: { value: "K", help: `Fresh weights over which a score is averaged. ${described("repeats")}` },
    train: {
      value: "K",
      help: `Of the best candidates so many to train briefly, together, in rounds that keep half: the rank by the proxies and that by the training loss decide. ${described("train")} ${SHORT_TRAINING.candidates} do.`,
    },
    seed: { value: "N", help: "Of the draws and the fresh weights. Default that of the run." },
    channels: { value: "C", help: "Channels of the networks that are scored. Default those of the run." },
    cells: { value: "N", help: "Cells a stage. Default those of the run." },
    image: { value: "PX", help: "Side of the images. Default that of the run." },
    data: { value: "NAME|PATH", help: "fashion-mnist, or a folder in MNIST's format; default fashion-mnist." },
    device: { value: COMPILED.join("|"), help: "Default: the first that passes its self-test." },
    resume: {
      value: "FILE",
      help: "Keeps scores in this file, a JSON line each, and goes on with those that it holds of the same selection.",
    },
  },
};

/** `nas select`: a JSON line for each candidate, the best first, then one for the selection. */
export async function select(args: readonly string[]): Promise<void> {
  const given = parseOptions(args, OPTIONS);
  if (given.has("help")) return console.log(help());
  const stop = { wanted: false };
  process.on("SIGINT", () => {
    stop.wanted = true;
  });
  const path = given.get("run")?.[0];
  if (path === undefined) throw new InputError("expected --run FILE, a run file as nas search --out writes it");
  const records = parseRunFile(readText("--run", path));
  const [header] = records;
  const settings = settingsOf(header);
  const { space: id } = header;
  const text = (name: string) => given.get(name)?.[0];
  const train = numberOf(given, "train");
  const standard = standardFor(train);
  const rankBy = parseRanking(text("rank") ?? standard.ranking, "--rank");
  const shown = text("proxies");
  const available = settings.objective === "supernet" ? PROXY_NAMES : TRAINING_FREE;
  const seedText = text("seed");
  const options = {
    run: path,
    seed: seedText === undefined ? header.seed : (settingOf("seed", seedText) as number),
    samples: numberOf(given, "samples"),
    temperature: numberOf(given, "temperature", standard.temperature),
    repeats: numberOf(given, "repeats"),
    rankBy,
    proxies: shown === undefined ? [] : shown === "all" ? available : parseRanking(shown, "--proxies"),
    data: text("data") ?? "fashion-mnist",
    ...sizesOf(given, settings),
  };
  const { data, channels, cells, image, repeats, proxies, ...drawn } = options;
  const named = text("device");
  const dataset = await openData(data);
  const device = await chooseDevice({
    engine: "compiled",
    device: named === undefined ? undefined : choiceOf("--device", named, COMPILED),
  });
  const trainedAgain: { supernet: OpenSearch | null } = { supernet: null };
  try {
    // Trained when it is first asked: a selection that is refused, or has its scores already, needs none.
    const oneShot = async (architecture: Choices) => {
      const own = () => (header.data === data ? dataset : openData(header.data));
      trainedAgain.supernet ??= await retrained(records, device, await own(), stop);
      return trainedAgain.supernet.search.oneShotAccuracy(architecture);
    };
    const selection = new Selection({
      ...drawn,
      posterior: posteriorOf(records),
      benchmark: SPACES[id].tabled ? await openBenchmark(id) : null,
      scoring: {
        space: SPACES[id],
        sizes: { channels, cells, image, imageChannels: 1, classes: dataset.classes.length },
        batch: await scoringBatch(dataset, image),
        repeats,
        proxies,
        device,
        ...(settings.objective === "supernet" && { oneShot }),
      },
      training: train > 0 ? { count: train, dataset, device } : null,
    });
    const file = text("resume");
    if (file !== undefined) restore(selection, file, options);
    const begun = performance.now();
    for await (const line of selection.run()) {
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
      const { scored, total } = selection.progress;
      if (scored % 20 === 0 || scored === total) console.error(`${scored} of ${total} scored`);
      // Signals are heard between tasks only.
      await setImmediate();
      if (stop.wanted && scored < total) throw interrupted(scored, total, file);
    }
    await trained(selection, stop);
    const { candidates, winner, training, ...rest } = selection.result();
    for (const candidate of candidates) console.log(JSON.stringify({ kind: "candidate", ...candidate }));
    for (const each of training?.candidates ?? []) console.log(JSON.stringify({ kind: "trained", ...each }));
    const seconds = (performance.now() - begun) / 1000;
    const byTraining = training && {
      train,
      byTraining: {
        winner: training.candidates[0] ?? null,
        control: training.control[0] ?? null,
        rankCorrelation: training.rankCorrelation,
        oracle: training.oracle,
      },
    };
    const { method } = header;
    console.log(JSON.stringify({ kind: "selection", method, ...winner, ...options, ...rest, ...byTraining, seconds }));
  } finally {
    trainedAgain.supernet?.close();
    device.close();
  }
}

/** A search whose supernet has the weights with which a run ends. */
async function retrained(
  records: readonly RunRecord[],
  device: ReadyDevice,
  dataset: Dataset,
  stop: { readonly wanted: boolean },
): Promise<OpenSearch> {
  const { settings, ...run } = checkRun(records);
  const createEngine = device.createEngine.bind(device);
  const opened = await openSearch(settings, { dataset, device: device.choice, createEngine, benchmark: null });
  try {
    const [tenth, total] = [Math.max(1, Math.floor(run.steps.length / 10)), run.steps.length];
    for await (const step of retrace(opened.search, run)) {
      if (step % tenth === 0) console.error(`supernet: step ${step} of ${total} trained again`);
      await setImmediate();
      if (stop.wanted)
        throw new Interrupted("interrupted while the supernet was trained again, with which the same command begins");
    }
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Trains the best by the proxies, where that was asked for. */
async function trained(selection: Selection, stop: { readonly wanted: boolean }): Promise<void> {
  let said = 0;
  for await (const { of, round, networks, done, total } of selection.train()) {
    const tenths = Math.floor((10 * done) / total);
    if (tenths > said)
      console.error(`short training of the ${of}: round ${round}, ${networks} networks, ${10 * tenths} %`);
    said = tenths;
    await setImmediate();
    if (stop.wanted)
      throw new Interrupted("interrupted in the short training, which begins anew with the same command");
  }
}

function interrupted(scored: number, total: number, file: string | undefined): Interrupted {
  const how = file === undefined ? "nothing is kept: give --resume FILE" : "the same command goes on";
  return new Interrupted(`interrupted after ${scored} of ${total} candidates; ${how}`);
}

function readText(label: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(`${label} ${path} could not be read (${messageOf(error)}): expected a file`);
  }
}

/** Takes over the scores that a file holds, or begins it. @throws {InputError} where it is of another selection */
function restore(selection: Selection, file: string, options: object): void {
  const first = JSON.stringify({ kind: "select", ...options });
  if (!existsSync(file)) {
    writeFileSync(file, `${first}\n`);
    return;
  }
  const [header, ...lines] = readText("--resume", file).split("\n").slice(0, -1);
  if (header !== first) {
    throw new InputError(
      `--resume ${file} is of another selection: give the same options, or a file that is not there`,
    );
  }
  for (const line of lines) {
    const { architecture, scores } = JSON.parse(line) as { architecture: string; scores: Scores };
    selection.restore(architecture, scores);
  }
}

function sizesOf(given: Given, settings: Settings): Pick<Settings, (typeof SIZES)[number]> {
  const { channels, cells, image } = settings;
  const sizes = { channels, cells, image };
  for (const key of SIZES) {
    const text = given.get(key)?.[0];
    if (text !== undefined) sizes[key] = settingOf(key, text) as number;
  }
  return sizes;
}

function numberOf(given: Given, name: keyof typeof NUMBERS, standard: number = NUMBERS[name].standard): number {
  const { min, max, whole } = NUMBERS[name];
  const text = given.get(name)?.[0];
  if (text === undefined) return standard;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const valid = Number.isNaN(value) ? standard : Math.min(max, Math.max(min, whole ? Math.round(value) : value));
  if (valid !== value) throw refused(`--${name}`, text, range(name), String(valid));
  return value;
}

function help(): string {
  const width = Math.max(...PROXY_NAMES.map((name) => name.length));
  return [
    helpText(
      "select --run FILE [options]",
      "Draws architectures from a run's distribution and ranks them by training-free proxies on fresh weights. Prints a JSON line for\n" +
        "each candidate, the best first, then one with the pick, that from as many uniformly random architectures, and the best there is.",
      OPTIONS,
    ),
    "",
    "Proxies:",
    ...PROXY_NAMES.map((name) => `  ${name.padEnd(width)}  ${PROXIES[name].help} ${PROXIES[name].source}.`),
  ].join("\n");
}
