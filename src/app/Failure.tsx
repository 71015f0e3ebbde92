import { controlOf } from "../core/controls";
import type { Divergence } from "../worker/protocol";
import { count, plain } from "./format";
import { goOn, recover, reset } from "./session";
import { useApp } from "./store";

/** A run that cannot go on, or should not: what happened, what to do, and the button that does it. */
export function Failure() {
  const failure = useApp((state) => state.failure);
  const divergence = useApp((state) => state.divergence);
  if (failure) {
    return (
      <div className="notice danger failure" role="alert">
        <p>
          <strong>{failure.message}</strong> {failure.mend}
        </p>
        <button type="button" className="button slim" onClick={reset}>
          Reset
        </button>
      </div>
    );
  }
  return divergence && <Diverged divergence={divergence} />;
}

function Diverged({ divergence: { message, finite, back, settings } }: { divergence: Divergence }) {
  const key = settings.weightRate === undefined ? "archRate" : "weightRate";
  const rate = controlOf(key).label.toLowerCase();
  return (
    <div className="notice danger failure diverged" role="alert">
      <p>
        <strong>The run has diverged and stands still.</strong> {message} It can go on from{" "}
        {back > 0 ? "a sound step" : "its start"}, at {rate} {plain(Number(Number(settings[key]).toPrecision(3)))}.
      </p>
      <div className="actions">
        <button type="button" className="button slim primary" onClick={recover}>
          Go back to step {count(back)} with half the {rate}
        </button>
        {finite && (
          <button type="button" className="button slim" onClick={goOn}>
            Go on as it is
          </button>
        )}
        <button type="button" className="button slim" onClick={reset}>
          Reset
        </button>
      </div>
    </div>
  );
}
