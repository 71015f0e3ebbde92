import { type ControlKey, controlOf } from "../../core/controls";
import { useApp } from "../store";
import { ACTS, helpOf, rangeOf, useInfo } from "./info";

/**
 * One fixed place that says what the control last pointed at does; it takes no room before one was. On a touch screen the sentence
 * stands under each control.
 */
export function Explanation() {
  const key = useInfo((state) => state.key);
  return key && <Explained name={key} />;
}

function Explained({ name: key }: { name: ControlKey }) {
  const value = useApp((state) => state.draft[key]);
  const control = controlOf(key);
  return (
    <div className="explanation small" aria-hidden="true">
      <p>
        <strong>{control.label}</strong>
        {control.symbol && <span className="symbol"> {control.symbol}</span>}
      </p>
      <p>{helpOf(key, value)}</p>
      <p className="muted">
        {control.kind === "number" && `Takes ${rangeOf(key)}. `}
        {ACTS[control.acts].sentence}
      </p>
    </div>
  );
}
