import { type CSSProperties, useEffect, useState } from "react";
import type { ControlKey, NumberControl } from "../../core/controls";
import { checkSetting, type Refusal } from "../../core/settings";
import { plain } from "../format";
import { fromSlider, notches, toSlider } from "./slider";

interface Props {
  id: string;
  helpId: string;
  name: ControlKey;
  control: NumberControl;
  value: number;
  /** Without it the box stands alone. */
  slider: boolean;
  commit: (value: number) => void;
}

const intoView = (element: HTMLElement | null) => element?.scrollIntoView({ block: "nearest" });

/** Separators for thousands and the true minus sign are for reading; typing takes them too. */
const untyped = (text: string) => text.replace(/[,\s]/g, "").replace("−", "-");

/**
 * A number typed or slid to. What the control refuses stays in the box with the reason and never reaches the run; a slider reaches the
 * run when it is let go.
 */
export function NumberField({ id, helpId, name, control, value, slider, commit }: Props) {
  const [text, setText] = useState<string | null>(null);
  const [sliding, setSliding] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);

  // A value that came from elsewhere (a preset, a slider) takes the place of what was typed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the value that matters
  useEffect(() => {
    setText(null);
    setRefusal(null);
  }, [value]);

  const enter = () => {
    if (text === null) return;
    const checked = checkSetting(name, untyped(text));
    if ("refusal" in checked) {
      setRefusal(checked.refusal);
      return;
    }
    setText(null);
    setRefusal(null);
    commit(Number(checked.value));
  };
  const letGo = () => {
    if (sliding === null) return;
    commit(fromSlider(sliding, control));
    setSliding(null);
  };
  const drop = () => {
    setText(null);
    setRefusal(null);
  };

  const place = sliding ?? toSlider(value, control);
  const shown = sliding === null ? value : fromSlider(sliding, control);
  return (
    <>
      <span className="box">
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          spellCheck={false}
          aria-describedby={helpId}
          aria-invalid={refusal !== null}
          aria-errormessage={refusal ? `${id}-refusal` : undefined}
          value={text ?? plain(shown)}
          onChange={(event) => setText(event.target.value)}
          onBlur={enter}
          onKeyDown={(event) => {
            if (event.key === "Enter") enter();
            if (event.key === "Escape") drop();
          }}
        />
        {control.unit && control.unit !== "images" && control.unit !== "steps" && (
          <span className="unit">{control.unit}</span>
        )}
      </span>
      {slider && (
        <input
          type="range"
          className="slider"
          aria-label={`${control.label}, slider`}
          aria-valuetext={plain(shown)}
          min={0}
          max={notches(control)}
          value={place}
          style={{ "--share": place / notches(control) } as CSSProperties}
          onChange={(event) => setSliding(Number(event.target.value))}
          onPointerUp={letGo}
          onKeyUp={letGo}
          onBlur={letGo}
        />
      )}
      {refusal && (
        <div className="refusal notice danger" id={`${id}-refusal`} role="alert" ref={intoView}>
          <p>
            <strong>{text}</strong> is refused: expected {refusal.expected}.
          </p>
          <div className="actions">
            <button type="button" className="button slim" onClick={() => commitNearest(refusal)}>
              Take {plain(Number(refusal.nearest))}
            </button>
            <button type="button" className="button slim plain" onClick={drop}>
              Keep {plain(value)}
            </button>
          </div>
        </div>
      )}
    </>
  );

  function commitNearest({ nearest }: Refusal): void {
    drop();
    commit(Number(nearest));
  }
}
