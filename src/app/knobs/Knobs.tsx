import { appliesTo, CONTROL_KEYS, type ControlKey, controlOf, type Group } from "../../core/controls";
import { useApp } from "../store";
import { Field } from "./Field";
import "./knobs.css";

const GROUPS: readonly { title: string; group: Group; open: boolean; leaveOut?: readonly ControlKey[] }[] = [
  { title: "Instant objective", group: "objective", open: true, leaveOut: ["objectiveData"] },
  { title: "Architecture parameters", group: "architecture", open: true },
  { title: "Supernet weights", group: "weights", open: false },
  { title: "Budget and evaluation", group: "budget", open: false, leaveOut: ["steps"] },
  { title: "Augmentation", group: "data", open: false, leaveOut: ["data", "images", "image"] },
];

/** Every hyper-parameter that the method and the objective read. */
export function Knobs() {
  const method = useApp((state) => state.draft.method);
  const objective = useApp((state) => state.draft.objective);
  return (
    <section className="panel knobs" aria-labelledby="knobs-title">
      <div className="panel-head">
        <h2 id="knobs-title">Knobs</h2>
      </div>
      {GROUPS.map(({ title, group, open, leaveOut = [] }) => {
        const keys = CONTROL_KEYS.filter(
          (key) => controlOf(key).group === group && appliesTo(key, { method, objective }) && !leaveOut.includes(key),
        );
        if (keys.length === 0) return null;
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
    </section>
  );
}
