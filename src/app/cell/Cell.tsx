import { useState } from "react";
import { CopyIcon } from "../bar/icons";
import { useSize } from "../charts/useSize";
import { frequency } from "../format";
import { useMoment } from "../moment";
import { type AppState, useApp } from "../store";
import { Drawing } from "./Drawing";
import "./cell.css";
import { useMorph } from "./useMorph";

const VIEWS: readonly { view: AppState["view"]; title: string }[] = [
  { view: "weighted", title: "Weighted" },
  { view: "probable", title: "Most probable" },
];

/** The cell that the posterior draws. */
export function Cell() {
  const moment = useMoment();
  const view = useApp((state) => state.view);
  const morph = useMorph(view === "weighted" ? 1 : 0);
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  return (
    <section className="panel cell" aria-labelledby="cell-title">
      <div className="panel-head">
        <h2 id="cell-title">Cell</h2>
        {moment.probability !== null && (
          <span className="small muted" title="How often a cell drawn from the posterior would be this one">
            drawn {frequency(moment.probability)} times
          </span>
        )}
        <fieldset className="segments" aria-label="View of the cell">
          {VIEWS.map(({ view: each, title }) => (
            <label key={each}>
              <input
                type="radio"
                name="view"
                checked={view === each}
                onChange={() => useApp.setState({ view: each })}
              />
              {title}
            </label>
          ))}
        </fieldset>
      </div>
      <div className="drawing" ref={ref}>
        {width > 0 && <Drawing moment={moment} view={morph} width={width} height={height} />}
      </div>
      <Architecture text={moment.architecture} />
    </section>
  );
}

/** The cell in the space's own notation, to read and to copy. */
function Architecture({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      // The clipboard may be closed to us; the text can be selected all the same.
    }
  };
  return (
    <div className="architecture">
      <code data-testid="architecture">
        <span className="hidden">Architecture: </span>
        {text.split("+").map((part, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
          <span key={i}>
            {i > 0 && "+"}
            {part}
            <wbr />
          </span>
        ))}
      </code>
      <button type="button" className="button plain slim" onClick={copy} title="Copy the architecture string">
        {copied ? "Copied" : <CopyIcon />}
        <span className="hidden">Copy the architecture string</span>
      </button>
    </div>
  );
}
