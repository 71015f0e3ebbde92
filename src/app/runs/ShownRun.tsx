import { showLive } from "../session";
import { useApp } from "../store";
import "./runs.css";
import { useRuns } from "./runs";

/** Says that a kept run is on screen, with the way back. */
export function ShownRun() {
  const shown = useApp((state) => state.shownRun);
  const name = useRuns(({ kept }) => kept?.find(({ id }) => id === shown)?.name);
  if (shown === null) return null;
  return (
    <div className="notice shown-run" role="status">
      <p>
        <strong>Showing a kept run:</strong> {name}
      </p>
      <button type="button" className="button slim" onClick={showLive}>
        Back to the current run
      </button>
    </div>
  );
}
