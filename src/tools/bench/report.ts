import type { BenchLine } from "../../engine/bench";
import type { GroupLine } from "../../engine/group-bench";

/** Seconds from Run to the first posterior update on screen, and to the end of the default search. */
export interface EndToEnd {
  readonly device: string;
  readonly first: number | null;
  readonly whole: number;
}

export interface PlacedGroup extends GroupLine {
  /** Node or Chromium. */
  readonly place: string;
}

export interface Findings {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** A table for every case. */
  readonly node: readonly (readonly BenchLine[])[];
  readonly chromium: readonly (readonly BenchLine[])[];
  readonly groups: readonly PlacedGroup[];
  readonly searches: readonly EndToEnd[];
}

/** docs/performance.md. */
export function report({ date, machine, versions, node, chromium, groups, searches }: Findings): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    "# Performance",
    "",
    `Written by \`npm run bench\` on ${date}: ${machine}; ${named.join(", ")}. WebGPU and WebGL run on SwiftShader, a software adapter, unless`,
    "a line names another: its milliseconds say nothing about a GPU, while ratios within a table, dispatches and JavaScript carry over.",
    "",
    "One search step is an architecture step, then a weight step, of the NAS-Bench-201 supernet (16 px, batch 32). The engines of a table",
    "take their steps in turns; milliseconds are medians. `reference` is the same supernet in TensorFlow.js, jax-js the same again in",
    "jax-js, traced and compiled. GFLOP/s counts two for each multiply-accumulate of the convolutions and the classifier, five passes a step.",
    "",
    "## In Node",
    "",
    ...node.flatMap(tableOf),
    "## In Chromium",
    "",
    ...chromium.flatMap(tableOf),
    "## Networks that train together",
    "",
    "One weight step of several random NAS-Bench-201 cells (C=4, one cell a stage, 8 px, batch 32) as one grouped plan, and with an engine",
    "each, on as many threads as each of the two takes by default; in turns, medians, the ratio step by step. What a group saves is what a",
    "dispatch costs and what small kernels leave idle. Arithmetic, which SwiftShader spends nearly all of its time on, is the same for both.",
    "",
    ...markdown(
      ["", "networks", "together, ms", "alone, ms", "ratio", "dispatches", "alone", "largest difference of a loss"],
      groups.map((line) => [
        `${line.place}, ${NAMES[line.device]}`,
        String(line.networks),
        line.msTogether.toFixed(1),
        line.msAlone.toFixed(1),
        line.ratio.toFixed(2),
        line.dispatchesTogether === null ? "" : String(line.dispatchesTogether),
        line.dispatchesAlone === null ? "" : String(line.dispatchesAlone),
        line.largestDifference.toExponential(0),
      ]),
    ),
    "## From Run to the end",
    "",
    "The default search: 2,400 steps at C=4, 8 px, in batches of 64.",
    "",
    ...markdown(
      ["", "first update, s", "done, s"],
      searches.map(({ device, first, whole }) => [device, first?.toFixed(2) ?? "", whole.toFixed(0)]),
    ),
  ].join("\n");
}

const NAMES: Readonly<Record<string, string>> = { webgpu: "WebGPU", wasm: "WebAssembly", webgl: "WebGL", cpu: "CPU" };

function tableOf(lines: readonly BenchLine[]): string[] {
  const [{ device, channels, cells, gflopPerStep, parameters, msPerStep }] = lines;
  const rows = lines.map((line) => [
    `${line.engine}${line.device === device ? "" : `, ${NAMES[line.device]}`}`,
    line.msPerStep.toFixed(line.msPerStep < 100 ? 1 : 0),
    line === lines[0] ? "" : `${(line.msPerStep / msPerStep).toFixed(1)}`,
    line.jsMsPerStep.toFixed(line.jsMsPerStep < 10 ? 2 : 0),
    line.dispatches === null ? "" : String(line.dispatches),
    line.gflops.toFixed(line.gflops < 1 ? 2 : 1),
    line.peakGflops === null
      ? ""
      : `${((100 * line.gflops) / line.peakGflops).toFixed(0)} % of ${line.peakGflops.toFixed(1)}`,
    line.arenaBytes === null ? "" : `${(line.arenaBytes / 1e6).toFixed(1)}`,
  ]);
  const head = `${NAMES[device]}, C=${channels}, N=${cells}: ${gflopPerStep.toFixed(2)} GFLOP a step, ${parameters.toLocaleString("en")} weights`;
  const columns = [
    "",
    "ms a step",
    "times slower",
    "JavaScript, ms",
    "dispatches",
    "GFLOP/s",
    "of best product",
    "arena, MB",
  ];
  return [`### ${head}`, "", ...markdown(columns, rows)];
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line), ""];
}
