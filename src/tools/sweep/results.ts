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
  "A thousand samples and a short training take the pick from the argmax's 93.37 / 70.15 / 40.36 to 94.14 / 72.86 / 46.01, in 35 seconds with the " +
    "control, and make it steadier: ± 0.21 in place of ± 0.44 on CIFAR-10.",
  "The learned distribution is worth its search: random cells that are selected alike lie 0.22 ± 0.06, 1.05 ± 0.21 and 0.43 ± 0.19 below. On the " +
    "seeds that the training was chosen by the difference has the same sign and half the size.",
  "Selecting does more than searching, though: those random cells beat the search's own argmax by 0.56 ± 0.12, 1.66 ± 0.28 and 5.22 ± 0.25, for " +
    "about 1,400 GFLOP of training in place of 331 of search.",
  "Choosing among a hundred samples by SynFlow gains 0.25 ± 0.14, 0.87 ± 0.32 and 2.14 ± 0.51 over the argmax, for a second and next to no arithmetic.",
  "Most of that is the proxy's: against a hundred random cells under SynFlow the gain is 0.38 ± 0.21, 1.00 ± 0.55 and 0.81 ± 1.23, less than " +
    "two standard errors each.",
  "One-shot accuracy in the trained supernet does not rank the samples (rank correlation 0.03 ± 0.27); its pick lies 1.05 ± 0.27 below the argmax " +
    "on CIFAR-10.",
  "Proxies of capacity and an early loss each miss what the other sees: on the seeds of choice the proxies alone come to 93.68 / 70.91 / 41.72, the loss " +
    "alone to 93.60 / 70.66 / 44.54, the sum of both places to 94.05 / 72.53 / 45.61 (selection.md).",
  "The sum wants a wide group, since places by capacity tell little among cells that all have much: 150 cells do better than 50, and with 50 the loss " +
    "alone does better than the sum; how far the scales are stretched makes no difference beyond the noise.",
  "Fifteen of the sixteen picks skip from input to output. These seeds judged three short trainings, so that the last one's lead over the others is " +
    "a little flattered; on the twenty seeds of choice that were run it comes to 94.16 / 72.66 / 45.92.",
  "The paper's 94.33 / 72.95 / 46.54 is missed by 0.19, 0.09 and 0.53.",
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
    "Three short trainings were judged on these seeds, one after the other, each chosen on others. The first trained the best 30 by NASWOT and",
    "FLOPs, and the smallest loss won; the second the best 50 by NASWOT and SynFlow, and of the last seven the best by these won. The third,",
    "which stays, adds the place by the loss to the place by SynFlow and FLOPs ([selection.md](selection.md) has what other rules would have",
    "done on the seeds that it was chosen by). Random cells cost what the selection does, without a search.",
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
