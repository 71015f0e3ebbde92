import { lazy, Suspense, useMemo, useState } from "react";
import { BALENAS_TF, type Benchmark, type BenchmarkSet, type CellFigures } from "../../core/benchmark";
import { oneShotOf } from "../../core/nasbench1shot1";
import { cellCode } from "../../core/nasbench201";
import type { Datum, Reference, Series } from "../charts/series";
import { count, fixed } from "../format";
import { history, useHistoryVersion } from "../history";
import { SpaceMap } from "../map/SpaceMap";
import { type Moment, useMoment } from "../moment";
import { type Segment, Segments } from "../Segments";
import { type AccuracyPlot, AccuracyThroughTime, domainTo, NO_PLOT } from "./AccuracyThroughTime";
import { NoFigures } from "./NoFigures";
import "./benchmark.css";
import { useBenchmark } from "./load";
import { SETS } from "./sets";
import { trajectory } from "./trajectory";

const SERIES: readonly Series[] = [
  { key: "test", name: "test accuracy", colour: "var(--ink)", width: 2, stepped: true },
];

type View = "time" | "space";

const VIEWS: readonly Segment<View>[] = [
  { value: "time", label: "Over time" },
  { value: "space", label: "In the space" },
];
const SET_OPTIONS = SETS.map(({ set, short }): Segment<BenchmarkSet> => ({ value: set, label: short }));

const ArchitecturePanel = lazy(() => import("../architecture/ArchitecturePanel"));
const OneShotPanel = lazy(() => import("../architecture/OneShotPanel"));

/** What is known of the cell on screen beside the search: the benchmark's figures, or what a space without a table has to tell. */
export function BenchmarkPanel() {
  const moment = useMoment();
  if (moment.space.tabled) return <TablePanel moment={moment} />;
  const oneShot = oneShotOf(moment.space);
  return (
    <Suspense fallback={<section className="panel" />}>
      {oneShot ? <OneShotPanel moment={moment} space={oneShot} /> : <ArchitecturePanel moment={moment} />}
    </Suspense>
  );
}

/** What the benchmark knows of the cell on screen: trained in full, on three data sets. */
function TablePanel({ moment }: { moment: Moment }) {
  const { benchmark, failure, retry } = useBenchmark(true);
  const [set, setSet] = useState<BenchmarkSet>("cifar10");
  const [view, setView] = useState<View>("time");
  return (
    <section className={`panel benchmark ${view}`} aria-labelledby="benchmark-title">
      <div className="panel-head">
        <h2 id="benchmark-title">Benchmark</h2>
        <Segments label="View of the benchmark" name="benchmark-view" options={VIEWS} value={view} onChange={setView} />
      </div>
      <Segments
        label="Data set of the benchmark"
        name="benchmark-set"
        options={SET_OPTIONS}
        value={set}
        onChange={setSet}
      />
      {failure ? (
        <NoFigures failure={failure} retry={retry} />
      ) : (
        <Figures moment={moment} benchmark={benchmark} set={set} view={view} />
      )}
      <p className="credit small muted">
        <a href="https://github.com/D-X-Y/NAS-Bench-201">NAS-Bench-201</a>,{" "}
        <a href="https://github.com/D-X-Y/NATS-Bench">NATS-Bench</a> (Dong et al., MIT)
        {view === "time" && ": each cell trained 200 epochs."}
      </p>
    </section>
  );
}

interface Shown {
  moment: Moment;
  benchmark: Benchmark | null;
  set: BenchmarkSet;
}

function Figures({ moment, benchmark, set, view }: Shown & { view: View }) {
  const figures = useMemo(() => benchmark?.figures(moment.choices), [benchmark, moment]);
  return (
    <>
      <p className="headline" data-testid="benchmark-headline">
        <span className="large">{figures ? fixed(figures.accuracy[set].test, 2) : "–"}</span> % test
        <span className="muted" title="Of the most probable cell, among all cells by test accuracy">
          {" "}
          · rank {figures ? count(figures.rank[set]) : "–"} of 15,625
        </span>
      </p>
      {view === "time" ? (
        <>
          <AccuracyChart moment={moment} benchmark={benchmark} set={set} />
          <Table benchmark={benchmark} figures={figures} set={set} />
        </>
      ) : (
        <SpaceMap moment={moment} benchmark={benchmark} set={set} />
      )}
    </>
  );
}

function Table({ benchmark, figures, set }: Omit<Shown, "moment"> & { figures: CellFigures | undefined }) {
  return (
    <table>
      <caption className="hidden">Accuracy of the most probable cell on the three data sets of the benchmark</caption>
      <thead>
        <tr>
          <th scope="col">accuracy, %</th>
          <th scope="col">valid</th>
          <th scope="col">test</th>
          <th scope="col">best</th>
          <th scope="col">rank</th>
        </tr>
      </thead>
      <tbody>
        {SETS.map((each) => (
          <tr key={each.set} className={each.set === set ? "chosen" : ""}>
            <th scope="row">{each.title}</th>
            <td>{figures ? fixed(figures.accuracy[each.set].valid, 2) : "–"}</td>
            <td>{figures ? fixed(figures.accuracy[each.set].test, 2) : "–"}</td>
            <td>{benchmark ? fixed(benchmark.optimum(each.set).test, 2) : "–"}</td>
            <td>{figures ? count(figures.rank[each.set]) : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function AccuracyChart({ moment, benchmark, set }: Shown) {
  const version = useHistoryVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the history
  const plot = useMemo(() => (benchmark ? plotOf(benchmark, set) : NO_PLOT), [benchmark, set, version]);
  const last = plot.data.findLast(({ step }) => step <= moment.step)?.test;
  return (
    <AccuracyThroughTime
      label={
        last === undefined || last === null
          ? "Benchmark accuracy through time, not loaded yet"
          : `Benchmark test accuracy of the most probable cell through time. At step ${moment.step}: ${fixed(last, 2)} %. ${plot.references.map(({ label, value }) => `${label.split(" 9")[0]}: ${fixed(value, 2)} %`).join("; ")}.`
      }
      series={SERIES}
      plot={plot}
      isLoaded={benchmark !== null}
    />
  );
}

function plotOf(benchmark: Benchmark, set: BenchmarkSet): AccuracyPlot {
  const accuracy = benchmark.testAccuracy(set);
  const stays = trajectory.follow(history);
  const data: Datum[] = stays.map((stay) => ({ step: stay.step, test: accuracy[cellCode(stay.choices)] }));
  if (data.length > 0) data.push({ step: history.recording.steps, test: data[data.length - 1].test });
  const optimum = benchmark.optimum(set).test;
  const mean = benchmark.mean(set);
  const paper = BALENAS_TF[set].test;
  const references: Reference[] = [
    // The two lines all but touch: one label above both stays clear of the curve below them.
    { value: optimum, label: `best cell ${fixed(optimum, 2)} · BaLeNAS-TF, paper ${fixed(paper, 2)}` },
    { value: paper, label: "", dash: "5 3" },
    { value: mean, label: `mean of all cells ${fixed(mean, 2)}`, below: true, dash: "1.500 3" },
  ];
  const lowest = Math.min(mean, ...data.map(({ test }) => test as number));
  const low = Math.max(0, 5 * Math.floor((lowest - 2) / 5));
  return { data, references, domain: domainTo(optimum, low) };
}
