/**
 * Writes public/benchmarks/nasbench101.bin from a table of cells of NAS-Bench-101:
 *
 *   npx tsx src/tools/encode-nasbench101.ts nasbench101_sample.csv
 *
 * The table has a row a cell and the columns vertices, adj_upper_rowmajor (upper triangle of the adjacency matrix, row by row), ops (a
 * digit per inner vertex, the benchmark's index), val_acc_108 (of one run, a fraction) and params. The parameters are compared with
 * those counted here, and the file is decoded again and compared with the table, before this ends.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { CELL_OPERATIONS, canonicalCode, cellOfMatrix, networkCost, PUBLISHED_SIZES } from "../core/nasbench101";
import { decodeSample, SAMPLE_MAGIC, toColumns, VALID_IMAGES } from "../core/nasbench101-figures";

const OUT = new URL("../../public/benchmarks/nasbench101.bin", import.meta.url);

interface Known {
  readonly code: number;
  readonly right: number;
}

function readCell(header: readonly string[], line: string): Known {
  const fields = line.split(",");
  const text = Object.fromEntries(header.map((name, i) => [name, fields[i]]));
  const vertices = Number(text.vertices);
  let next = 0;
  const matrix = Array.from({ length: vertices }, (_, from) =>
    Array.from({ length: vertices }, (_, to) => (to > from ? Number(text.adj_upper_rowmajor[next++]) : 0)),
  );
  // A cell without inner vertices has a dash.
  const cell = cellOfMatrix(
    matrix,
    [...text.ops.replace("-", "")].map((digit) => CELL_OPERATIONS[Number(digit)]),
  );
  const { parameters } = networkCost(cell, PUBLISHED_SIZES);
  if (parameters !== Number(text.params)) throw new Error(`counted ${parameters} parameters: ${line}`);
  const accuracy = Number(text.val_acc_108);
  const right = Math.round(accuracy * VALID_IMAGES);
  // The table has six decimals of a number that was kept in float32.
  if (!(Math.abs(right / VALID_IMAGES - accuracy) <= 0.56e-6)) {
    throw new Error(`${accuracy} is no share of ${VALID_IMAGES} images: ${line}`);
  }
  return { code: canonicalCode(cell), right };
}

const path = process.argv[2];
if (!path) throw new Error("usage: npx tsx src/tools/encode-nasbench101.ts TABLE.csv");
const [header, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
const cells = lines.map((line) => readCell(header.split(","), line)).sort((a, b) => a.code - b.code);
const steps = cells.map(({ code }, i) => code - (i === 0 ? 0 : cells[i - 1].code));
if (steps.includes(0)) throw new Error("two rows have isomorphic cells");
const answers = cells.map(({ right }) => right);
const body = Buffer.concat([toColumns(steps, 4), toColumns(answers, 2)]);
const file = Buffer.concat([Buffer.from(SAMPLE_MAGIC), gzipSync(body, { level: 9, memLevel: 9 })]);
const sample = await decodeSample(file);
for (const { code, right } of cells) {
  if (sample.find(code) !== (100 * right) / VALID_IMAGES) throw new Error(`cell ${code} came back wrong`);
}
writeFileSync(OUT, file);
console.log(`${file.length} bytes, ${cells.length} cells`);
