import { lazy, Suspense, useState } from "react";
import type { SearchSpace } from "../../core/space";
import { CopyIcon } from "../bar/icons";
import { useSize } from "../charts/useSize";
import { frequency } from "../format";
import { SampleControls } from "../gallery/SampleControls";
import { useSampleStore, useShownSample } from "../gallery/samples";
import { useMoment } from "../moment";
import { type Segment, Segments } from "../Segments";
import { type AppState, useApp } from "../store";
import { CellFigure } from "./CellFigure";
import "./cell.css";
import { KindSwitch, useCellKind } from "./kinds";
import { Reasons } from "./Reasons";
import { describeCell, describeMoment } from "./words";

const gallery = () => import("../gallery/Gallery");
const Gallery = lazy(async () => ({ default: (await gallery()).Gallery }));
const SampleFigures = lazy(async () => ({ default: (await gallery()).SampleFigures }));

const VIEWS: readonly Segment<AppState["view"] | null>[] = [
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
  const { space } = moment;
  const kind = useCellKind(space);
  const exhibit = useApp((state) => (state.exhibit?.space === space.id ? state.exhibit : null));
  const sampled = view === "samples" && !exhibit;
  const choices = exhibit ? exhibit.choices : sampled ? sample.choices : moment.choices;
  // A play is a row of stills: what glided from one sample to the next would be no sample.
  const key = sampled ? (playing ? "play" : `sample ${seed} ${sample.number}`) : (exhibit?.title ?? view);
  return (
    <section
      className={`panel cell ${space.cellKinds.length > 1 ? "of-kinds " : ""}${sampled ? view : exhibit ? "exhibit" : view}`}
      aria-labelledby="cell-title"
    >
      <div className="panel-head">
        <h2 id="cell-title">Cell</h2>
        <KindSwitch space={space} name="cell-kind" />
        {exhibit ? (
          <span className="small muted">
            {exhibit.title}, {exhibit.note}
          </span>
        ) : sampled ? (
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
          value={exhibit ? null : view}
          onChange={(chosen) => chosen && useApp.setState({ view: chosen, exhibit: null })}
        />
      </div>
      <div className={`body ${sampled ? "with-gallery" : ""}`}>
        <div className="large">
          <div className="drawing" ref={ref}>
            {width > 0 && (
              <CellFigure
                moment={moment}
                kind={kind}
                view={exhibit || view === "samples" ? "cell" : view}
                choices={choices}
                subject={key}
                figures={!sampled && !exhibit}
                label={
                  exhibit
                    ? `${exhibit.title}, ${exhibit.note}. ${describeCell(moment, choices)}`
                    : sampled
                      ? `Sample ${sample.number} of seed ${seed}. ${describeCell(moment, choices)}`
                      : describeMoment(moment)
                }
                width={width}
                height={height}
              />
            )}
          </div>
          {sampled && (
            <Suspense fallback={null}>
              <SampleFigures moment={moment} />
            </Suspense>
          )}
        </div>
        {sampled && (
          <Suspense fallback={<div className="gallery-pane" />}>
            <Gallery />
          </Suspense>
        )}
      </div>
      {!sampled && <Reasons moment={moment} />}
      <Architecture space={space} text={sampled || exhibit ? space.format(choices) : moment.architecture} />
    </section>
  );
}

/** The cell in the space's own notation, to read and to copy. */
function Architecture({ space, text }: { space: SearchSpace; text: string }) {
  const [copied, setCopied] = useState(false);
  // Where a line may break.
  const separator = space.rowsAre === "edges" ? "+" : "|";
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
      <code data-testid="architecture" className={space.cellKinds.length > 1 ? "one-line" : ""} title={text}>
        <span className="hidden">Architecture: </span>
        {text.split(separator).map((part, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
          <span key={i}>
            {i > 0 && separator}
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
