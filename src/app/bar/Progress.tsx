import type { Phase } from "../../worker/protocol";
import { clock, count } from "../format";
import { useApp } from "../store";

const SPOKEN: Partial<Record<Phase, string>> = {
  idle: "Ready to run.",
  preparing: "Preparing the search.",
  running: "The search is running.",
  paused: "The search is paused.",
  finished: "The search has finished.",
  failed: "The search cannot go on.",
};

function rateText(rate: number): string {
  return rate < 0.95 ? `${(1 / rate).toFixed(1)} s/step` : `${rate.toFixed(rate < 10 ? 1 : 0)} steps/s`;
}

/** Where the run is: what is being prepared, or step, epoch, rate and the time that is left. */
export function Progress() {
  const phase = useApp((state) => state.phase);
  const progress = useApp((state) => state.progress);
  const steps = useApp((state) => (state.applied ?? state.draft).steps);
  const { step, epoch, seconds, rate } = useApp();
  const underWay = phase === "running" || phase === "paused" || phase === "finished" || step > 0;
  const waiting = progress ?? (phase === "starting" ? { what: "Starting", fraction: null } : null);
  const fraction = waiting && !(underWay && phase === "running") ? waiting.fraction : step / steps;
  const left = rate ? (steps - step) / rate : null;

  return (
    <div className="progress">
      <p className="hidden" role="status">
        {SPOKEN[phase]}
      </p>
      {waiting && !underWay ? (
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
          <div>
            <dt>epoch</dt>
            <dd>{step > 0 ? epoch : "–"}</dd>
          </div>
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
        className={`track ${waiting && fraction === null ? "busy" : ""}`}
        role="progressbar"
        aria-label={waiting && !underWay ? waiting.what : "Search"}
        aria-valuenow={fraction === null ? undefined : Math.round(100 * fraction)}
      >
        <div style={{ width: `${fraction === null ? 30 : 100 * fraction}%` }} />
      </div>
    </div>
  );
}
