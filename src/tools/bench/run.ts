/**
 * Benchmarks of the search step and of whole searches, in Node and in Chromium; writes docs/performance.md, and the figures behind it to
 * docs/performance.json. Run it on a quiet machine: `npm run bench`, or `npm run bench -- node chromium searches` for parts of it. Its
 * figures hold for that machine; what carries over are ratios within one table, dispatches and JavaScript.
 *
 * Where the package `webgpu` is installed (Dawn for Node: `npm install --no-save webgpu`), networks are trained together on WebGPU in Node
 * too, on a second driver: that which VK_ICD_FILENAMES names, such as Mesa's lavapipe.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { chromium, type Page } from "playwright-core";
import { createServer } from "vite";
import type { BenchLine } from "../../engine/bench";
import type { GroupLine } from "../../engine/group-bench";
import { CHROMIUM, PLAIN_FLAGS, WEBGPU_FLAGS } from "../chromium.mjs";
import { chooseSupernet, serve } from "../page";
import { type EndToEnd, type Findings, type PlacedGroup, report } from "./report";
import { type Case, type GroupCase, run, runGroup } from "./worker";

const SIZES = { cells: 1, image: 16, batch: 32 };
const SMALL = { ...SIZES, channels: 4 };
const LARGE = { ...SIZES, channels: 16 };
const BENCHMARK = { ...LARGE, cells: 5 };

const IN_NODE: readonly Case[] = [
  { ...SMALL, device: "wasm", engines: ["compiled", "reference"], peer: true, steps: 40 },
  { ...LARGE, device: "wasm", engines: ["compiled", "reference"], peer: false, steps: 20 },
  { ...BENCHMARK, device: "wasm", engines: ["compiled"], peer: false, steps: 8 },
];
const IN_CHROMIUM: readonly Case[] = [
  { ...SMALL, device: "webgpu", engines: ["compiled", "reference"], peer: true, steps: 20 },
  { ...LARGE, device: "webgpu", engines: ["compiled", "reference"], peer: false, steps: 6 },
  { ...BENCHMARK, device: "webgpu", engines: ["compiled"], peer: false, steps: 3 },
  { ...SMALL, device: "wasm", engines: ["compiled"], peer: true, steps: 20 },
  { ...LARGE, device: "wasm", engines: ["compiled"], peer: false, steps: 20 },
  { ...SMALL, device: "webgl", engines: ["reference"], peer: false, steps: 3 },
];

/** 32 candidates of a selection. */
const GROUPS: Readonly<Record<"node" | "chromium", readonly GroupCase[]>> = {
  node: [
    { device: "wasm", networks: 32, steps: 100 },
    { device: "webgpu", networks: 32, steps: 20 },
  ],
  chromium: [
    { device: "webgpu", networks: 32, steps: 10 },
    { device: "wasm", networks: 32, steps: 100 },
  ],
};

const say = (text: string) => console.error(text);

const nameOf = ({ device, channels, cells }: Case) => `${device}, C=${channels}, N=${cells}`;

async function inNode(): Promise<BenchLine[][]> {
  const tables: BenchLine[][] = [];
  for (const each of IN_NODE) {
    say(`Node: ${nameOf(each)}`);
    tables.push(await run(each));
  }
  return tables;
}

/** Serves the sources, so that what is timed is what the page runs; every measurement has a page of its own. */
async function inChromium<T>(
  measure: (fresh: () => Promise<Page>) => Promise<T>,
): Promise<{ found: T; version: string }> {
  const server = await createServer({
    server: { port: 0, hmr: false },
    logLevel: "error",
    optimizeDeps: { entries: ["src/tools/bench/worker.ts"] },
  });
  await server.listen();
  const address = server.resolvedUrls?.local[0];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...WEBGPU_FLAGS] });
  try {
    const fresh = async () => {
      const page = await browser.newPage();
      await page.goto(`${address}src/tools/bench/page.html`);
      return page;
    };
    return { found: await measure(fresh), version: browser.version() };
  } finally {
    await browser.close();
    await server.close();
  }
}

interface BenchWindow {
  readonly bench: { run(wanted: Case): Promise<BenchLine[]>; runGroup(wanted: GroupCase): Promise<GroupLine> };
}

async function stepsInChromium(fresh: () => Promise<Page>): Promise<BenchLine[][]> {
  const tables: BenchLine[][] = [];
  for (const each of IN_CHROMIUM) {
    say(`Chromium: ${nameOf(each)}`);
    const page = await fresh();
    tables.push(await page.evaluate((wanted) => (window as unknown as BenchWindow).bench.run(wanted), each));
    await page.close();
  }
  return tables;
}

async function groupsInChromium(fresh: () => Promise<Page>): Promise<PlacedGroup[]> {
  const lines: PlacedGroup[] = [];
  for (const each of GROUPS.chromium) {
    say(`Chromium: ${each.networks} networks together, ${each.device}`);
    const page = await fresh();
    const line = await page.evaluate((wanted) => (window as unknown as BenchWindow).bench.runGroup(wanted), each);
    lines.push({ place: "Chromium", ...line });
    await page.close();
  }
  return lines;
}

async function groupsInNode(): Promise<PlacedGroup[]> {
  const lines: PlacedGroup[] = [];
  const adapter = await gpuOfNode();
  for (const each of GROUPS.node) {
    if (each.device === "webgpu" && !adapter) continue;
    say(`Node: ${each.networks} networks together, ${each.device}`);
    const place = each.device === "webgpu" ? `Node on ${adapter}` : "Node";
    lines.push({ place, ...(await runGroup(each)) });
  }
  return lines;
}

/** Gives Node WebGPU, where its package is installed, and says on what adapter; null where it has none. */
async function gpuOfNode(): Promise<string | null> {
  const name = "webgpu";
  const { create, globals } = await import(name).catch(() => ({ create: null, globals: {} }));
  const gpu: GPU | undefined = create?.([]);
  const adapter = await gpu?.requestAdapter();
  if (!adapter) {
    say("Node has no WebGPU: npm install --no-save webgpu, and a Vulkan driver, would give it some");
    return null;
  }
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", {
    value: { gpu, hardwareConcurrency: cpus().length },
    configurable: true,
  });
  return adapter.info.description || adapter.info.architecture;
}

/** The built page's default search, as a person starts it. */
async function endToEnd(): Promise<EndToEnd[]> {
  const { server, address } = await serve();
  const lines: EndToEnd[] = [];
  try {
    for (const [device, flags] of [
      ["WebAssembly", PLAIN_FLAGS],
      ["WebGPU", WEBGPU_FLAGS],
    ] as const) {
      say(`The page: ${device}`);
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...flags] });
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(address);
      await chooseSupernet(page);
      await page.getByRole("button", { name: new RegExp(`^Device: ${device}`) }).waitFor();
      const seconds = async (least: string) => {
        await page.waitForFunction(
          (pattern) => new RegExp(pattern).test(document.querySelector(".bar")?.textContent ?? ""),
          least,
          { timeout: 3_600_000 },
        );
        return (performance.now() - begun) / 1000;
      };
      await page.getByRole("button", { name: "Run", exact: true }).click();
      const begun = performance.now();
      const first = await seconds("[1-9][\\d\\s,]*/");
      const whole = await seconds("Run again");
      lines.push({ device: `page, ${device}`, first, whole });
      await browser.close();
    }
  } finally {
    await server.close();
  }
  say("nas search");
  const output = execFileSync("npm", ["run", "--silent", "nas", "--", "search", "--device", "wasm"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  lines.push({ device: "Node, WebAssembly", first: null, whole: JSON.parse(output).seconds });
  return lines;
}

const versionOf = (name: string) =>
  JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version as string;

const PARTS = ["node", "chromium", "groups", "searches"];
const asked = process.argv.slice(2);
const unknown = asked.find((part) => !PARTS.includes(part));
if (unknown) throw new Error(`unknown part "${unknown}": expected ${PARTS.join(", ")}, or none for all`);
const wants = (part: string) => asked.length === 0 || asked.includes(part);

const RESULTS = "docs/performance.json";
const known: Partial<Findings> = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {};
const browser = wants("chromium") ? await inChromium(stepsInChromium) : null;
const groups = wants("groups") ? [...(await groupsInNode()), ...(await inChromium(groupsInChromium)).found] : null;
const node = wants("node") ? await inNode() : null;
const searches = wants("searches") ? await endToEnd() : null;
const [cpu] = cpus();
const findings: Findings = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpu.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, no GPU`,
  versions: {
    Node: process.versions.node,
    Chromium: browser?.version ?? known.versions?.Chromium ?? "?",
    "TensorFlow.js": versionOf("@tensorflow/tfjs"),
    "jax-js": versionOf("@jax-js/jax"),
  },
  node: node ?? known.node ?? [],
  chromium: browser?.found ?? known.chromium ?? [],
  groups: groups ?? known.groups ?? [],
  searches: searches ?? known.searches ?? [],
};
writeFileSync(RESULTS, `${JSON.stringify(findings, null, 1)}\n`);
writeFileSync("docs/performance.md", report(findings));
say("wrote docs/performance.md");
// Threads of the engines and jax-js would keep the process alive.
process.exit(0);
