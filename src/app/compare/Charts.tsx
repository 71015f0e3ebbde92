import { useMemo } from "react";
import type { Benchmark } from "../../core/benchmark";
import { Chart } from "../charts/Chart";
import { timeEnd } from "../charts/scale";
import type { Datum, Reference } from "../charts/series";
import { fixed } from "../format";
import { useCursor } from "../history";
import { commonSteps, type EntropyOf, linesOf, pointsOf } from "./curves";
import type { Group } from "./groups";

export const ENTROPY_TITLE: Readonly<Record<EntropyOf, string>> = {
  wins: "Entropy of P(wins)",
  mixing: "Entropy of mixing weights at the mean",
};

interface Props {
  groups: readonly Group[];
  /** Does a table tell the accuracy of the cells of every run? */
  tabled: boolean;
  benchmark: Benchmark | null;
  entropyOf: EntropyOf;
  /** How many of the charts are there yet. */
  shown: number;
  /** Moves when entropies have been worked out. */
  turn: number;
}

/** The runs over one another: what their cells are worth, how undecided they are, how they learn. */
export function Charts({ groups, tabled, benchmark, entropyOf, turn, shown }: Props) {
  const cursor = useCursor();
  // The cursor redraws with every frame of a run; what is drawn changes once a second.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the turn stands for the entropies
  const { end, accuracy, entropy, loss, references, domains, lines } = useMemo(
    () => plotsOf(groups, benchmark, entropyOf),
    [groups, benchmark, entropyOf, turn],
  );
  const common = { marks: [], cursor, end };
  const several = groups.find(({ runs }) => runs.length > 1);
  return (
    <div className="compare-charts">
      {tabled ? (
        <section aria-labelledby="compare-accuracy">
          <h3 id="compare-accuracy">
            Most probable cell: test accuracy on CIFAR-10, %
            {several && <span className="muted"> · bands: lowest to highest of {several.runs.length} seeds</span>}
          </h3>
          {shown > 0 ? (
            <Chart
              {...common}
              label={words("Benchmark test accuracy on CIFAR-10 of the most probable cell", groups, accuracy, 2, " %")}
              data={accuracy}
              series={lines.stepped}
              references={references}
              domain={domains.accuracy}
              digits={2}
              unit=" %"
              empty={benchmark ? null : "Loading the benchmark's figures"}
            />
          ) : (
            <div className="chart" />
          )}
        </section>
      ) : (
        <p className="small muted">No table tells the accuracy of these runs' cells: they are compared without it.</p>
      )}
      <section aria-labelledby="compare-entropy">
        <h3 id="compare-entropy">{ENTROPY_TITLE[entropyOf]}, bit</h3>
        {shown > 1 ? (
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
        ) : (
          <div className="chart" />
        )}
      </section>
      <section aria-labelledby="compare-loss">
        <h3 id="compare-loss">Validation loss (running mean), nats</h3>
        {shown > 2 ? (
          <Chart
            {...common}
            label={words("Validation loss", groups, loss, 3, " nats")}
            data={loss}
            series={lines.plain}
            domain={domains.loss}
            digits={3}
            empty={null}
          />
        ) : (
          <div className="chart" />
        )}
      </section>
    </div>
  );
}

function plotsOf(groups: readonly Group[], benchmark: Benchmark | null, entropyOf: EntropyOf) {
  const recordings = groups.flatMap(({ runs }) => runs.map(({ recording }) => recording));
  const steps = commonSteps(recordings);
  const longest = Math.max(...recordings.map((recording) => recording.steps));
  const planned = Math.max(...recordings.map(({ settings }) => settings.steps));

  const accuracy = benchmark ? pointsOf(groups, steps, (curves, step) => curves.accuracy(step, benchmark)) : [];
  const optimum = benchmark?.optimum("cifar10").test ?? 100;
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
    (curves, step) => curves.loss(step),
  );
  const lossTop = Math.max(2.4, Math.ceil(2 * Math.max(0, ...valuesOf(loss))) / 2);
  return {
    end: timeEnd(longest, planned),
    accuracy,
    entropy,
    loss,
    references,
    lines: { stepped: linesOf(groups, true), plain: linesOf(groups, false) },
    domains: {
      accuracy: [floor, optimum + 0.14 * (optimum - floor)],
      entropy: [Math.max(0, least), Math.ceil(10 * most) / 10],
      loss: [0, lossTop],
    } as const,
  };
}

/** What nine tenths of the values lie above: a cell that is cut off for a few steps would press all else together. */
function lowOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.POSITIVE_INFINITY;
}

/** Every value of a chart, bands too. */
function valuesOf(points: readonly Datum[]): number[] {
  return points.flatMap(({ step: _, ...values }) => Object.values(values).filter((value) => value !== null));
}

function words(what: string, groups: readonly Group[], points: readonly Datum[], digits: number, unit: string): string {
  const ends = groups.map(({ style, letters }) => {
    const last = points.findLast((point) => typeof point[`g${style}`] === "number");
    return last
      ? `${letters} ${fixed(last[`g${style}`] as number, digits)}${unit} at step ${last.step}`
      : `${letters} none yet`;
  });
  return `${what} through time. ${ends.join("; ")}.`;
}
