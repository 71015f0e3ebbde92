/**
 * Writes public/benchmarks/nasbench201.bin from a table of the benchmark's figures:
 *
 *   npx tsx src/tools/encode-nasbench201.ts nasbench201.csv
 *
 * The table has a row a cell and the columns index, arch, runs, cifar10_valid_std, params_mb, flops_m, class_id and, in %,
 * {cifar10,cifar100,imagenet16}_{valid,test}. The file is decoded again and compared with the table before this ends.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import {
  BENCHMARK_MAGIC,
  BENCHMARK_SETS,
  COSTS,
  decodeBenchmark,
  NARROW_COLUMNS,
  WIDE_COLUMNS,
} from "../core/benchmark";
import { CELLS, cellCode, NAS_BENCH_201 } from "../core/nasbench201";

const OUT = new URL("../../public/benchmarks/nasbench201.bin", import.meta.url);

/** The table's accuracies are rounded to four decimals. */
const ROUNDING = 0.00005 + 1e-9;

interface Cell {
  readonly text: Readonly<Record<string, string>>;
  readonly choices: number[];
  readonly wide: Record<keyof typeof WIDE_COLUMNS, number>;
  readonly runs: number;
  readonly cost: readonly [parameters: number, flops: number];
}

function readCell(header: readonly string[], line: string): Cell {
  const fields = line.split(",");
  const text = Object.fromEntries(header.map((name, i) => [name, fields[i]]));
  const number = (name: string) => {
    if (!text[name] || Number.isNaN(Number(text[name]))) throw new Error(`no number in column ${name} of: ${line}`);
    return Number(text[name]);
  };
  const runs = number("runs");
  const answers = BENCHMARK_SETS.flatMap((set) =>
    (["valid", "test"] as const).map((split) => {
      const { images, base } = WIDE_COLUMNS[`${set}/${split}`];
      const accuracy = number(`${tableName(set)}_${split}`);
      const right = Math.round((accuracy / 100) * images * runs);
      if (Math.abs((100 * right) / (images * runs) - accuracy) > ROUNDING) {
        throw new Error(`${accuracy} % of ${set} ${split} is no mean over ${runs} runs on ${images} images: ${line}`);
      }
      return [`${set}/${split}`, right - base];
    }),
  );
  return {
    text,
    choices: NAS_BENCH_201.parse(text.arch),
    wide: {
      ...Object.fromEntries(answers),
      index: number("index"),
      spread: Math.round(1000 * number("cifar10_valid_std")),
      isomorphismClass: number("class_id"),
    },
    runs,
    cost: [Math.round(1e6 * number("params_mb")), Math.round(1e6 * number("flops_m"))],
  };
}

function tableName(set: string): string {
  return set.replace("-120", "");
}

function encode(cells: readonly Cell[]): Buffer {
  const costs = [...new Set(cells.map((cell) => cell.cost.join()))];
  if (costs.length !== COSTS) throw new Error(`expected ${COSTS} pairs of parameters and FLOPs, found ${costs.length}`);
  const narrow = { runs: (cell: Cell) => cell.runs, cost: (cell: Cell) => costs.indexOf(cell.cost.join()) };
  const columns = (Object.keys(WIDE_COLUMNS) as (keyof typeof WIDE_COLUMNS)[]).flatMap((name) => {
    const values = cells.map((cell) => cell.wide[name]);
    if (!values.every((value) => value >= 0 && value < 65536)) throw new Error(`${name} does not fit two bytes`);
    return [values.map((value) => value & 255), values.map((value) => value >> 8)];
  });
  columns.push(...NARROW_COLUMNS.map((name) => cells.map(narrow[name])));
  const pairs = Buffer.alloc(8 * COSTS);
  for (const [i, value] of costs.flatMap((pair) => pair.split(",")).entries())
    pairs.writeUInt32LE(Number(value), 4 * i);
  const body = Buffer.concat([...columns.map((column) => Buffer.from(column)), pairs]);
  return Buffer.concat([Buffer.from(BENCHMARK_MAGIC), gzipSync(body, { level: 9, memLevel: 9 })]);
}

/** Compares a file with the table it came from. @throws on any difference beyond the table's own rounding */
async function verify(file: Uint8Array, cells: readonly Cell[]): Promise<void> {
  const benchmark = await decodeBenchmark(file);
  let accuracyError = 0;
  let spreadError = 0;
  for (const { text, choices } of cells) {
    const figures = benchmark.figures(choices);
    for (const set of BENCHMARK_SETS) {
      for (const split of ["valid", "test"] as const) {
        const error = Math.abs(figures.accuracy[set][split] - Number(text[`${tableName(set)}_${split}`]));
        accuracyError = Math.max(accuracyError, error);
      }
    }
    spreadError = Math.max(spreadError, Math.abs(figures.spread - Number(text.cifar10_valid_std)));
    const exact = [
      figures.index,
      figures.isomorphismClass,
      figures.runs,
      figures.parameters / 1e6,
      figures.flops / 1e6,
    ];
    const table = [text.index, text.class_id, text.runs, text.params_mb, text.flops_m].map(Number);
    if (exact.some((value, i) => value !== table[i])) throw new Error(`cell ${text.index} came back wrong: ${exact}`);
  }
  if (accuracyError > ROUNDING || spreadError > 0.0005 + 1e-9) throw new Error("the figures came back wrong");
  console.log(`${file.length} bytes, ${cells.length} cells`);
  console.log(
    `largest error of an accuracy ${accuracyError.toFixed(6)} (the table's own rounding), of a spread ${spreadError.toFixed(6)}`,
  );
  console.log("index, class, runs, parameters and FLOPs exact");
  for (const set of BENCHMARK_SETS) {
    const { test, index } = benchmark.optimum(set);
    console.log(`${set}: best ${test.toFixed(2)} (index ${index}), mean ${benchmark.mean(set).toFixed(2)}`);
  }
}

const path = process.argv[2];
if (!path) throw new Error("usage: npx tsx src/tools/encode-nasbench201.ts TABLE.csv");
const [header, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
const cells = lines.map((line) => readCell(header.split(","), line));
cells.sort((a, b) => cellCode(a.choices) - cellCode(b.choices));
if (cells.length !== CELLS || !cells.every((cell, code) => cellCode(cell.choices) === code)) {
  throw new Error(`expected each of the ${CELLS} cells once, found ${cells.length} rows`);
}
const file = encode(cells);
await verify(file, cells);
writeFileSync(OUT, file);
