/**
 * Compares the training-free proxies with published ones and with the benchmark, and writes docs/proxies.md:
 *
 *   npm run proxies
 *
 * SynFlow needs no images and runs at the published sizes too; the others run on Fashion-MNIST, in shallow and in deep networks.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { SETS } from "../app/benchmark/sets";
import { openBenchmark, openData } from "../cli/files";
import { BENCHMARK_SETS } from "../core/benchmark";
import { NAS_BENCH_201 } from "../core/nasbench201";
import { merit, PROXIES, type ProxyName, type Scores, TRAINING_FREE } from "../core/proxies";
import type { NetworkSizes } from "../core/space";
import { rankCorrelation } from "../core/statistics";
import { chooseDevice } from "../engine/devices";
import { scoreCandidates, scoringBatch } from "../search/proxies";

const FIXTURE = "test/fixtures/nasbench201-proxies.csv";
/** The fixture's names where they differ from ours. */
const COLUMNS: Partial<Record<ProxyName, string>> = { jacob_cov: "jacov" };
/** As a search in the page has them, and as deep as the published ones. */
const SMALL: NetworkSizes = { channels: 8, cells: 1, image: 16, imageChannels: 1, classes: 10 };
const DEEP: NetworkSizes = { ...SMALL, channels: 4, cells: 5 };

const { space, lines, header } = fixture();
const cells = lines.map(([architecture]) => space.parse(architecture));
const benchmark = await openBenchmark("nasbench201");
const device = await chooseDevice({ device: "wasm" });
const dataset = await openData("fashion-mnist");

const counted: readonly ProxyName[] = ["params", "flops"];
const measured = TRAINING_FREE.filter((name) => !counted.includes(name));
const settings: { readonly sizes: NetworkSizes; readonly proxies: readonly ProxyName[] }[] = [
  { sizes: { ...space.published, imageChannels: 3 }, proxies: ["synflow", ...counted] },
  { sizes: DEEP, proxies: measured },
  { sizes: SMALL, proxies: measured },
];
const tables: string[][] = [];
for (const { sizes, proxies } of settings) {
  const scores = await scored(sizes, proxies);
  tables.push(...proxies.map((name) => row(name, sizes, scores)));
}
writeFileSync("docs/proxies.md", report());
// The engine's threads would keep the process alive.
process.exit(0);

/** Connected cells of the fixture. */
function fixture() {
  const [, header, ...lines] = readFileSync(FIXTURE, "utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(","));
  const connected = rows.filter(([architecture]) => NAS_BENCH_201.connected(NAS_BENCH_201.parse(architecture)));
  return { space: NAS_BENCH_201, lines: connected, header: header.split(",") };
}

async function scored(sizes: NetworkSizes, proxies: readonly ProxyName[]): Promise<Scores[]> {
  const batch = await scoringBatch(dataset, sizes.image);
  const all: Scores[] = [];
  for await (const each of scoreCandidates(cells, { space, sizes, batch, seed: 1, repeats: 1, proxies, device })) {
    all.push(each);
    if (all.length % 20 === 0) console.error(`${all.length} of ${cells.length} at C=${sizes.channels}`);
  }
  return all;
}

/** Rank correlations of a proxy with the published one and with the accuracies. */
function row(name: ProxyName, { channels, cells: depth, image }: NetworkSizes, scores: readonly Scores[]): string[] {
  const values = scores.map((each) => merit(name, each));
  const column = header.indexOf(COLUMNS[name] ?? name);
  const published = column < 0 ? null : lines.map((line) => Number(line[column]));
  const shown = (a: readonly number[], b: readonly number[] | null) => (b ? rankCorrelation(a, b).toFixed(2) : "");
  const accuracies = BENCHMARK_SETS.map((set) => cells.map((cell) => benchmark.figures(cell).accuracy[set].test));
  return [
    PROXIES[name].title,
    `${channels}, ${depth}, ${image} px`,
    shown(values, published),
    ...accuracies.map((accuracy) => shown(values, accuracy)),
    published ? shown(published, accuracies[0]) : "",
  ];
}

function report(): string {
  const head = ["", "C, N, image", "published", ...SETS.map(({ title }) => title), "published, CIFAR-10"];
  const line = (cellsOfLine: readonly string[]) => `| ${cellsOfLine.join(" | ")} |`;
  return [
    "# Training-free proxies",
    "",
    "Written by `npm run proxies`. Rank correlations (Spearman) over the connected ones of 240 cells of NAS-Bench-201, for which",
    "NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) publishes proxies on CIFAR-10 at C=16, N=5, 32 px: of ours with the published",
    "ones, of ours with the test accuracy on three data sets, and of the published ones with that on CIFAR-10. A proxy of which less is better",
    "counts with the other sign.",
    "",
    "SynFlow needs no images: at the published sizes nothing but the random weights sets ours apart. The other proxies see 64 grey images",
    "of Fashion-MNIST, which ships, in place of CIFAR-10's coloured ones, and smaller networks. What hangs on the loss of an untrained",
    "network (SNIP, GraSP, Fisher, gradient norm) changes its order with the depth, so that in the networks of a search with one cell a stage",
    "it ranks otherwise than published.",
    "",
    line(head),
    line(head.map((_, i) => (i < 2 ? "---" : "---:"))),
    ...tables.map(line),
    "",
    ...TRAINING_FREE.map((name) => `- ${PROXIES[name].title}: ${PROXIES[name].help} ${PROXIES[name].source}.`),
    "",
  ].join("\n");
}
