import { useMemo } from "react";
import type { OneShotSpace } from "../../core/nasbench1shot1";
import type { GraphCellFigures } from "../../core/nasbench101-figures";
import { type AccuracyPlot, AccuracyThroughTime, domainTo, NO_PLOT } from "../benchmark/AccuracyThroughTime";
import { NoFigures } from "../benchmark/NoFigures";
import { type GraphBenchmark, graphFigures, useGraphBenchmark } from "../benchmark/oneshot";
import { Trajectory } from "../benchmark/trajectory";
import type { Datum, Reference, Series } from "../charts/series";
import { count, fixed, short } from "../format";
import { history, useHistoryVersion } from "../history";
import type { Moment } from "../moment";
import "./architecture.css";

const SERIES: readonly Series[] = [
  {
    key: "estimate",
    name: "estimated validation accuracy",
    colour: "var(--muted)",
    width: 2,
    dash: "4 3",
    stepped: true,
  },
  { key: "exact", name: "validation accuracy", colour: "var(--ink)", width: 2, stepped: true },
];

const trajectory = new Trajectory();

/** What NAS-Bench-101 knows of the cell on screen: exact for a sample of its cells, an estimate for the others, and always said which. */
export default function OneShotPanel({ moment, space }: { moment: Moment; space: OneShotSpace }) {
  const { benchmark, failure, retry } = useGraphBenchmark(true);
  const { choices } = moment;
  const figures = useMemo(() => benchmark && graphFigures(space, benchmark, choices), [space, benchmark, choices]);
  const { parameters, flops } = useMemo(() => space.cost(choices, space.published), [space, choices]);
  return (
    <section className="panel architecture-panel oneshot-panel" aria-labelledby="oneshot-title">
      <div className="panel-head">
        <h2 id="oneshot-title">NAS-Bench-101</h2>
      </div>
      {failure ? (
        <NoFigures failure={failure} retry={retry} />
      ) : (
        <>
          <Headline figures={figures} />
          <AccuracyChart moment={moment} space={space} benchmark={benchmark} />
          <Table space={space} figures={figures} />
        </>
      )}
      <p className="small muted">
        {short(parameters)} parameters, {short(flops)} FLOPs at the benchmark's size: {space.published.channels}{" "}
        channels, {3 * space.published.cells} cells. {benchmark && <Quality benchmark={benchmark} />}
      </p>
      <p className="credit small muted">
        Figures from <a href="https://github.com/google-research/nasbench">NAS-Bench-101</a> (Ying et al. 2019,
        Apache-2.0, <a href="./benchmarks/NOTICE">notice</a>): CIFAR-10, 108 epochs. Space and optima:{" "}
        <a href="https://github.com/automl/nasbench-1shot1">NAS-Bench-1Shot1</a> (Zela et al. 2020).
      </p>
    </section>
  );
}

function Headline({ figures }: { figures: GraphCellFigures | null }) {
  return (
    <p className="headline" data-testid="oneshot-headline">
      <span className="large">
        {figures && !figures.exact && "≈ "}
        {figures ? fixed(figures.validAccuracy, 2) : "–"}
      </span>{" "}
      % valid{" "}
      <span className="muted">
        {figures && (figures.exact ? "· one run of the benchmark" : "· estimated, not trained")}
      </span>
    </p>
  );
}

function Quality({ benchmark: { report } }: { benchmark: GraphBenchmark }) {
  const { cells, spearman, meanAbsoluteError } = report.heldOut;
  return (
    <>
      Estimates are fitted to {count(report.trainingCells)} cells of the benchmark; on {count(cells)} others they are
      off by {fixed(meanAbsoluteError, 2)} points in the mean, Spearman's ρ {fixed(spearman, 3)}.
    </>
  );
}

function Table({ space: { optimum }, figures }: { space: OneShotSpace; figures: GraphCellFigures | null }) {
  return (
    <table>
      <caption className="hidden">Accuracy of the most probable cell, and the best of the space</caption>
      <thead>
        <tr>
          <th scope="col">accuracy, %</th>
          <th scope="col">valid</th>
          <th scope="col">test</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">this cell{figures && !figures.exact && ", estimated"}</th>
          <td>
            {figures && !figures.exact && "≈ "}
            {figures ? fixed(figures.validAccuracy, 2) : "–"}
          </td>
          <td title="Test accuracies of single cells do not ship with the page">–</td>
        </tr>
        <tr>
          <th scope="row">best of the space</th>
          <td>{fixed(100 - optimum.validError, 2)}</td>
          <td>{fixed(100 - optimum.testError, 2)}</td>
        </tr>
      </tbody>
    </table>
  );
}

interface ChartProps {
  moment: Moment;
  space: OneShotSpace;
  benchmark: GraphBenchmark | null;
}

function AccuracyChart({ moment, space, benchmark }: ChartProps) {
  const version = useHistoryVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the history
  const plot = useMemo(() => (benchmark ? plotOf(space, benchmark) : NO_PLOT), [benchmark, space, version]);
  const now = plot.data.findLast(({ step }) => step <= moment.step);
  const value = now?.exact ?? now?.estimate ?? null;
  return (
    <AccuracyThroughTime
      label={
        value === null
          ? "Validation accuracy through time, not loaded yet"
          : `Validation accuracy in NAS-Bench-101 of the most probable cell through time. At step ${moment.step}: ${fixed(value, 2)} %${now?.exact === null ? ", estimated" : ""}. Best of the space: ${fixed(100 - space.optimum.validError, 2)} %.`
      }
      series={SERIES}
      plot={plot}
      isLoaded={benchmark !== null}
    />
  );
}

function plotOf(space: OneShotSpace, benchmark: GraphBenchmark): AccuracyPlot {
  const stays = trajectory.follow(history);
  const data: Datum[] = stays.map(({ step, choices }) => datum(step, graphFigures(space, benchmark, choices)));
  const last = data.at(-1);
  if (last) data.push({ ...last, step: history.recording.steps });
  const best = 100 - space.optimum.validError;
  const references: Reference[] = [{ value: best, label: `best of the space ${fixed(best, 2)}` }];
  const lowest = Math.min(...data.map(({ exact, estimate }) => exact ?? estimate ?? best));
  const low = Math.max(0, Math.floor(Math.min(lowest - 0.5, best - 2)));
  return { data, references, domain: domainTo(best, low) };
}

function datum(step: number, { validAccuracy, exact }: GraphCellFigures): Datum {
  return { step, exact: exact ? validAccuracy : null, estimate: exact ? null : validAccuracy };
}
