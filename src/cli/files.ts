import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Benchmark, decodeBenchmark } from "../core/benchmark";
import { CONTROLS, type Settings } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import { type NasBench101, openNasBench101 } from "../core/nasbench101-figures";
import type { EstimateReport } from "../core/nasbench101-quality";
import { nearest } from "../core/text";
import type { Dataset } from "../engine/data/dataset";
import { openIdxDataset } from "../engine/data/idx";
import { openDataset } from "../engine/data/packed";
import { chooseDevice, type ReadyDevice } from "../engine/devices";
import { refused, type Wanted } from "./options";

const PUBLIC = new URL("../../public/", import.meta.url);

const readPublic = (path: string): Promise<Uint8Array> => readFile(new URL(path, PUBLIC));

async function readBenchmark(path: string): Promise<Uint8Array> {
  try {
    return await readPublic(path);
  } catch (error) {
    throw new InputError(`public/${path} could not be read (${messageOf(error)}): restore the file`);
  }
}

/** What is known of cells within NAS-Bench-101. @throws {InputError} where a file is missing or damaged */
export const openGraphBenchmark = (): Promise<NasBench101> => openNasBench101(readBenchmark);

/** How good the estimate is among them. @throws {InputError} where the file is missing */
export async function estimateReport(): Promise<EstimateReport> {
  return JSON.parse(new TextDecoder().decode(await readBenchmark("benchmarks/nasbench101-estimate.json")));
}

/** The figures of a space. @throws {InputError} where their file is missing or damaged */
export async function openBenchmark(space: Settings["space"]): Promise<Benchmark> {
  return decodeBenchmark(await readBenchmark(`benchmarks/${space}.bin`));
}

/**
 * A data set that ships, by its name, or a folder of files in MNIST's format.
 * @throws {InputError} where it is neither, or a file is missing or damaged
 */
export async function openData(text: string): Promise<Dataset> {
  const names = CONTROLS.data.options.map(({ value }) => value);
  const known = names.find((name) => name === text.toLowerCase());
  if (known) return openDataset(readPublic, known);
  if (text.includes("/") || existsSync(text)) return openIdxDataset((path) => readFile(path), resolve(text));
  throw refused("--data", text, `${names.join(" or ")} or the path of a folder`, nearest(text.toLowerCase(), names));
}

/** The device asked for, or the best there is; says which it is, and why others are passed over. @throws {InputError} */
export async function openDevice(wanted: Wanted): Promise<ReadyDevice> {
  const ready = await chooseDevice(wanted);
  for (const { device, reason } of ready.choice.passedOver) console.error(`${device} is passed over: ${reason}`);
  console.error(`running on ${ready.choice.device} (${ready.choice.description})`);
  return ready;
}
