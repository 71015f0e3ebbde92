import { useMemo, useState } from "react";
import { CopyIcon } from "../bar/icons";
import { useSize } from "../charts/useSize";
import { frequency } from "../format";
import { Gallery, SampleFigures } from "../gallery/Gallery";
import { SampleControls } from "../gallery/SampleControls";
import { useSampleStore, useShownSample } from "../gallery/samples";
import { useMoment } from "../moment";
import { type Segment, Segments } from "../Segments";
import { type AppState, useApp } from "../store";
import { bundleOf, Drawing } from "./Drawing";
import "./cell.css";
import { Reasons } from "./Reasons";
import { bundleStrands, cellStrands, mixStrands, probableStrands } from "./strands";
import { useMorph } from "./useMorph";
import { describeCell, describeMoment } from "./words";

const VIEWS: readonly Segment<AppState["view"]>[] = [
  { value: "weighted", label: "Weighted" },
  { value: "probable", label: "Most probable" },
  { value: "samples", label: "Samples" },
];

/** The cell that the posterior draws. */
export function Cell() {
  const moment = useMoment();
  const view = useApp((state) => state.view);
  const seed = useSampleStore((state) => state.seed);
  const playing = useSampleStore((state) => state.playing);
  const sample = useShownSample();
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const bundle = bundleOf(width);
  const sampled = view === "samples";
  const choices = sampled ? sample.choices : moment.choices;
  const target = useMemo(() => {
    if (view === "weighted") return bundleStrands(moment, bundle);
    return view === "probable" ? probableStrands(moment) : cellStrands(moment, choices);
  }, [moment, view, choices, bundle]);
  // A play is a row of stills: what glided from one sample to the next would be no sample.
  const key = sampled ? (playing ? "play" : `sample ${seed} ${sample.number}`) : view;
  const strands = useMorph(target, key, mixStrands);
  return (
    <section className={`panel cell ${view}`} aria-labelledby="cell-title">
      <div className="panel-head">
        <h2 id="cell-title">Cell</h2>
        {sampled ? (
          <SampleControls />
        ) : (
          moment.probability !== null && (
            <span className="small muted" title="How often a cell drawn from the posterior would be this one">
              drawn {frequency(moment.probability)} times
            </span>
          )
        )}
        <Segments
          label="View of the cell"
          name="view"
          options={VIEWS}
          value={view}
          onChange={(chosen) => useApp.setState({ view: chosen })}
        />
      </div>
      <div className={`body ${sampled ? "with-gallery" : ""}`}>
        <div className="large">
          <div className="drawing" ref={ref}>
            {width > 0 && (
              <Drawing
                moment={moment}
                strands={strands}
                choices={choices}
                figures={!sampled}
                label={
                  sampled
                    ? `Sample ${sample.number} of seed ${seed}. ${describeCell(moment, choices)}`
                    : describeMoment(moment)
                }
                width={width}
                height={height}
              />
            )}
          </div>
          {sampled && <SampleFigures moment={moment} />}
        </div>
        {sampled && <Gallery />}
      </div>
      {!sampled && <Reasons moment={moment} />}
      <Architecture text={sampled ? moment.space.format(choices) : moment.architecture} />
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
