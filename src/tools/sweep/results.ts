import { SETS } from "../../app/benchmark/sets";
import { BALENAS_TF, BENCHMARK_SETS, type Benchmark } from "../../core/benchmark";
import { withDefaults } from "../../core/settings";
import { mean } from "../../core/statistics";
import { costOf } from "../../search/open";
import { difference, markdownTable, spread } from "./markdown";
import type { Outcome } from "./outcome";
import type { SelectionOutcome } from "./selections";
import { LINES, SEEDS } from "./settings";

/** A row of the report: by seed the test accuracies on the three sets. */
interface Row {
  readonly title: string;
  readonly tests: ReadonlyMap<number, readonly number[]>;
  readonly gflop: number | null;
  readonly seconds: number | null;
}

/** What was learnt; written by hand after looking at the tables. */
const LEARNT: readonly string[] = [];

/** docs/results.md. */
export function results(
  searches: readonly Outcome[],
  selections: readonly SelectionOutcome[],
  benchmark: Benchmark,
): string {
  const rows = {
    argmax: searched("BaLeNAS: argmax of the mean", "default", searches),
    proxies: selected("BaLeNAS-TF: 100 samples, SynFlow", "proxies", selections, "test"),
    trained: selected("BaLeNAS with short training: 1,000 samples", "trained", selections, "test"),
    first: selected("The same, as it was judged first", "first", selections, "test"),
    darts: searched("DARTS", "darts", searches),
    drnas: searched("DrNAS", "drnas", searches),
    rsps: searched("Random search with shared weights (RSPS)", "rsps", searches),
    randomProxies: selected("100 random cells, SynFlow", "proxies", selections, "control"),
    randomTrained: selected("1,000 random cells with the same short training", "trained", selections, "control"),
  };
  const base = costs(searches, "default");
  const added = ({ gflop, seconds, ...row }: Row): Row => ({
    ...row,
    gflop: (gflop ?? 0) + (base.gflop ?? 0),
    seconds: (seconds ?? 0) + (base.seconds ?? 0),
  });
  const listed: readonly Row[] = [
    rows.argmax,
    added(rows.proxies),
    added(rows.trained),
    added(rows.first),
    rows.darts,
    rows.drnas,
    rows.rsps,
    rows.randomProxies,
    rows.randomTrained,
  ];
  const titles = SETS.map(({ title }) => title);
  const figures = (values: readonly number[], digits: number) => values.map((value) => value.toFixed(digits));
  const pairs: readonly (readonly [string, Row, Row])[] = [
    ["BaLeNAS − DARTS", rows.argmax, rows.darts],
    ["BaLeNAS − DrNAS", rows.argmax, rows.drnas],
    ["BaLeNAS − RSPS", rows.argmax, rows.rsps],
    ["BaLeNAS-TF − BaLeNAS", rows.proxies, rows.argmax],
    ["BaLeNAS-TF − random, same proxy", rows.proxies, rows.randomProxies],
    ["short training − BaLeNAS-TF", rows.trained, rows.proxies],
    ["short training − random, same training", rows.trained, rows.randomTrained],
    ["random with short training − BaLeNAS", rows.randomTrained, rows.argmax],
  ];
  const of = (way: SelectionOutcome["way"]) => selections.filter((each) => each.way === way);
  const [low, high] = SEEDS.judge;
  return [
    "# Results",
    "",
    "Written by `npm run sweep -- results` from the run files of `npm run sweep -- judge`, and what `nas select` printed for them",
    "(docs/searches.jsonl, docs/selections.jsonl). NAS-Bench-201; searches of the default settings on Fashion-MNIST on the WASM device,",
    `seeds ${low} to ${high}, which no choice has seen: settings, rankings and the short training were chosen on seeds from 100 on.`,
    "Figures are test accuracies, %, in the benchmark's table, which no method sees: mean ± standard deviation over the seeds. GFLOP are",
    "those of the convolutions and the classifier, forward and backward; seconds were taken on one machine that did other work too, and",
    "those of a selection are with its random control. Costs of a selection are with those of its search. The short training was judged",
    "twice: first the best 30 by NASWOT and FLOPs, of which the one with the smallest loss won. That left ImageNet16-120 behind, and on the",
    "seeds from 100 on, and by these alone, the best 50 by NASWOT and SynFlow were chosen, with the proxies deciding between the last.",
    "",
    ...markdownTable(
      ["", "seeds", ...titles, "GFLOP", "seconds"],
      [
        ...listed.map(({ title, tests, gflop, seconds }) => [
          title,
          tests.size,
          ...BENCHMARK_SETS.map((_, set) => spread([...tests.values()].map((test) => test[set]))),
          gflop === null ? "" : Math.round(gflop),
          seconds === null ? "" : Math.round(seconds),
        ]),
        ["Any cell", "", ...BENCHMARK_SETS.map((set) => spread([...benchmark.testAccuracy(set)])), "", ""],
        ["Best of the 100 samples on each set", "", ...oracle(of("proxies")), "", ""],
        ["Best of the 1,000 samples on each set", "", ...oracle(of("trained")), "", ""],
        [
          "Best cell on each set",
          "",
          ...figures(
            BENCHMARK_SETS.map((set) => Math.max(...benchmark.testAccuracy(set))),
            2,
          ),
          "",
          "",
        ],
        [
          "BaLeNAS-TF in the paper",
          "",
          ...figures(
            BENCHMARK_SETS.map((set) => BALENAS_TF[set].test),
            2,
          ),
          "",
          "",
        ],
      ],
    ),
    "",
    "## Paired differences, ± standard error",
    "",
    ...markdownTable(
      ["", "seeds", ...titles],
      pairs.map(([title, a, b]) => {
        const seeds = [...a.tests.keys()].filter((seed) => b.tests.has(seed));
        const between = (set: number) =>
          seeds.map((seed) => (a.tests.get(seed)?.[set] ?? Number.NaN) - (b.tests.get(seed)?.[set] ?? Number.NaN));
        return [title, seeds.length, ...BENCHMARK_SETS.map((_, set) => difference(between(set)))];
      }),
    ),
    "",
    "## The groups",
    "",
    ...markdownTable(
      ["", "different cells", "rank correlation with CIFAR-10", "GFLOP", "seconds, with the control"],
      (["proxies", "trained"] as const).map((way) => [
        way === "proxies" ? "100 samples, SynFlow" : "1,000 samples, NASWOT and SynFlow, the best 50 trained",
        spread(of(way).map(({ candidates }) => candidates)),
        spread(of(way).map(({ rankCorrelation }) => rankCorrelation)),
        spread(of(way).map(({ gflop }) => gflop)),
        spread(of(way).map(({ seconds }) => seconds)),
      ]),
    ),
    "",
    ...(LEARNT.length > 0
      ? ["## What was learnt", "", ...LEARNT.map((sentence, i) => `${i + 1}. ${sentence}`), ""]
      : []),
  ].join("\n");
}

const judged = (seed: number) => seed >= SEEDS.judge[0] && seed <= SEEDS.judge[1];

function costs(searches: readonly Outcome[], name: string): Pick<Row, "gflop" | "seconds"> {
  const settings = withDefaults(LINES.find((line) => line.name === name)?.settings ?? {});
  const { flops } = costOf(settings, { classes: new Array<string>(10).fill("") }, {});
  const seconds = searches.filter((each) => each.name === name && judged(each.seed)).map((each) => each.seconds);
  return { gflop: (flops * settings.steps) / 1e9, seconds: mean(seconds) };
}

function searched(title: string, name: string, searches: readonly Outcome[]): Row {
  const found = searches.filter((each) => each.name === name && judged(each.seed));
  return { title, tests: new Map(found.map(({ seed, test }) => [seed, test])), ...costs(searches, name) };
}

function selected(
  title: string,
  way: SelectionOutcome["way"],
  selections: readonly SelectionOutcome[],
  of: "test" | "control",
): Row {
  const found = selections.filter((each) => each.way === way && judged(each.seed));
  const tests = new Map(found.map((each) => [each.seed, each[of]]));
  // A control is as large as its group, but for isomorphs, and nobody searched for it.
  const gflop = of === "test" ? mean(found.map((each) => each.gflop)) : null;
  return { title, tests, gflop, seconds: of === "test" ? mean(found.map((each) => each.seconds)) : null };
}

const oracle = (selections: readonly SelectionOutcome[]) =>
  BENCHMARK_SETS.map((_, set) => spread(selections.map((each) => each.oracle[set])));
