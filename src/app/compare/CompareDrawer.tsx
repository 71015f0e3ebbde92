import { useEffect, useMemo, useState } from "react";
import { BENCHMARK_SETS, type Benchmark, type BenchmarkSet } from "../../core/benchmark";
import { useBenchmark } from "../benchmark/load";
import { SETS } from "../benchmark/sets";
import * as runs from "../runs/runs";
import { useRuns } from "../runs/runs";
import { methodName } from "../runs/summary";
import { Segments } from "../Segments";
import { useSelection } from "../select/selection";
import { liveRecording } from "../session";
import { useApp } from "../store";
import "./compare.css";
import { Cells, finalCells } from "./Cells";
import { Charts, timeCharts } from "./Charts";
import { AddRuns, ComparedRuns } from "./ComparedRuns";
import { type Compared, groupBySeed } from "./groups";
import { Results } from "./Results";
import { SelectionFigure } from "./SelectionFigure";
import { selectedGroups } from "./selections";
import { Table } from "./Table";
import { useCompared, useCurves } from "./useCompared";

const SET_OPTIONS = SETS.map(({ set, short }) => ({ value: set, label: short }));

/** Counts up to `count`, a task each, so that parts that come up together don't make one long task. */
function useTasks(count: number): number {
  const [done, setDone] = useState(0);
  useEffect(() => {
    if (done >= count) return;
    const timer = setTimeout(() => setDone(done + 1));
    return () => clearTimeout(timer);
  }, [done, count]);
  return Math.min(done, count);
}

/** Has the benchmark unpack what charts and tables will ask it for, a data set a task. */
function useWarm(benchmark: Benchmark | null): void {
  useEffect(() => {
    if (!benchmark) return;
    const timers = BENCHMARK_SETS.map((set, i) => setTimeout(() => benchmark.optimum(set), 100 * i));
    return () => timers.forEach(clearTimeout);
  }, [benchmark]);
}

/** Runs in one view, seeds together: the paper's figures and its table of results. */
export default function CompareDrawer() {
  useEffect(() => {
    runs.loadRuns();
    if (useRuns.getState().selected.length === 0) {
      runs.toggleSelected(useApp.getState().shownRun ?? runs.idOf(liveRecording()));
    }
  }, []);
  const compared = useCompared();
  const tabled = compared.every(({ recording }) => recording.space.tabled);
  const { benchmark } = useBenchmark(tabled);
  const [set, setSet] = useState<BenchmarkSet>("cifar10");
  const problem = useRuns((state) => state.problem);
  const selected = useSelection((state) => state.selected);
  const groups = useMemo(() => groupBySeed(compared), [compared]);
  const selections = useMemo(() => selectedGroups(selected, groups), [selected, groups]);
  const { of: entropyOf, turn } = useCurves(compared, tabled);
  const begun = compared.some(({ recording }) => recording.steps > 0);
  const charts = timeCharts(groups, tabled);
  const cells = useMemo(() => finalCells(groups), [groups]);
  useWarm(benchmark);
  const shown = useTasks(begun ? charts + 3 + cells.length : 0);
  return (
    <div className="compare">
      {problem && (
        <p className="notice danger" role="alert">
          {problem}
        </p>
      )}
      <ComparedRuns groups={groups} first={compared[0]} />
      <AddRuns />
      <Lesson compared={compared} />
      {begun && (
        <>
          {tabled && (
            <Segments
              label="Data set of the comparison"
              name="compare-set"
              options={SET_OPTIONS}
              value={set}
              onChange={setSet}
            />
          )}
          <div className="compare-charts">
            <Charts {...{ groups, tabled, benchmark, set, entropyOf, turn, shown }} />
            {benchmark && tabled && (
              <SelectionFigure groups={selections} benchmark={benchmark} set={set} isShown={shown > charts} />
            )}
          </div>
          {benchmark && tabled && shown > charts + 1 && <Results {...{ groups, selections, benchmark }} />}
          {shown > charts + 2 && <Table groups={groups} tabled={tabled} benchmark={benchmark} entropyOf={entropyOf} />}
          {shown > charts + 2 && <Cells cells={cells} benchmark={benchmark} shown={shown - charts - 3} />}
        </>
      )}
      {!begun && compared.length > 0 && (
        <p className="small muted">Their curves, cells and figures will appear here.</p>
      )}
    </div>
  );
}

/** The classic lesson in one press: the same settings and seed under the other method. */
function Lesson({ compared }: { compared: readonly Compared[] }) {
  const { selected, queued } = useRuns();
  const phase = useApp((state) => state.phase);
  if (queued) {
    return (
      <div className="notice lesson" role="status">
        <p>
          <strong>{methodName(queued.settings)} follows</strong> when the run under way ends, with the same settings and
          seed.
        </p>
        <button type="button" className="button slim" onClick={runs.cancelQueued}>
          Don’t run it
        </button>
      </div>
    );
  }
  if (selected.length !== 1 || compared.length !== 1) return null;
  const [{ id, recording }] = compared;
  const other = methodName(runs.otherMethod(recording.settings));
  const live = recording === liveRecording();
  const first = live && phase !== "finished" && phase !== "failed";
  return (
    <div className="notice lesson">
      <p>
        {first ? "This run goes on to its end, then " : ""}
        {other} runs with the same settings and seed
        {recording.settings.objective === "supernet" && ": the same initial weights and batches"}
        {recording.changes.length > 0 ? "; edits made during the run are not repeated" : ""}.
      </p>
      <button type="button" className="button primary" onClick={() => runs.compareWithOther(id)}>
        Compare with {other}
      </button>
    </div>
  );
}
