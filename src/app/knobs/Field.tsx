import { type ReactNode, useId } from "react";
import { type ControlKey, controlOf, type SettingValue } from "../../core/controls";
import { setControl } from "../form";
import { pendingKeys, useApp } from "../store";
import { ACTS, explain, helpOf, rangeOf } from "./info";
import { NumberField } from "./NumberField";

/**
 * One control of the form, drawn from its description: label and symbol, input, when it acts, and help. A compact one has no slider.
 */
export function Field({ name, compact = false }: { name: ControlKey; compact?: boolean }) {
  const control = controlOf(name);
  const value = useApp((state) => state.draft[name]);
  const pending = useApp((state) => state.applied !== null && pendingKeys(state).includes(name));
  const waiting = useApp((state) => state.waiting.includes(name));
  const id = useId();
  const helpId = `${id}-help`;
  const commit = (next: SettingValue) => setControl(name, next);

  const tag = pending ? "at reset" : waiting ? "next epoch" : ACTS[control.acts].tag;
  const late = pending || waiting;
  let input: ReactNode;
  if (control.kind === "number") {
    const props = { id, helpId, name, control, value: Number(value), slider: !compact, commit };
    input = <NumberField {...props} />;
  } else if (control.kind === "choice") {
    input = (
      <select id={id} aria-describedby={helpId} value={String(value)} onChange={(event) => commit(event.target.value)}>
        {control.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    );
  } else {
    input = (
      <input
        id={id}
        aria-describedby={helpId}
        type="checkbox"
        role="switch"
        className="switch-input"
        checked={Boolean(value)}
        aria-checked={Boolean(value)}
        onChange={(event) => commit(event.target.checked)}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing only fills the explanation; the input itself carries it too
    <div
      className={`field ${control.kind} ${compact ? "compact" : ""} ${late ? "late" : ""}`}
      data-control={name}
      onPointerEnter={() => explain(name)}
      onFocus={() => explain(name)}
    >
      <label htmlFor={id}>
        {control.label}
        {control.symbol && <span className="symbol"> {control.symbol}</span>}
      </label>
      {input}
      <span className="acts">{tag}</span>
      <p className="help" id={helpId}>
        {helpOf(name, value)}
        <span className="fine">
          {control.kind === "number" && ` Takes ${rangeOf(name)}.`} {ACTS[control.acts].sentence}
        </span>
      </p>
    </div>
  );
}
