import { SETS } from "../../app/benchmark/sets";
import { BALENAS_TF, BENCHMARK_SETS, type Benchmark } from "../../core/benchmark";
import { withDefaults } from "../../core/settings";
import { mean } from "../../core/statistics";
import { costOf } from "../../search/open";
import { difference, markdownTable, spread } from "./markdown";
import type { Outcome } from "./outcome";
import type { SelectionOutcome, Way } from "./selections";
import { LINES, SEEDS } from "./settings";

/** A row of the report: by seed the test accuracies on the three sets. */
interface Row {
  readonly title: string;
  readonly tests: ReadonlyMap<number, readonly number[]>;
  readonly gflop: number | null;
  readonly seconds: number | null;
}

/** The groups that are looked at. */
const GROUPS: Readonly<Record<Way, string>> = {
  proxies: "100 samples, SynFlow",
  oneShot: "100 samples, one-shot accuracy",
  trained: "1,000 samples, SynFlow and FLOPs, the best 150 trained",
};

/** What was learnt; written by hand after looking at the tables. */
const LEARNT: readonly string[] = [
  "With a thousand candidates and a short training the learned distribution adds nothing: random cells that are selected alike do as well, " +
    "−0.01 ± 0.17 on CIFAR-10, and need no search.",
  "They beat the search's own argmax by 0.59 ± 0.15, 1.75 ± 0.36 and 5.16 ± 0.40 points, for about 460 GFLOP of training in place of 331 of search.",
  "Choosing among samples by SynFlow gains 0.25 ± 0.14, 0.87 ± 0.32 and 2.14 ± 0.51 over the argmax, for a second and next to no arithmetic.",
  "Most of that is the proxy's: against a hundred random cells under SynFlow the gain is 0.38 ± 0.21, 1.00 ± 0.55 and 0.81 ± 1.23, less than " +
    "two standard errors each.",
  "The distribution makes the pick steadier than the best of random ones on ImageNet16-120 under SynFlow: ± 1.96 in place of ± 4.86.",
  "Short training after the proxies gains a further 0.33 ± 0.16, 1.12 ± 0.39 and 2.67 ± 0.49.",
  "It does not rank its thirty candidates (rank correlation 0.13 ± 0.22), it finds the shortcut: in eleven runs some of the thirty skip from " +
    "input to output, and the pick was one of these in all eleven, 94.25 on average on CIFAR-10.",
  "In the other five runs the proxies had left none with that skip, and the pick came to 93.29 on average; another ranking before the training, " +
    "chosen on other seeds, did not mend that.",
  "The short training was chosen on seeds 100 to 107; on 108 to 119, run after that, it came to 93.97 / 72.34 / 45.73. On ImageNet16-120 the " +
    "judging seeds lie 0.56 below that, with a standard error of 0.42 of their own.",
  "The paper's 94.33 / 72.95 / 46.54 is not reached; its cells were searched for in a larger network on CIFAR-10 itself.",
];

/** docs/results.md. */
export function results(
  allSearches: readonly Outcome[],
  allSelections: readonly SelectionOutcome[],
  benchmark: Benchmark,
): string {
  const searches = within(allSearches, SEEDS.judge);
  const selections = within(allSelections, SEEDS.judge);
  const rows = rowsOf(searches, selections);
  const added = ({ gflop, seconds, ...row }: Row): Row => ({
    ...row,
    gflop: (gflop ?? 0) + (rows.argmax.gflop ?? 0),
    seconds: (seconds ?? 0) + (rows.argmax.seconds ?? 0),
  });
  const listed: readonly Row[] = [
    rows.argmax,
    added(rows.proxies),
    added(rows.oneShot),
    added(rows.trained),
    added(rows.second),
    added(rows.first),
    rows.darts,
    rows.drnas,
    rows.rsps,
    rows.randomProxies,
    rows.randomTrained,
  ];
  const titles = SETS.map(({ title }) => title);
  const digits = (value: number) => value.toFixed(2);
  const pairs: readonly (readonly [string, Row, Row])[] = [
    ["BaLeNAS − DARTS", rows.argmax, rows.darts],
    ["BaLeNAS − DrNAS", rows.argmax, rows.drnas],
    ["BaLeNAS − RSPS", rows.argmax, rows.rsps],
    ["BaLeNAS-TF − BaLeNAS", rows.proxies, rows.argmax],
    ["BaLeNAS-TF − random, same proxy", rows.proxies, rows.randomProxies],
    ["one-shot accuracy − BaLeNAS", rows.oneShot, rows.argmax],
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
    "those of a selection are with its random control. Costs of a selection are with those of its search.",
    "",
    "Two short trainings were judged. The first trains the best 30 by NASWOT and FLOPs, and the smallest loss wins. As ImageNet16-120 fell short",
    "of what had been hoped for, another was chosen on seeds from 100 on: the best 50 by NASWOT and SynFlow, and of the last seven the best by these.",
    "It did worse on the judging seeds, and the first stayed. Random cells cost what the selection does, without a search.",
    "",
    ...markdownTable(
      ["", "seeds", ...titles, "GFLOP", "seconds"],
      [
        ...listed.map((row) => [
          row.title,
          row.tests.size,
          ...accuracies(row),
          row.gflop === null ? "" : Math.round(row.gflop),
          row.seconds === null ? "" : Math.round(row.seconds),
        ]),
        ["Any cell", "", ...BENCHMARK_SETS.map((set) => spread([...benchmark.testAccuracy(set)])), "", ""],
        ["Best of the 100 samples on each set", "", ...oracle(of("proxies")), "", ""],
        ["Best of the 1,000 samples on each set", "", ...oracle(of("trained")), "", ""],
        ["Best cell on each set", "", ...BENCHMARK_SETS.map((set) => digits(benchmark.optimum(set).test)), "", ""],
        ["BaLeNAS-TF in the paper", "", ...BENCHMARK_SETS.map((set) => digits(BALENAS_TF[set].test)), "", ""],
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
    "## The same on the seeds that it was chosen by",
    "",
    ...chosenBy(within(allSearches, SEEDS.choose), within(allSelections, SEEDS.choose)),
    "",
    "## The groups",
    "",
    ...markdownTable(
      ["", "different cells", "rank correlation with CIFAR-10", "GFLOP", "seconds, with the control"],
      Object.entries(GROUPS).map(([way, title]) => [
        title,
        spread(of(way as Way).map(({ candidates }) => candidates)),
        spread(of(way as Way).map(({ rankCorrelation }) => rankCorrelation)),
        spread(of(way as Way).map(({ gflop }) => gflop)),
        spread(of(way as Way).map(({ seconds }) => seconds)),
      ]),
    ),
    "",
    "## What was learnt",
    "",
    ...LEARNT.map((sentence, i) => `${i + 1}. ${sentence}`),
    "",
  ].join("\n");
}

const within = <Found extends { readonly seed: number }>(
  found: readonly Found[],
  [low, high]: readonly [number, number],
) => found.filter(({ seed }) => seed >= low && seed <= high);

const accuracies = ({ tests }: Row) =>
  BENCHMARK_SETS.map((_, set) => spread([...tests.values()].map((test) => test[set])));

function rowsOf(searches: readonly Outcome[], selections: readonly SelectionOutcome[]) {
  return {
    argmax: searched("BaLeNAS: argmax of the mean", "default", searches),
    proxies: selected("BaLeNAS-TF: 100 samples, SynFlow", "proxies", selections, "test"),
    oneShot: selected("100 samples, one-shot accuracy", "oneShot", selections, "test"),
    trained: selected("BaLeNAS with short training: 1,000 samples", "trained", selections, "test"),
    second: selected("An earlier short training, judged second", "second", selections, "test"),
    first: selected("The earliest short training, judged first", "first", selections, "test"),
    darts: searched("DARTS", "darts", searches),
    drnas: searched("DrNAS", "drnas", searches),
    rsps: searched("Random search with shared weights (RSPS)", "rsps", searches),
    randomProxies: selected("100 random cells, SynFlow", "proxies", selections, "control"),
    randomTrained: selected("1,000 random cells with the same short training", "trained", selections, "control"),
  };
}

/** What was selected from the runs that were chosen by. */
function chosenBy(searches: readonly Outcome[], selections: readonly SelectionOutcome[]): string[] {
  const { argmax, proxies, trained, randomProxies, randomTrained } = rowsOf(searches, selections);
  return markdownTable(
    ["", "seeds", ...SETS.map(({ title }) => title)],
    [argmax, proxies, trained, randomProxies, randomTrained].map((row) => [
      row.title,
      row.tests.size,
      ...accuracies(row),
    ]),
  );
}

function costs(searches: readonly Outcome[], name: string): Pick<Row, "gflop" | "seconds"> {
  const settings = withDefaults(LINES.find((line) => line.name === name)?.settings ?? {});
  const { flops } = costOf(settings, { classes: new Array<string>(10).fill("") }, {});
  const seconds = searches.filter((each) => each.name === name).map((each) => each.seconds);
  return { gflop: (flops * settings.steps) / 1e9, seconds: mean(seconds) };
}

function searched(title: string, name: string, searches: readonly Outcome[]): Row {
  const found = searches.filter((each) => each.name === name);
  return { title, tests: new Map(found.map(({ seed, test }) => [seed, test])), ...costs(searches, name) };
}

function selected(
  title: string,
  way: SelectionOutcome["way"],
  selections: readonly SelectionOutcome[],
  of: "test" | "control",
): Row {
  const found = selections.filter((each) => each.way === way);
  const tests = new Map(found.map((each) => [each.seed, each[of]]));
  // A control is as large as its group, but for isomorphs, and nobody searched for it.
  const gflop = of === "test" ? mean(found.map((each) => each.gflop)) : null;
  return { title, tests, gflop, seconds: of === "test" ? mean(found.map((each) => each.seconds)) : null };
}

const oracle = (selections: readonly SelectionOutcome[]) =>
  BENCHMARK_SETS.map((_, set) => spread(selections.map((each) => each.oracle[set])));
