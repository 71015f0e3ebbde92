import type { Phase } from "../../worker/protocol";
import { clock, count } from "../format";
import { type AppState, objectiveOf, useApp } from "../store";

const SPOKEN: Partial<Record<Phase, string>> = {
  idle: "Ready to run.",
  preparing: "Preparing the search.",
  running: "The search is running.",
  paused: "The search is paused.",
  finished: "The search has finished.",
  diverged: "The search has diverged and stands still.",
  failed: "The search cannot go on.",
};

function rateText(rate: number): string {
  return rate < 0.95 ? `${(1 / rate).toFixed(1)} s/step` : `${rate.toFixed(rate < 10 ? 1 : 0)} steps/s`;
}

/** Steps a second; the worker tells of the time spent stepping alone, not of that spent waiting at a limited speed. */
function paceOf(state: AppState): number | null {
  const limit = state.speeds[objectiveOf(state)];
  return state.rate && Math.min(state.rate, limit ?? Number.POSITIVE_INFINITY);
}

/** What keeps the first step from being taken; null once steps flow. */
function waitingFor(state: AppState): AppState["progress"] {
  const { phase, progress, step, device } = state;
  if (step > 0 || phase === "failed") return null;
  if (phase === "running") {
    if (objectiveOf(state) === "instant") return null;
    const compiles = device?.engine === "reference" && (device.device === "webgpu" || device.device === "webgl");
    return { what: compiles ? "Compiling for the first step" : "Taking the first step", fraction: null };
  }
  if (phase === "preparing") return progress ?? { what: "Preparing", fraction: null };
  if (phase === "starting") return { what: "Starting", fraction: null };
  return phase === "idle" ? progress : null;
}

/** Where the run is: what is being prepared, or step, epoch, rate and the time that is left. */
export function Progress() {
  const state = useApp();
  const { phase, step, epoch, seconds } = state;
  const rate = paceOf(state);
  const { steps } = state.applied ?? state.draft;
  const waiting = waitingFor(state);
  const fraction = waiting ? waiting.fraction : step / steps;
  const { minutes } = state.applied ?? state.draft;
  const limit = minutes > 0 ? Math.max(0, 60 * minutes - seconds) : Number.POSITIVE_INFINITY;
  const left = rate ? Math.min(limit, (steps - step) / rate) : null;

  return (
    <div className="progress">
      <p className="hidden" role="status">
        {SPOKEN[phase]}
      </p>
      {waiting ? (
        <p className="doing">
          {waiting.what}
          {waiting.fraction === null ? "…" : ` ${Math.round(100 * waiting.fraction)} %`}
        </p>
      ) : (
        <dl>
          <div>
            <dt>step</dt>
            <dd style={{ minWidth: `${2 * count(steps).length + 2}ch` }}>
              {count(step)}
              <span className="of"> / {count(steps)}</span>
            </dd>
          </div>
          {objectiveOf(state) === "supernet" && (
            <div>
              <dt>epoch</dt>
              <dd>{step > 0 ? epoch : "–"}</dd>
            </div>
          )}
          <div className="rate">
            <dt>rate</dt>
            <dd>{rate ? rateText(rate) : "–"}</dd>
          </div>
          <div>
            <dt>{phase === "finished" ? "took" : "left"}</dt>
            <dd>{phase === "finished" ? clock(seconds) : left === null ? "–" : clock(left)}</dd>
          </div>
        </dl>
      )}
      <div
        className={`track ${fraction === null ? "busy" : ""}`}
        role="progressbar"
        aria-label={waiting?.what ?? "Search"}
        aria-valuenow={fraction === null ? undefined : Math.round(100 * fraction)}
      >
        <div style={{ width: `${fraction === null ? 30 : 100 * fraction}%` }} />
      </div>
    </div>
  );
}
