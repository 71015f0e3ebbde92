/**
 * Fits the estimate of accuracies in NAS-Bench-101 to the sample in public/benchmarks/nasbench101.bin, in a few minutes:
 *
 *   npx tsx src/tools/fit-nasbench101.ts
 *
 * A random tenth of the sample is held out. Beside public/benchmarks/nasbench101-estimate.bin this writes
 * nasbench101-estimate.json, which says how well the estimate does on that tenth.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { NAS_BENCH_1SHOT1, type OneShotSpace } from "../core/nasbench1shot1";
import { canonicalCode, cellOfCode } from "../core/nasbench101";
import { features } from "../core/nasbench101-features";
import { decodeEstimate, decodeSample, MODEL_MAGIC, targetOf } from "../core/nasbench101-figures";
import { assess, heldOut } from "../core/nasbench101-quality";
import { RandomStream } from "../core/random";
import { optionCount } from "../core/space";
import { type Boosting, boost, fileBody } from "./boosting";

const FOLDER = new URL("../../public/benchmarks/", import.meta.url);
const SEED = 1;
const SETTINGS: Boosting = {
  trees: 900,
  leaves: 24,
  leafRows: 20,
  rate: 0.08,
  rowShare: 0.5,
  columnShare: 0.3,
  shrinkage: 5,
};

/** The `canonicalCode` of all cells of a space. */
function codesOf({ rows, toCell }: OneShotSpace): Set<number> {
  const codes = new Set<number>();
  const counts = rows.map(optionCount);
  const all = counts.reduce((product, count) => product * count, 1);
  for (let i = 0; i < all; i++) {
    let rest = i;
    const choices = counts.map((count) => {
      const choice = rest % count;
      rest = (rest - choice) / count;
      return choice;
    });
    codes.add(canonicalCode(toCell(choices)));
  }
  return codes;
}

const sample = await decodeSample(readFileSync(new URL("nasbench101.bin", FOLDER)));
const out = new Set(heldOut(sample.codes.length, SEED));
const training = sample.codes.map((_, i) => i).filter((i) => !out.has(i));
const fitted = boost(
  training.map((i) => features(cellOfCode(sample.codes[i]))),
  training.map((i) => targetOf(sample.validAccuracy[i])),
  SETTINGS,
  new RandomStream(SEED, "trees"),
);
const file = Buffer.concat([Buffer.from(MODEL_MAGIC), gzipSync(fileBody(fitted), { level: 9, memLevel: 9 })]);
const estimate = await decodeEstimate(file);
const quality = {
  seed: SEED,
  trainingCells: training.length,
  heldOut: assess(estimate, sample, [...out]),
  spaces: Object.fromEntries(
    NAS_BENCH_1SHOT1.map((space) => {
      const codes = codesOf(space);
      const inside = [...out].filter((i) => codes.has(sample.codes[i]));
      console.log(`${space.title}: ${codes.size} cells up to isomorphism`);
      return [space.id, assess(estimate, sample, inside)];
    }),
  ),
};
writeFileSync(new URL("nasbench101-estimate.bin", FOLDER), file);
writeFileSync(new URL("nasbench101-estimate.json", FOLDER), `${JSON.stringify(quality, undefined, 2)}\n`);
console.log(`${file.length} bytes`, quality);
