import { CONTROL_KEYS, type ControlKey, controlOf, type Group } from "../../core/controls";
import { appliesTo } from "../../core/settings";
import { type Edit, useEdits } from "../edits";
import { redo, undo } from "../form";
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
        <Undo />
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

/** During a run an edit is undone by another, which has a mark of its own. */
function Undo() {
  const { past, future } = useEdits();
  return (
    <div className="undo">
      {[
        { word: "Undo", spoken: "Undo the last edit", edit: past.at(-1), act: undo, shift: "" },
        { word: "Redo", spoken: "Redo the edit undone last", edit: future.at(-1), act: redo, shift: "Shift+" },
      ].map(({ word, spoken, edit, act, shift }) => (
        <button
          key={word}
          type="button"
          className="button slim plain"
          onClick={act}
          disabled={edit === undefined}
          aria-label={spoken}
          title={naming(word, edit, `Ctrl+${shift}Z`)}
          aria-keyshortcuts={`Control+${shift}Z Meta+${shift}Z`}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

/** "Undo: Architecture rate 0.01 (Ctrl+Z)". */
function naming(what: string, edit: Edit | undefined, shortcut: string): string {
  if (!edit) return `${what} (${shortcut})`;
  const keys = CONTROL_KEYS.filter((key) => edit.after[key] !== undefined);
  const subject = keys.length === 1 ? `${controlOf(keys[0]).label} ${edit.after[keys[0]]}` : `${keys.length} settings`;
  return `${what}: ${subject} (${shortcut})`;
}
