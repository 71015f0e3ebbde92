import { reset } from "./session";
import { useApp } from "./store";

/** A run that cannot go on: what happened, what to do, and the button that does it. */
export function Failure() {
  const failure = useApp((state) => state.failure);
  if (!failure) return null;
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
