import { SETS } from "../../app/benchmark/sets";
import { BENCHMARK_SETS, type Benchmark } from "../../core/benchmark";
import { CONTROLS, type ControlKey } from "../../core/controls";
import { mean, median } from "../../core/statistics";
import { difference, markdownTable, spread } from "./markdown";
import type { Outcome } from "./outcome";
import { LINES, QUESTIONS, SEEDS } from "./settings";

/** The line that the others are paired with, seed by seed. */
const CONTROL = "default";

/** docs/searches.md. */
export function report(outcomes: readonly Outcome[], benchmark: Benchmark): string {
  const [first, last] = SEEDS.choose;
  const chosen = outcomes.filter(({ seed }) => seed >= first && seed <= last);
  const judged = outcomes.filter(({ seed }) => seed <= SEEDS.judge[1]);
  return [
    "# Searches",
    "",
    "Written by `npm run sweep -- report` from the outcomes of whole searches (docs/searches.jsonl): Fashion-MNIST, the WASM device, the",
    "settings of `nas search` but for what a line names. Figures are test accuracies, %, of the decided cell in NAS-Bench-201's table:",
    "mean ± standard deviation over the seeds, and of CIFAR-10 the median, the worst and how many lie below 88. Δ is the mean difference",
    `from the line "${CONTROL}" on the same seeds ± its standard error. defaults.md says what was learnt.`,
    "",
    ...(judged.length > 0
      ? [
          "## To judge by: seeds that no choice has seen",
          "",
          ...table(
            LINES.map(({ name }) => name),
            judged,
            benchmark,
          ),
        ]
      : []),
    "## To choose by",
    "",
    ...QUESTIONS.filter(({ lines }) =>
      lines.some(({ name }) => chosen.some((outcome) => outcome.name === name)),
    ).flatMap(({ title, lines }) => [
      `### ${title}`,
      "",
      ...table(
        lines.map(({ name }) => name),
        chosen,
        benchmark,
      ),
      ...lines
        .filter(({ name }) => chosen.some((outcome) => outcome.name === name))
        .flatMap(({ name, settings }) => {
          const text = Object.entries(settings).map(([key, value]) => `${CONTROLS[key as ControlKey].label} ${value}`);
          return text.length > 0 ? [`- ${name}: ${text.join(", ")}`] : [];
        }),
      "",
    ]),
  ].join("\n");
}

function table(names: readonly string[], outcomes: readonly Outcome[], benchmark: Benchmark): string[] {
  const of = (name: string) => outcomes.filter((outcome) => outcome.name === name);
  const control = of(CONTROL);
  const rows = names
    .filter((name) => of(name).length > 0)
    .map((name) => {
      const found = of(name);
      const first = found.map(({ test }) => test[0]);
      const pairs = found.flatMap(({ seed, test }) => {
        const other = control.find((outcome) => outcome.seed === seed);
        return other && name !== CONTROL ? [{ test, other: other.test }] : [];
      });
      const scales = found.flatMap(({ scale }) => scale ?? []);
      const last = (values: readonly number[]) => values[values.length - 1];
      return [
        name,
        found.length,
        ...BENCHMARK_SETS.map((_, set) => spread(found.map(({ test }) => test[set]))),
        median(first).toFixed(2),
        Math.min(...first).toFixed(2),
        first.filter((value) => value < 88).length,
        ...BENCHMARK_SETS.map((_, set) => difference(pairs.map(({ test, other }) => test[set] - other[set]))),
        mean(found.map(({ skips }) => last(skips))).toFixed(1),
        scales.length > 0 ? mean(scales).toFixed(2) : "",
      ];
    });
  const random = [
    "any cell of the space",
    "",
    ...BENCHMARK_SETS.map((set) => spread([...benchmark.testAccuracy(set)])),
    median([...benchmark.testAccuracy("cifar10")]).toFixed(2),
    "",
    "",
    // The mean of all cells has no error of its own.
    ...BENCHMARK_SETS.map((set, s) => {
      const every = mean([...benchmark.testAccuracy(set)]);
      return difference(control.map(({ test }) => every - test[s]));
    }),
    "",
    "",
  ];
  const titles = SETS.map(({ title }) => title);
  const head = [
    "",
    "seeds",
    ...titles,
    "median",
    "worst",
    "< 88",
    ...titles.map((title) => `Δ ${title}`),
    "skips",
    "σ",
  ];
  return [...markdownTable(head, [...rows, random]), ""];
}
