import { appliesTo, CONTROL_KEYS, type ControlKey, controlOf, type Group } from "../../core/controls";
import { count } from "../format";
import { clashOf, dropPending, reset } from "../session";
import { pendingKeys, useApp } from "../store";
import { Field } from "./Field";
import { ACTS, rangeOf, useInfo } from "./info";
import "./knobs.css";

const GROUPS: readonly { title: string; group: Group; open: boolean; leaveOut?: readonly ControlKey[] }[] = [
  { title: "Architecture parameters", group: "architecture", open: true },
  { title: "Supernet weights", group: "weights", open: false },
  { title: "Budget and evaluation", group: "budget", open: false, leaveOut: ["steps"] },
  { title: "Augmentation", group: "data", open: false, leaveOut: ["data", "images", "image"] },
];

/** Every hyper-parameter that the method reads. */
export function Knobs() {
  const method = useApp((state) => state.draft.method);
  return (
    <section className="panel knobs" aria-labelledby="knobs-title">
      <div className="panel-head">
        <h2 id="knobs-title">Knobs</h2>
        <span className="muted small">label · value · when it acts</span>
      </div>
      <div className="knobs-scroll">
        {GROUPS.map(({ title, group, open, leaveOut = [] }) => {
          const keys = CONTROL_KEYS.filter(
            (key) => controlOf(key).group === group && appliesTo(key, method) && !leaveOut.includes(key),
          );
          return (
            <details key={group} open={open}>
              <summary>
                {title} <span className="muted">{keys.length}</span>
              </summary>
              {keys.map((key) => (
                <Field key={key} name={key} />
              ))}
            </details>
          );
        })}
      </div>
      <Pending />
      <Explanation />
    </section>
  );
}

/** What the form says and the run under way does not obey. */
function Pending() {
  const pending = useApp((state) => pendingKeys(state).length);
  const clash = useApp((state) => clashOf(state.draft));
  if (clash) {
    return (
      <p className="notice danger" role="alert">
        <strong>These settings clash.</strong> {clash}.
      </p>
    );
  }
  if (pending === 0) return null;
  return (
    <div className="notice" role="status">
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

/** One fixed place that says what the control last pointed at does; on a touch screen the sentence stands under each control. */
function Explanation() {
  const key = useInfo((state) => state.key);
  const control = controlOf(key);
  return (
    <div className="explanation small" aria-hidden="true">
      <p>
        <strong>{control.label}</strong>
        {control.symbol && <span className="symbol"> {control.symbol}</span>}
      </p>
      <p>{control.help}</p>
      <p className="muted">
        {control.kind === "number" && `${rangeOf(key)}. `}
        {ACTS[control.acts].sentence}
      </p>
    </div>
  );
}
