import { useEffect, useMemo, useState } from "react";
import { useBenchmark } from "../benchmark/load";
import { count } from "../format";
import * as runs from "../runs/runs";
import { MOST_COMPARED, useRuns } from "../runs/runs";
import { methodName } from "../runs/summary";
import { liveRecording } from "../session";
import { useApp } from "../store";
import "./compare.css";
import { Badge } from "./Badge";
import { Cells } from "./Cells";
import { Charts } from "./Charts";
import { type Compared, differenceText, groupBySeed, openingText } from "./groups";
import { Table } from "./Table";
import { useCompared, useEntropies } from "./useCompared";

const CHARTS = 3;

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

/** Two to four runs in one view. */
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
  const problem = useRuns((state) => state.problem);
  const groups = useMemo(() => groupBySeed(compared), [compared]);
  const { of: entropyOf, turn } = useEntropies(compared);
  const begun = compared.some(({ recording }) => recording.steps > 0);
  const shown = useTasks(begun ? CHARTS + 1 : 0);
  return (
    <div className="compare">
      {problem && (
        <p className="notice danger" role="alert">
          {problem}
        </p>
      )}
      <ul className="compared" aria-label="Runs in this comparison">
        {groups.flatMap((group) =>
          group.runs.map((run) => (
            <li key={run.id}>
              <Badge group={group} letters={run.letter} />
              <p>
                <b>{run.name}</b>{" "}
                <span className="small muted">
                  {run === compared[0] ? openingText(run) : differenceText(compared[0].recording, run.recording)}
                </span>
              </p>
              <button
                type="button"
                className="button plain slim"
                aria-label={`Take ${run.name} out of the comparison`}
                onClick={() => runs.toggleSelected(run.id)}
              >
                ×
              </button>
            </li>
          )),
        )}
      </ul>
      <Add />
      <Lesson compared={compared} />
      {begun && (
        <>
          <Charts
            groups={groups}
            tabled={tabled}
            benchmark={benchmark}
            entropyOf={entropyOf}
            turn={turn}
            shown={shown}
          />
          {shown > CHARTS && <Cells groups={groups} benchmark={benchmark} />}
          {shown > CHARTS && <Table groups={groups} tabled={tabled} benchmark={benchmark} entropyOf={entropyOf} />}
        </>
      )}
      {!begun && compared.length > 0 && (
        <p className="small muted">Their curves, cells and figures will appear here.</p>
      )}
    </div>
  );
}

/** Puts one more run into the comparison. */
function Add() {
  const { kept, selected } = useRuns();
  useApp(({ phase, applied }) => `${phase} ${applied}`);
  const live = liveRecording();
  const liveId = runs.idOf(live);
  const others = [
    { id: liveId, name: `Current run: ${methodName(live.settings)}, seed ${live.settings.seed}` },
    ...(kept ?? []).filter(({ id }) => id !== liveId),
  ].filter(({ id }) => !selected.includes(id));
  if (others.length === 0 || selected.length >= MOST_COMPARED) return null;
  return (
    <select
      className="add-run small"
      aria-label="Add a run to the comparison"
      value=""
      onChange={(event) => runs.toggleSelected(event.target.value)}
    >
      <option value="" disabled>
        Add a run…
      </option>
      {others.map((run) => (
        <option key={run.id} value={run.id}>
          {run.name}
          {"steps" in run ? ` · ${count(run.steps)} steps` : ""}
        </option>
      ))}
    </select>
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
