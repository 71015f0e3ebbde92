import { BALENAS_TF, BENCHMARK_SETS, type Benchmark, type BenchmarkSet, type SetAccuracy } from "../../core/benchmark";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import type { Choices } from "../../core/space";
import { methodName } from "../runs/summary";
import type { Selected } from "../select/selection";
import { type Group, statisticOf } from "./groups";
import { rankingOf, type SelectedGroup } from "./selections";

/** A row of the table of results: accuracies, %, one a seed, or one alone where it is a figure of its own. */
export interface ResultRow {
  readonly title: string;
  readonly note: string;
  /** Of the group that it belongs to, for its badge. */
  readonly style: number | null;
  readonly letter: string;
  readonly values: Readonly<Record<BenchmarkSet, Readonly<Record<keyof SetAccuracy, readonly number[]>>>>;
}

export const PARTS = ["valid", "test"] as const satisfies readonly (keyof SetAccuracy)[];

const perSet = <Value>(value: (set: BenchmarkSet, part: keyof SetAccuracy) => Value) =>
  Object.fromEntries(
    BENCHMARK_SETS.map((set) => [set, Object.fromEntries(PARTS.map((part) => [part, value(set, part)]))]),
  ) as Record<BenchmarkSet, Record<keyof SetAccuracy, Value>>;

/**
 * The paper's figures, those of the runs' most probable cells at their ends, of what was selected from their distributions and by the
 * same ranking from random cells, and the best that there is.
 */
export function resultRows(
  groups: readonly Group[],
  selections: readonly SelectedGroup[],
  benchmark: Benchmark,
  best: ResultRow,
): ResultRow[] {
  const of = (cells: readonly Choices[]) => {
    const figures = cells.map((choices) => benchmark.figures(choices).accuracy);
    return perSet((set, part) => figures.map((accuracy) => accuracy[set][part]));
  };
  const parsed = (cells: readonly ({ readonly architecture: string } | null)[]) =>
    cells.flatMap((cell) => (cell ? [NAS_BENCH_201.parse(cell.architecture)] : []));
  // Under a seed the random cells are the same, whichever run was selected from.
  const controls = new Map<string, Map<number, Selected["control"]>>();
  for (const each of selections.flatMap(({ runs }) => runs)) {
    const how = rankingOf(each);
    controls.set(how, (controls.get(how) ?? new Map()).set(each.seed, each.control));
  }
  return [
    {
      title: "BaLeNAS-TF",
      note: "in the paper",
      style: null,
      letter: "",
      values: perSet((set, part) => [BALENAS_TF[set][part]]),
    },
    ...groups.map(({ style, letter, runs }) => ({
      title: methodName(runs[0].recording.settings),
      note: "argmax",
      style,
      letter,
      values: of(runs.map(({ recording }) => recording.space.discretise(recording.mean(recording.steps)))),
    })),
    ...selections.map(({ style, how, runs }) => ({
      title: methodName(runs[0]),
      note: `pick of ${how}`,
      style,
      letter: "",
      values: of(parsed(runs.map(({ winner }) => winner))),
    })),
    ...[...controls].map(([how, cells]) => ({
      title: "Random cells",
      note: `pick of ${how}`,
      style: null,
      letter: "",
      values: of(parsed([...cells.values()])),
    })),
    best,
  ];
}

/** The best there is in each column. */
export function bestOf(benchmark: Benchmark): ResultRow {
  const column = (set: BenchmarkSet, part: keyof SetAccuracy) =>
    part === "test" ? benchmark.testAccuracy(set) : benchmark.validAccuracy(set);
  return {
    title: "Best cell",
    note: "of each column",
    style: null,
    letter: "",
    values: perSet((set, part) => [Math.max(...column(set, part))]),
  };
}

/** The rows as comma-separated values: mean, standard deviation and number of seeds. */
export function csvOf(rows: readonly ResultRow[]): string {
  const each = BENCHMARK_SETS.flatMap((set) => PARTS.map((part) => ({ set, part })));
  const head = ["method", "of", "n", ...each.flatMap(({ set, part }) => [`${set} ${part}`, `${set} ${part} s.d.`])];
  const lines = rows.map(({ title, note, values }) => {
    const figures = each.flatMap(({ set, part }) => {
      const { mean, deviation } = statisticOf(values[set][part]);
      return [mean, deviation].map((value) => (Number.isNaN(value) ? "" : String(Number(value.toFixed(4)))));
    });
    return [`"${title}"`, `"${note}"`, values.cifar10.test.length, ...figures].join(",");
  });
  return `${[head.join(","), ...lines].join("\n")}\n`;
}
