import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Benchmark, decodeBenchmark } from "../core/benchmark";
import { CONTROLS, type Settings } from "../core/controls";
import { InputError, messageOf } from "../core/errors";
import { nearest } from "../core/text";
import type { Dataset } from "../engine/data/dataset";
import { openIdxDataset } from "../engine/data/idx";
import { openDataset } from "../engine/data/packed";
import { refused } from "./options";

const PUBLIC = new URL("../../public/", import.meta.url);

const readPublic = (path: string): Promise<Uint8Array> => readFile(new URL(path, PUBLIC));

/** The figures of a space. @throws {InputError} where their file is missing or damaged */
export async function openBenchmark(space: Settings["space"]): Promise<Benchmark> {
  const path = `benchmarks/${space}.bin`;
  let bytes: Uint8Array;
  try {
    bytes = await readPublic(path);
  } catch (error) {
    throw new InputError(`public/${path} could not be read (${messageOf(error)}): restore the file`);
  }
  return decodeBenchmark(bytes);
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
