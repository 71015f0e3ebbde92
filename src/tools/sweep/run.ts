/**
 * Whole searches on the WASM device, to choose defaults by and to judge them:
 *
 *   npm run sweep -- choose 100..107 [NAME ...]   seeds that defaults may be chosen on
 *   npm run sweep -- judge 0..15 [NAME ...]       seeds that no choice has seen
 *   npm run sweep -- report                       docs/searches.md from what there is
 *   npm run sweep -- select 0..15                 selections from runs of the default, which are run again where their files are gone
 *   npm run sweep -- rules 100..131               docs/selection.md: what other rules would select from such runs
 *   npm run sweep -- results                      docs/results.md from what there is
 *
 * Each search leaves its run file in runs/, which is not kept, and its outcome in docs/searches.jsonl; each selection what nas select
 * prints, and its outcome in docs/selections.jsonl. What is there is not run again.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { openBenchmark, openData } from "../../cli/files";
import { withDefaults } from "../../core/settings";
import { chooseDevice } from "../../engine/devices";
import { openSearch } from "../../search/open";
import { parseRunFile, toLine } from "../../search/runfile";
import { type Posterior, posteriorOf } from "../../search/select";
import { type Outcome, outcomeOf } from "./outcome";
import { report } from "./report";
import { results } from "./results";
import { rules } from "./rules";
import { type SelectionOutcome, selectionOf, WAYS, type Way } from "./selections";
import { LINES, type Line, SEEDS } from "./settings";

const RESULTS = "docs/searches.jsonl";
const SELECTIONS = "docs/selections.jsonl";
let opened: ReturnType<typeof openBench> | null = null;
const [part, range = "", ...names] = process.argv.slice(2);

const known = <Kept>(file: string): Kept[] =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line))
    : [];

if (part === "report") writeFileSync("docs/searches.md", report(known(RESULTS), await openBenchmark("nasbench201")));
else if (part === "results") {
  writeFileSync("docs/results.md", results(known(RESULTS), known(SELECTIONS), await openBenchmark("nasbench201")));
} else if (part === "select") await selections();
else if (part === "rules") await compareRules();
else if (part === "choose" || part === "judge") await searches(SEEDS[part]);
else throw new Error(`expected choose, judge, report, select, rules or results, got ${part}`);
// The engine's threads would keep the process alive.
process.exit(0);

async function searches([lowest, highest]: readonly [number, number]): Promise<void> {
  const [first, last] = range.split("..").map(Number);
  if (!(first >= lowest && last <= highest))
    throw new Error(`expected seeds within ${lowest}..${highest}, got ${range}`);
  const unknown = names.find((name) => !LINES.some((line) => line.name === name));
  if (unknown) throw new Error(`unknown setting "${unknown}": expected ${LINES.map(({ name }) => name).join(", ")}`);
  const wanted = names.length > 0 ? LINES.filter(({ name }) => names.includes(name)) : LINES;
  const { searched } = await bench();
  const done = new Set(known<Outcome>(RESULTS).map(({ name, seed }) => `${name} ${seed}`));
  for (let seed = first; seed <= last; seed++) {
    for (const { name, settings } of wanted) {
      if (done.has(`${name} ${seed}`)) continue;
      const text = await searched(name, settings, seed);
      const outcome = outcomeOf(name, text);
      appendFileSync(RESULTS, `${JSON.stringify(outcome)}\n`);
      console.error(
        `${name} seed ${seed}: ${outcome.architecture} ${outcome.test.join(" / ")} in ${outcome.seconds} s`,
      );
    }
  }
}

/** Whole searches on the WASM device, which is opened once; each leaves its run file, and returns it. */
function bench(): ReturnType<typeof openBench> {
  opened ??= openBench();
  return opened;
}

async function openBench() {
  mkdirSync("runs", { recursive: true });
  const device = await chooseDevice({ device: "wasm" });
  const dataset = await openData("fashion-mnist");
  const benchmark = await openBenchmark("nasbench201");
  const createEngine = device.createEngine.bind(device);
  return {
    device,
    dataset,
    benchmark,
    async searched(name: string, settings: Line["settings"], seed: number): Promise<string> {
      const whole = withDefaults({ ...settings, seed, evaluateEvery: 100 });
      const { search, close } = await openSearch(whole, { dataset, device: device.choice, createEngine, benchmark });
      const begun = performance.now();
      const lines = [toLine(search.header)];
      while (!search.done) {
        lines.push(toLine(await search.step()));
        if (search.evaluationDue) lines.push(toLine(await search.evaluate()));
      }
      lines.push(toLine(search.result((performance.now() - begun) / 1000)));
      close();
      const text = lines.join("");
      writeFileSync(`runs/${name}.${seed}.jsonl`, text);
      return text;
    },
  };
}

/** The seeds of the range. */
function seedsOf(): number[] {
  const [first, last] = range.split("..").map(Number);
  if (!(first <= last)) throw new Error(`expected seeds as 0..15, got ${range}`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

async function compareRules(): Promise<void> {
  const runs = new Map<number, Posterior>();
  for (const seed of seedsOf()) runs.set(seed, posteriorOf(parseRunFile(readFileSync(await defaultRun(seed), "utf8"))));
  writeFileSync("docs/selection.md", await rules(runs, await bench()));
}

/** The run file of the default. Such files are not kept with the sources: the same seed makes the same one again. */
async function defaultRun(seed: number): Promise<string> {
  const path = `runs/default.${seed}.jsonl`;
  if (!existsSync(path)) await (await bench()).searched("default", {}, seed);
  return path;
}

async function selections(): Promise<void> {
  const done = new Set(known<SelectionOutcome>(SELECTIONS).map(({ way, seed }) => `${way} ${seed}`));
  for (const seed of seedsOf()) {
    for (const [way, options] of Object.entries(WAYS)) {
      if (done.has(`${way} ${seed}`)) continue;
      const kept = `runs/default.${seed}.${way}.jsonl`;
      if (!existsSync(kept)) {
        const command = ["--import", "tsx", "src/cli/nas.ts", "select", "--device", "wasm"];
        const child = spawnSync("node", [...command, "--run", await defaultRun(seed), ...options], {
          stdio: ["ignore", "pipe", "inherit"],
          encoding: "utf8",
          maxBuffer: 2 ** 28,
        });
        if (child.status !== 0) throw new Error(`nas select failed for ${kept}`);
        writeFileSync(kept, child.stdout);
      }
      const outcome = selectionOf(way as Way, readFileSync(kept, "utf8"));
      appendFileSync(SELECTIONS, `${JSON.stringify(outcome)}\n`);
      console.error(`${way} seed ${seed}: ${outcome.architecture} ${outcome.test.join(" / ")} in ${outcome.seconds} s`);
    }
  }
}
