import { useMemo } from "react";
import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { quantile } from "../../core/statistics";
import { domainTo } from "../benchmark/AccuracyThroughTime";
import { SETS } from "../benchmark/sets";
import { Chart } from "../charts/Chart";
import { roundReach, timeEnd } from "../charts/scale";
import type { Datum, Reference } from "../charts/series";
import { valuesOf } from "../charts/values";
import { fixed } from "../format";
import { useCursor } from "../history";
import { commonSteps, type EntropyOf, eigenvaluePoints, linesOf, pointsOf } from "./curves";
import { Figure } from "./Figure";
import type { Group } from "./groups";
import { SamplePanel } from "./SamplePanel";

export const ENTROPY_TITLE: Readonly<Record<EntropyOf, string>> = {
  wins: "Entropy of P(wins)",
  mixing: "Entropy of mixing weights at the mean",
};

interface Props {
  groups: readonly Group[];
  /** Does a table tell the accuracy of the cells of every run? */
  tabled: boolean;
  benchmark: Benchmark | null;
  set: BenchmarkSet;
  entropyOf: EntropyOf;
  /** How many of the charts are there yet. */
  shown: number;
  /** Moves when curves have been worked out. */
  turn: number;
}

/** Charts over the steps of the runs. */
export const timeCharts = (groups: readonly Group[], tabled: boolean) => 3 + (tabled ? groups.length : 0);

/** The runs over one another: what their cells are worth, how undecided they are, how they learn. */
export function Charts({ groups, tabled, benchmark, set, entropyOf, turn, shown }: Props) {
  const cursor = useCursor();
  // The cursor redraws with every frame of a run; what is drawn changes once a second.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the turn stands for the curves
  const { end, accuracy, entropy, loss, eigenvalue, references, domains, lines } = useMemo(
    () => plotsOf(groups, benchmark, set, entropyOf),
    [groups, benchmark, set, entropyOf, turn],
  );
  const room = useMemo(() => roomOf(benchmark, set), [benchmark, set]);
  const common = { marks: [], cursor, end };
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const band = seeds > 1 ? `mean ± s.d. of ${seeds} seeds` : null;
  const { title } = SETS.find((each) => each.set === set) ?? SETS[0];
  return (
    <>
      {tabled ? (
        <>
          <Figure
            title={`Most probable cell: test accuracy on ${title}, %`}
            note={band}
            className="whole"
            isShown={shown > 0}
          >
            <Chart
              {...common}
              label={words(`Benchmark test accuracy on ${title} of the most probable cell`, groups, accuracy, 2, " %")}
              data={accuracy}
              series={lines.stepped}
              references={references}
              domain={domains.accuracy}
              digits={2}
              unit=" %"
              empty={benchmark ? null : "Loading the benchmark's figures"}
            />
          </Figure>
          {groups.map((group, i) => (
            <SamplePanel
              key={group.style}
              {...{ group, benchmark, set, turn, cursor, end, references }}
              domain={room}
              alone={groups.length === 1}
              isShown={shown > 3 + i}
            />
          ))}
          <p className="small muted">
            Solid: the most probable cell{seeds > 1 && ", mean of the seeds"}. Dotted: median of 100 samples of each
            distribution at that moment; band: nine tenths of them (5 to 95 %). The same noise is laid on every step,
            and on every method under a seed; methods without Gaussians are sampled from their mixing weights.
          </p>
        </>
      ) : (
        <p className="small muted">No table tells the accuracy of these runs' cells: they are compared without it.</p>
      )}
      <Figure title={`${ENTROPY_TITLE[entropyOf]}, bit`} isShown={shown > 1}>
        <Chart
          {...common}
          label={words(ENTROPY_TITLE[entropyOf], groups, entropy, 2, " bit an edge")}
          data={entropy}
          series={lines.plain}
          domain={domains.entropy}
          digits={3}
          unit=" bit"
          empty={null}
        />
      </Figure>
      <Figure
        title="Dominant Hessian eigenvalue, nats/logit²"
        isShown={shown > 2 && eigenvalue.length > 0}
        empty="No run has it at any step. The setting “Measure sharpness every” has it measured"
      >
        <Chart
          {...common}
          label={words("Dominant eigenvalue of the Hessian", groups, eigenvalue, 4, "")}
          data={eigenvalue}
          series={lines.joined}
          domain={domains.eigenvalue}
          digits={4}
          empty={null}
        />
      </Figure>
      <Figure title="Validation loss (running mean), nats" className="whole" isShown={shown > 2}>
        <Chart
          {...common}
          label={words("Validation loss", groups, loss, 3, " nats")}
          data={loss}
          series={lines.plain}
          domain={domains.loss}
          digits={3}
          empty={null}
        />
      </Figure>
    </>
  );
}

function plotsOf(groups: readonly Group[], benchmark: Benchmark | null, set: BenchmarkSet, entropyOf: EntropyOf) {
  const recordings = groups.flatMap(({ runs }) => runs.map(({ recording }) => recording));
  const steps = commonSteps(recordings);
  const longest = Math.max(...recordings.map((recording) => recording.steps));
  const planned = Math.max(...recordings.map(({ settings }) => settings.steps));

  const table = benchmark?.testAccuracy(set);
  const accuracy = table ? pointsOf(groups, steps, (curves, step) => table[curves.code(step)]) : [];
  const optimum = benchmark?.optimum(set).test ?? 100;
  const references: Reference[] = benchmark ? [{ value: optimum, label: `best cell ${fixed(optimum, 2)}` }] : [];
  const lowest = Math.min(optimum - 5, lowOf(valuesOf(accuracy)));
  const floor = Math.max(0, 5 * Math.floor((lowest - 1) / 5));

  const entropy = pointsOf(groups, steps, (curves, step) =>
    curves.hasEntropy(step, entropyOf) ? curves.entropy(step, entropyOf) : Number.NaN,
  );
  const [{ space }] = recordings;
  const most = Math.log2(Math.max(...space.rows.map(({ choices }) => choices.length)));
  const least = entropyOf === "wins" ? 0 : Math.floor(5 * (Math.min(most, ...valuesOf(entropy)) - 0.02)) / 5;

  const loss = pointsOf(
    groups,
    steps.filter((step) => step > 0),
    (curves, step) => (curves.hasLoss(step) ? curves.loss(step) : Number.NaN),
  );
  const eigenvalue = eigenvaluePoints(groups);
  const curved = valuesOf(eigenvalue);
  const reach = roundReach(Math.max(1e-6, ...curved.map(Math.abs)));
  const lossTop = Math.max(2.4, Math.ceil(2 * Math.max(0, ...valuesOf(loss))) / 2);
  return {
    end: timeEnd(longest, planned),
    accuracy,
    entropy,
    loss,
    eigenvalue,
    references,
    lines: { stepped: linesOf(groups, true), plain: linesOf(groups, false), joined: joinedOf(groups) },
    domains: {
      accuracy: domainTo(optimum, floor),
      entropy: [Math.max(0, least), Math.ceil(10 * most) / 10],
      loss: [0, lossTop],
      eigenvalue: [Math.min(0, ...curved) < 0 ? -reach : 0, reach],
    } as const,
  };
}

/** From what 95 % of all cells reach, as samples do before anything is learnt, up to the best. */
function roomOf(benchmark: Benchmark | null, set: BenchmarkSet): readonly [number, number] {
  if (!benchmark) return [0, 100];
  const low = quantile(benchmark.testAccuracy(set).toSorted(), 0.05);
  return domainTo(benchmark.optimum(set).test, 5 * Math.floor(low / 5));
}

/** Lines of what is measured seldom: the points are marked. */
const joinedOf = (groups: readonly Group[]) =>
  linesOf(groups, false).map((line) => ({ ...line, dots: "joined" as const }));

/** What nine tenths of the values lie above: a cell that is cut off for a few steps would press all else together. */
function lowOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.POSITIVE_INFINITY;
}

function words(what: string, groups: readonly Group[], points: readonly Datum[], digits: number, unit: string): string {
  const ends = groups.map(({ style, letter }) => {
    const last = points.findLast((point) => typeof point[`g${style}`] === "number");
    return last
      ? `${letter} ${fixed(last[`g${style}`] as number, digits)}${unit} at step ${last.step}`
      : `${letter} none yet`;
  });
  return `${what} through time. ${ends.join("; ")}.`;
}
