import { execFileSync } from "node:child_process";
import { unzipSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import { Recording } from "../../src/app/recording";
import { arraysOf, csvOf } from "../../src/app/share/tables";
import { DARTS } from "../../src/core/darts";
import { dartsGenotype, jsonGenotype } from "../../src/core/export/genotype";
import { pytorchModule } from "../../src/core/export/pytorch";
import { cellOfCode, NAS_BENCH_201 as SPACE } from "../../src/core/nasbench201";
import { PUBLISHED_GENOTYPES } from "../../src/core/published-genotypes";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import { STEP_SCALARS } from "../../src/worker/protocol";

const CELL = [3, 1, 0, 4, 2, 3];

test("the genotype lists operations with their input nodes, and JSON every edge", () => {
  expect(dartsGenotype(SPACE, CELL)).toBe(
    "Genotype(normal=[('nor_conv_3x3', 0), ('skip_connect', 0), ('none', 1), ('avg_pool_3x3', 0), ('nor_conv_1x1', 1), " +
      "('nor_conv_3x3', 2)], normal_concat=[3], reduce=[], reduce_concat=[])",
  );
  const { architecture, edges } = JSON.parse(jsonGenotype(SPACE, CELL));
  expect(SPACE.parse(architecture)).toEqual(CELL);
  expect(edges[3]).toEqual({ from: 0, to: 3, operation: "avg_pool_3x3" });
});

/** Reads modules from standard input with Python's own parser; prints each one's table of edges and the classes it defines. */
const READ_BACK = `
import ast, json, sys
for source in json.load(sys.stdin):
    tree = ast.parse(source)
    values = {n.targets[0].id: ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign)}
    imports = [a.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names]
    classes = [n.name for n in tree.body if isinstance(n, ast.ClassDef)]
    tables = [values[name] for name in ("EDGES", "NORMAL", "REDUCE") if name in values]
    print(json.dumps([tables, values["NODES"], imports, classes]))
`;

function readBack(modules: readonly string[]) {
  const lines = execFileSync("python3", ["-c", READ_BACK], { input: JSON.stringify(modules), encoding: "utf8" });
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("the PyTorch module parses, stands alone, and its structure is the cell", () => {
  const cells = [CELL, ...Array.from({ length: 40 }, (_, i) => cellOfCode(389 * i))];
  const modules = cells.map((cell) => pytorchModule(SPACE, cell, SPACE.published));
  for (const [i, [[edges], nodes, imports, classes]] of readBack(modules).entries()) {
    const choices = SPACE.edges.map(([from, to]) => {
      const [, , operation] = edges.find(([source, target]: [number, number]) => source === from && target === to);
      return SPACE.rows[0].choices.indexOf(operation);
    });
    expect(choices).toEqual(cells[i]);
    expect(nodes).toBe(SPACE.nodes);
    expect(imports).toEqual(["torch", "nn"]);
    expect(classes).toEqual(["Zero", "ReLUConvBN", "Cell", "Reduction", "Network"]);
  }
});

test("the PyTorch module of DARTS parses, stands alone, and its two cells are the architecture", () => {
  const architectures = [
    ...PUBLISHED_GENOTYPES.map(({ choices }) => choices),
    ...Array.from({ length: 20 }, (_, i) => DARTS.discretise(new RandomStream(i, "cells").normals(DARTS.size))),
  ];
  const modules = architectures.map((choices) => pytorchModule(DARTS, choices, DARTS.published));
  for (const [i, [tables, nodes, imports, classes]] of readBack(modules).entries()) {
    const choices = DARTS.rows.map(() => 0);
    for (const [kind, table] of tables.entries()) {
      const { first, end } = DARTS.cellKinds[kind];
      for (const [from, to, operation] of table) {
        const row = DARTS.edges.findIndex((edge, r) => r >= first && r < end && edge[0] === from && edge[1] === to);
        choices[row] = DARTS.rows[row].choices.indexOf(operation);
      }
    }
    expect(choices).toEqual(architectures[i]);
    expect(nodes).toBe(DARTS.nodes);
    expect(imports).toEqual(["torch", "nn"]);
    expect(classes).toEqual(["ReLUConvBN", "Separable", "FactorizedReduce", "Cell", "Network"]);
  }
});

test("genotype and JSON of DARTS list the kept edges of both cells", () => {
  const [{ choices }] = PUBLISHED_GENOTYPES;
  expect(dartsGenotype(DARTS, choices)).toBe(DARTS.format(choices));
  const { architecture, concat, normal, reduce } = JSON.parse(jsonGenotype(DARTS, choices));
  expect(DARTS.parse(architecture)).toEqual(choices);
  expect(concat).toEqual([2, 3, 4, 5]);
  expect([normal.length, reduce.length]).toEqual([8, 8]);
  expect(reduce[7]).toEqual({ from: 2, to: 5, operation: "skip_connect" });
});

function recording(): Recording {
  const size = SPACE.size;
  const run = new Recording(withDefaults({}), new Float64Array(size).fill(0.1), new Float64Array(size).fill(0.5));
  run.append({
    count: 2,
    scalars: Float32Array.from({ length: 2 * STEP_SCALARS.length }, (_, i) => (i === 3 ? Number.NaN : i)),
    mean: Float64Array.from({ length: 2 * size }, (_, i) => i / 3),
    scale: Float64Array.from({ length: 2 * size }, (_, i) => 1 / (i + 1)),
    evaluations: [],
    changes: [],
    result: null,
    seconds: 1,
  });
  return run;
}

test("CSV has a line a step, in full precision, and leaves blank what a step lacks", () => {
  const [head, first, second] = csvOf(recording()).split("\n");
  const columns = head.split(",");
  expect(columns).toHaveLength(1 + STEP_SCALARS.length + 2 * SPACE.size);
  expect(columns[7]).toBe("mean 1<-0/none");
  expect(Number(first.split(",")[7])).toBe(0.1);
  expect(Number(second.split(",")[8])).toBe(1 / 3);
  expect(second.split(",")[4]).toBe("");
});

test("the npz reads back as NumPy writes it", () => {
  const files = unzipSync(zipSync(arraysOf(recording())));
  const read = (name: string) => {
    const file = files[name];
    const header = new TextDecoder().decode(file.subarray(10, 10 + file[8] + 256 * file[9]));
    expect([...file.subarray(0, 8)]).toEqual([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
    expect((10 + header.length) % 64).toBe(0);
    const shape = /'shape': \((\d+), (\d+)\)/.exec(header)?.slice(1).map(Number);
    return { header, shape, data: file.slice(10 + header.length).buffer };
  };
  const mean = read("mean.npy");
  expect(mean.header).toContain("'descr': '<f8'");
  expect(mean.shape).toEqual([3, SPACE.size]);
  expect(new Float64Array(mean.data)[SPACE.size + 7]).toBe(7 / 3);
  expect(read("scalars.npy").shape).toEqual([2, STEP_SCALARS.length]);
  expect(new TextDecoder().decode(files["parameters.txt"]).split("\n")[4]).toBe("1<-0/avg_pool_3x3");
});
