import { useId } from "react";
import type { Settings } from "../../core/controls";
import { setControl } from "../form";
import { history } from "../history";
import { liveRecording } from "../session";
import { useApp } from "../store";
import { cancel, measure, useMeasurement } from "./measurement";

/** Measures now, and during the search. */
export function Measure() {
  const phase = useApp((state) => state.phase);
  const started = useApp((state) => state.applied !== null);
  const latest = useMeasurement((state) => state.latest);
  const state = latest?.problem ? "failed" : latest && (latest.progress?.state ?? "running");
  const busy = state === "running";
  const stands = started && phase !== "preparing" && phase !== "failed";
  return (
    <section className="sharpness-measure" aria-label="Measurement">
      <div className="sharpness-actions">
        {busy ? (
          <button type="button" className="button" onClick={cancel}>
            Cancel
          </button>
        ) : (
          <button type="button" className="button primary" disabled={!stands} onClick={measure}>
            Measure now
          </button>
        )}
        <During />
      </div>
      {busy && <progress aria-label="Measured" max={1} value={latest?.progress?.fraction} />}
      {state === "failed" ? (
        <p className="notice danger" role="alert">
          <strong>It could not be measured.</strong> {latest?.problem}.
        </p>
      ) : (
        <p className="small muted">{busy ? BUSY : noteOf(stands, started)}</p>
      )}
      <p className="hidden" role="status">
        {busy ? "Measuring sharpness." : state === "finished" ? "Sharpness measured." : ""}
      </p>
    </section>
  );
}

const BUSY = "The search waits between two steps, and goes on by itself; what it learned stays as it is.";

function noteOf(stands: boolean, started: boolean): string {
  if (stands && history.recording !== liveRecording()) {
    return "The run on screen is a kept one, whose weights are gone: what is measured is the run under way.";
  }
  return started ? "" : "Press Run first: there is a loss to look at once a run stands.";
}

/** How often it is measured during the search. */
function During() {
  const id = useId();
  const draft = useApp((state) => state.draft);
  const every = draft.sharpnessEvery;
  const options = optionsOf(draft);
  return (
    <div className="sharpness-during">
      <label htmlFor={id} className="small">
        During the search
      </label>
      <select id={id} value={every} onChange={(event) => setControl("sharpnessEvery", Number(event.target.value))}>
        {options.map(({ steps, words }) => (
          <option key={steps} value={steps}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Never, at tenths of the search, once an epoch; and what the form says beside. */
function optionsOf({ steps, images, batch, objective, sharpnessEvery }: Settings) {
  const named = new Map([[0, "never"]]);
  const tenth = Math.max(1, Math.round(steps / 10));
  named.set(tenth, `every ${tenth} steps`);
  if (objective === "supernet") {
    const epoch = Math.max(1, Math.floor(images / 2 / batch));
    named.set(epoch, `once an epoch, ${epoch} steps`);
  }
  if (!named.has(sharpnessEvery)) named.set(sharpnessEvery, `every ${sharpnessEvery} steps`);
  return [...named].map(([steps, words]) => ({ steps, words }));
}
