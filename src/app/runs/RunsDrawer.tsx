import { type ReactNode, useEffect, useRef, useState } from "react";
import { BENCHMARK_SETS, type Benchmark } from "../../core/benchmark";
import { SPACES } from "../../core/spaces";
import { useBenchmark } from "../benchmark/load";
import { startWith } from "../form";
import { count, fixed } from "../format";
import { useRecording } from "../history";
import { liveRecording, showLive } from "../session";
import { openDrawer, useApp } from "../store";
import { FileButton } from "./FileButton";
import * as runs from "./runs";
import { MOST_COMPARED, MOST_RUNS, useRuns } from "./runs";
import type { KeptRun } from "./shelf";
import { courseText, nameOf, summarise } from "./summary";

/** The current run and those kept on this machine. */
export default function RunsDrawer() {
  const { kept, lasting, selected, problem, busy, deleted } = useRuns();
  const { benchmark } = useBenchmark(true);
  useEffect(runs.loadRuns, []);
  const current = useCurrent();
  const others = kept?.filter(({ id }) => id !== current.id);
  return (
    <div className="runs">
      <div className="runs-actions">
        <FileButton title="Import a run file…" what="Run file" hint="Or drop it anywhere on the page" />
        <button
          type="button"
          className="button slim"
          disabled={selected.length === 0}
          onClick={() => openDrawer("compare")}
        >
          {selected.length < 2 ? "Compare" : `Compare ${selected.length} runs`}
        </button>
        <p className="small muted" role="status">
          {busy ??
            (selected.length > 0 ? `${selected.length} of ${MOST_COMPARED} ticked` : "Tick runs to compare them")}
        </p>
      </div>
      {problem && (
        <div className="notice danger" role="alert">
          <p>{problem}</p>
          <div className="actions">
            <button type="button" className="button slim" onClick={() => useRuns.setState({ problem: null })}>
              Dismiss
            </button>
          </div>
        </div>
      )}
      {deleted && (
        <div className="notice deleted" role="status">
          <p>
            Deleted <strong>{deleted.run.name}</strong>.
          </p>
          <button type="button" className="button slim" onClick={runs.undoDelete}>
            Undo
          </button>
        </div>
      )}
      <h3>Current run</h3>
      <ul>
        <Current run={current} isKept={kept?.some(({ id }) => id === current.id) ?? false} benchmark={benchmark} />
      </ul>
      <h3>Kept runs</h3>
      {others?.length === 0 && (
        <p className="small muted">
          None yet. A run is kept when it finishes or is reset; a run file from elsewhere can be imported.
        </p>
      )}
      <ul>
        {others?.map((run) => (
          <Kept key={run.id} run={run} benchmark={benchmark} />
        ))}
      </ul>
      <p className="small muted">
        {lasting
          ? `Kept in this browser, on this machine; of more than ${MOST_RUNS} runs the oldest go first.`
          : "This browser keeps nothing for the page (a private window?): these runs last until the page closes."}
      </p>
    </div>
  );
}

/** A summary of the run under way. */
function useCurrent(): KeptRun {
  useRecording();
  useApp(({ step, phase }) => `${step} ${phase}`);
  const recording = liveRecording();
  return summarise(recording, { id: runs.idOf(recording), name: "Current run", kept: 0, device: "" });
}

function Current({ run, isKept, benchmark }: { run: KeptRun; isKept: boolean; benchmark: Benchmark | null }) {
  const shown = useApp((state) => state.shownRun) === null;
  const running = useApp((state) => state.phase) === "running";
  const facts = run.steps === 0 ? "not begun" : running ? `at step ${count(run.steps)}` : courseText(run);
  return (
    <Item run={run} name={nameOf(run.settings)} facts={facts} benchmark={benchmark}>
      {shown ? (
        <span className="on-screen small">on screen</span>
      ) : (
        <button type="button" className="button slim" onClick={showLive}>
          Show
        </button>
      )}
      <button
        type="button"
        className="button slim"
        disabled={run.steps === 0 || (isKept && run.finished)}
        onClick={runs.keepLive}
        title="Keeps the run as far as it has come; a finished one is kept by itself"
      >
        {isKept ? (run.finished ? "Kept" : "Keep again") : "Keep"}
      </button>
    </Item>
  );
}

function Kept({ run, benchmark }: { run: KeptRun; benchmark: Benchmark | null }) {
  const shown = useApp((state) => state.shownRun) === run.id;
  const [naming, setNaming] = useState(false);
  const rename = useRef<HTMLButtonElement>(null);
  const named = useRef(false);
  useEffect(() => {
    // The focus of the keyboard goes back to where it came from.
    if (named.current && !naming && document.activeElement === document.body) rename.current?.focus();
    named.current = naming;
  }, [naming]);
  const when = new Date(run.kept).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const what = run.name === nameOf(run.settings) ? "" : `${nameOf(run.settings)} · `;
  return (
    <Item
      run={run}
      name={naming ? <NameField run={run} done={() => setNaming(false)} /> : run.name}
      facts={`${what}${courseText(run)} · ${when}`}
      benchmark={benchmark}
    >
      {shown ? (
        <span className="on-screen small">on screen</span>
      ) : (
        <button
          type="button"
          className="button slim"
          aria-label={`Show ${run.name}`}
          onClick={() => runs.showRun(run.id)}
        >
          Show
        </button>
      )}
      <button
        type="button"
        className="button slim"
        aria-label={`Run again: ${run.name}`}
        title="Resets the current run and starts one with these settings"
        onClick={() => startWith(run.settings)}
      >
        Run again
      </button>
      <button
        type="button"
        ref={rename}
        className="button slim"
        aria-label={`Rename ${run.name}`}
        onClick={() => setNaming(true)}
        disabled={naming}
      >
        Rename
      </button>
      <button
        type="button"
        className="button slim"
        aria-label={`Delete ${run.name}`}
        onClick={async ({ detail }) => {
          await runs.deleteRun(run.id);
          // A press of the keyboard, whose focus would be lost with the run.
          if (detail === 0) document.querySelector<HTMLElement>(".deleted button")?.focus();
        }}
      >
        Delete
      </button>
    </Item>
  );
}

function Item(props: {
  run: KeptRun;
  name: ReactNode;
  facts: string;
  benchmark: Benchmark | null;
  children: ReactNode;
}) {
  const { run, name, facts, benchmark, children } = props;
  const selected = useRuns((state) => state.selected);
  const ticked = selected.includes(run.id);
  return (
    <li className="run">
      <input
        type="checkbox"
        checked={ticked}
        disabled={!ticked && selected.length >= MOST_COMPARED}
        aria-label={`Compare ${run.name}`}
        onChange={() => runs.toggleSelected(run.id)}
      />
      <p className="run-name">
        {name} <span className="small muted run-space">· {SPACES[run.settings.space].title}</span>
      </p>
      <Accuracy run={run} benchmark={benchmark} />
      <p className="run-facts small muted">{facts}</p>
      <div className="run-actions">{children}</div>
    </li>
  );
}

/** What the benchmark says of the run's last cell. */
function Accuracy({ run, benchmark }: { run: KeptRun; benchmark: Benchmark | null }) {
  const space = SPACES[run.settings.space];
  if (!benchmark || run.steps === 0 || !space.tabled) return <p />;
  const [set] = BENCHMARK_SETS;
  const { accuracy, rank } = benchmark.figures(space.parse(run.architecture));
  return (
    <p className="run-accuracy" title="Test accuracy of its cell on CIFAR-10, and its rank in the space">
      {fixed(accuracy[set].test, 2)} % <span className="small muted">rank {count(rank[set])}</span>
    </p>
  );
}

function NameField({ run, done }: { run: KeptRun; done: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  // Taking the field away blurs it once more.
  const over = useRef(false);
  const end = (keep: boolean) => {
    if (over.current) return;
    over.current = true;
    if (keep) runs.renameRun(run.id, field.current?.value ?? "");
    done();
  };
  return (
    <input
      ref={field}
      type="text"
      className="run-name-field"
      defaultValue={run.name}
      maxLength={80}
      aria-label={`New name of ${run.name}`}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === "Escape") end(event.key === "Enter");
      }}
    />
  );
}
