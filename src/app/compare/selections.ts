import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import type { Settings } from "../../core/controls";
import { InputError, messageOf } from "../../core/errors";
import { cellCode, NAS_BENCH_201 } from "../../core/nasbench201";
import { parseRanking } from "../../core/selection";
import { checkSetting, expectedOf } from "../../core/settings";
import type { SelectionResult } from "../../worker/protocol";
import { count, plain } from "../format";
import { methodName } from "../runs/summary";
import type { SamplesDatum } from "../select/SamplesChart";
import { rankingTitle } from "../select/scores";
import { type Selected, useSelection, withTraining } from "../select/selection";
import { spreadOf } from "./curves";
import { type Group, gather, sameButSeed } from "./groups";

/** Selections that differ by their seed alone. */
export interface SelectedGroup {
  /** In the palette of runs: that of the compared runs of the method, where there are any. */
  readonly style: number;
  /** "BaLeNAS: 100 samples by NASWOT and FLOPs". */
  readonly title: string;
  /** The same without the method. */
  readonly how: string;
  /** One a seed. */
  readonly runs: readonly Selected[];
}

/** "100 samples by NASWOT and FLOPs", "100 samples by SynFlow, the best 30 trained". */
export function rankingOf({ samples, rankBy, train }: Selected): string {
  const trained = train > 0 ? `, the best ${train} trained` : "";
  return `${count(samples)} samples by ${rankingTitle(rankBy)}${trained}`;
}

/** "100 samples by NASWOT and FLOPs, temperature 2, after step 40". */
function howOf(selected: Selected): string {
  const { temperature, step, settings } = selected;
  const parts = [rankingOf(selected)];
  if (temperature !== 1) parts.push(`temperature ${plain(temperature)}`);
  if (step !== null && step !== settings?.steps) parts.push(`after step ${count(step)}`);
  return parts.join(", ");
}

const titleOf = (selected: Selected) => `${methodName(selected)}: ${howOf(selected)}`;

/** Are their runs alike but for the seed, as far as is known? */
const alike = (a: Settings | null, b: Settings | null) => a === null || b === null || sameButSeed(a, b);

/** Puts selections together that differ by their seed alone; of those of a seed the last counts. */
export function selectedGroups(selected: readonly Selected[], groups: readonly Group[]): SelectedGroup[] {
  const lists = gather(
    selected,
    (first, other) => titleOf(first) === titleOf(other) && alike(first.settings, other.settings),
  );
  const taken = new Set<number>();
  let next = groups.length;
  return lists.map((list) => {
    const [{ method, settings }] = list;
    const own = groups.find(
      ({ style, runs, ...group }) =>
        group.method === method && !taken.has(style) && alike(settings, runs[0].recording.settings),
    );
    const style = own?.style ?? next++;
    taken.add(style);
    const runs = [...new Map(list.map((each) => [each.seed, each])).values()];
    return { style, title: titleOf(list[0]), how: howOf(list[0]), runs };
  });
}

/**
 * Test accuracies of what is picked from the first samples, mean and standard deviation over the seeds; at every number of samples that
 * all selections of a group have been read off at.
 */
export function selectionPoints(
  groups: readonly SelectedGroup[],
  benchmark: Benchmark,
  set: BenchmarkSet,
): SamplesDatum[] {
  const accuracy = benchmark.testAccuracy(set);
  const counts = new Set(
    groups.flatMap(({ runs }) => runs.flatMap(({ curve }) => curve.map(({ samples }) => samples))),
  );
  return [...counts]
    .sort((a, b) => a - b)
    .map((samples) => {
      const datum: Record<string, number> = {};
      for (const { style, runs } of groups) {
        const picked = runs.map(({ curve }) => curve.find((point) => point.samples === samples));
        if (picked.some((point) => point === undefined)) continue;
        const cells = picked.flatMap((point) => (point ? [NAS_BENCH_201.parse(point.architecture)] : []));
        Object.assign(
          datum,
          spreadOf(
            `g${style}`,
            cells.map((choices) => accuracy[cellCode(choices)]),
          ),
        );
      }
      return { ...datum, samples };
    });
}

/** Takes selections out of the comparison. */
export function forget({ runs }: SelectedGroup): void {
  useSelection.setState(({ selected }) => ({
    selected: selected.filter((each) => !runs.some(({ seed }) => seed === each.seed) || !sameGroup(each, runs[0])),
  }));
}

const sameGroup = (a: Selected, b: Selected) => titleOf(a) === titleOf(b) && alike(a.settings, b.settings);

/** Adds the selections of a file, as `nas select` prints them. @throws {InputError} saying what is wrong with it */
export function openSelections(text: string, name: string): void {
  let found: Selected[];
  try {
    found = readSelections(text);
  } catch (error) {
    throw new InputError(`${name} was not opened: ${messageOf(error)}`);
  }
  useSelection.setState(({ selected }) => ({ selected: [...selected, ...found] }));
}

/** @throws {InputError} */
export function readSelections(text: string): Selected[] {
  const lines = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, number: i + 1 }]));
  const found = lines.flatMap(({ line, number }) => {
    try {
      const record = JSON.parse(line) as Record<string, unknown>;
      return record.kind === "selection" ? selectedOf(record) : [];
    } catch (error) {
      throw new InputError(`line ${number}: ${messageOf(error)}`);
    }
  });
  if (found.length > 0) return found;
  throw new InputError("there is no selection in it, which nas select prints last: was it interrupted?");
}

function selectedOf(record: Record<string, unknown>): Selected[] {
  const method = checkSetting("method", record.method);
  if ("refusal" in method) {
    throw new InputError(`the method is ${JSON.stringify(record.method)}, expected ${expectedOf("method")}`);
  }
  const { seed, samples, temperature, rankBy, architecture, benchmark, control, curve, train, byTraining } = record;
  for (const [name, value] of Object.entries({ seed, samples, temperature })) {
    if (typeof value !== "number") throw new InputError(`${name} is ${JSON.stringify(value)}, expected a number`);
  }
  if (!Array.isArray(curve) || !Array.isArray(rankBy)) {
    throw new InputError("expected a curve over the number of samples and the proxies that it is ranked by");
  }
  type Pick = NonNullable<SelectionResult["control"]>;
  const looked = { architecture, benchmark } as Pick;
  const trained = byTraining as { winner?: Pick | null; control?: Pick | null } | undefined;
  const picks = [looked, control, trained?.winner, trained?.control, ...curve].flatMap((each) =>
    each ? [each as Pick] : [],
  );
  for (const each of picks) NAS_BENCH_201.parse(String(each.architecture));
  const byProxies: Selected = {
    method: method.value as Settings["method"],
    seed: seed as number,
    samples: samples as number,
    temperature: temperature as number,
    rankBy: parseRanking(rankBy.join("+"), "rankBy"),
    winner: looked,
    control: (control as Pick | undefined) ?? null,
    curve: curve as SelectionResult["curve"],
    train: 0,
    settings: null,
    step: null,
  };
  return withTraining(
    byProxies,
    Number(train),
    trained && { winner: trained.winner ?? undefined, control: trained.control },
  );
}
