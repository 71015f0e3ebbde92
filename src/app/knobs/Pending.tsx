import { dropPending } from "../form";
import { count } from "../format";
import { reset } from "../session";
import { obstacleOf, pendingKeys, useApp } from "../store";

const sentence = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** What the form says and the run under way does not obey. */
export function Pending() {
  const pending = useApp((state) => pendingKeys(state).length);
  const obstacle = useApp(obstacleOf);
  if (obstacle) {
    return (
      <p className="notice danger pending" role="alert">
        <strong>These settings cannot run.</strong> {sentence(obstacle)}
      </p>
    );
  }
  if (pending === 0) return null;
  return (
    <div className="notice pending" role="status">
      <p>
        <strong>
          {count(pending)} change{pending === 1 ? "" : "s"}
        </strong>{" "}
        {pending === 1 ? "acts" : "act"} at the next reset; this run keeps its own.
      </p>
      <div className="actions">
        <button type="button" className="button slim" onClick={reset}>
          Reset now
        </button>
        <button type="button" className="button slim plain" onClick={dropPending}>
          Undo
        </button>
      </div>
    </div>
  );
}
