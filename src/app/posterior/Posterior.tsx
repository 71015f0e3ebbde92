import { useMemo, useState } from "react";
import { isOfKind, KIND_TITLES, KindSwitch, useCellKind } from "../cell/kinds";
import { timeEnd } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { fixed } from "../format";
import { history, useHistoryVersion, useRecording } from "../history";
import { type Moment, useMoment } from "../moment";
import { edgeName, lookOf } from "../operations";
import { type Segment, Segments } from "../Segments";
import { hover, useFocus } from "../store";
import { TimeAxis, ValueAxis } from "./Axes";
import { bandsOf } from "./bands";
import { Legend } from "./Legend";
import "./posterior.css";
import type { Quantity } from "./quantity";
import { Readout } from "./Readout";
import { Row } from "./Row";
import { DOTS, ridgesOf } from "./ridges";
import { TERMS, winsOf } from "./terms";

/** Widths of the columns beside the two plots, and the gaps, px; as in posterior.css. */
const BESIDE = 64 + 140 + 3 * 14;
const NARROW = 480;
/** Rows are not lower than this, they scroll; and below this height they say less, px. */
const LOWEST = 26;
const COMPACT = 40;

const QUANTITIES = (
  [
    { value: "alpha", label: "α", title: "Architecture parameters α" },
    { value: "mixing", label: "p", title: "Mixing weights p = softmax(α)" },
  ] as const
).map((each): Segment<Quantity> => ({ ...each, spoken: each.title }));

/** The distribution itself: one row an edge. */
export function Posterior() {
  const moment = useMoment();
  const focus = useFocus();
  const version = useHistoryVersion();
  const recording = useRecording();
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const [quantity, setQuantity] = useState<Quantity>("alpha");
  const narrow = width < NARROW;
  const plot = Math.max(0, narrow ? (width - 14) / 2 : (width - BESIDE) / 2);
  const { space } = moment;
  const kind = useCellKind(space);
  const rows = kind.end - kind.first;
  const rowHeight = narrow ? 84 : Math.max(LOWEST, Math.floor(height / rows));
  const compact = rowHeight < COMPACT;
  const plotHeight = narrow ? 58 : rowHeight - 3;
  const ridges = useMemo(() => ridgesOf(moment, quantity, plot, plotHeight), [moment, quantity, plot, plotHeight]);
  const end = timeEnd(recording.steps, recording.settings.steps);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the recording
  const bands = useMemo(
    () => bandsOf(recording, history.run, quantity, end, plot, plotHeight),
    [version, quantity, end, plot, plotHeight],
  );
  const won = space.keptEdges === null ? "P(wins)" : "P(kept)";
  const symbol = quantity === "alpha" ? "α" : "p";

  return (
    <section className="panel posterior" aria-labelledby="posterior-title">
      <div className="panel-head">
        <h2 id="posterior-title">Posterior</h2>
        <KindSwitch space={space} name="posterior-kind" />
        {space.cellKinds.length > 1 && <span className="kind small muted">{KIND_TITLES[kind.name]} cell</span>}
        <Segments label="Quantity" name="quantity" options={QUANTITIES} value={quantity} onChange={setQuantity} />
        <Legend space={space} />
      </div>
      <div className={`heads small muted ${narrow ? "narrow" : ""}`} aria-hidden="true">
        <span>{space.rowsAre === "edges" ? "edge" : "choice"}</span>
        <span
          title={
            moment.scale
              ? `Point at ${space.rowsAre === "edges" ? "an edge" : "a choice"} for ${DOTS} equally likely values of each operation`
              : undefined
          }
        >
          {moment.scale ? `densities of ${symbol} now` : `${symbol} now`}
        </span>
        <span>
          {narrow && `${moment.scale ? won : "mixing weight"} · `}
          {moment.scale ? `${quantity === "alpha" ? "" : "p: "}mean ± σ through time` : `${symbol} through time`}
        </span>
        <span title={moment.scale ? `${winsOf(space)} ${TERMS.signalToNoise}` : TERMS.mixingWeight}>
          {moment.scale ? (
            <>
              {won} <span className="ahead">lead</span>
            </>
          ) : (
            "mixing weight"
          )}
        </span>
      </div>
      <p className="hidden" role="img" aria-label={describe(moment, quantity)} />
      <div
        className={`rows ${narrow ? "narrow" : ""} ${compact ? "compact" : ""}`}
        ref={ref}
        style={{ "--row": `${rowHeight}px` } as React.CSSProperties}
        onPointerLeave={() => hover({})}
      >
        {width > 0 &&
          space.rows.map(
            (each, row) =>
              isOfKind(kind, row) && (
                <Row
                  key={each.name}
                  moment={moment}
                  recording={recording}
                  row={row}
                  focus={focus}
                  ridges={ridges}
                  top={row === kind.first}
                  bands={bands}
                  quantity={quantity}
                  plot={plot}
                  height={plotHeight}
                  compact={compact}
                />
              ),
          )}
        {recording.steps === 0 && <p className="promise small">The means' paths will be drawn here, step by step</p>}
      </div>
      <div className={`axes ${narrow ? "narrow" : ""}`}>
        <ValueAxis x={ridges.x} plot={plot} />
        <TimeAxis bands={bands} plot={plot} changes={recording.changes} />
        <span className="small muted">step</span>
      </div>
      <Readout moment={moment} recording={recording} />
    </section>
  );
}

/** The panel in words. */
function describe(moment: Moment, quantity: Quantity): string {
  const { space, offsets, scale, share, signalToNoise, step } = moment;
  const [centre, spread, what] =
    quantity === "alpha"
      ? [moment.mean, scale, "architecture parameter"]
      : [moment.mixing, scale && moment.spread, "mixing weight"];
  const rows = space.rows.map(({ choices }, row) => {
    const parts = choices.map((operation, choice) => {
      const i = offsets[row] + choice;
      const value = spread ? `${fixed(centre[i], 2)} ± ${fixed(spread[i], 2)}` : fixed(centre[i], 2);
      return `${lookOf(operation).name} ${value}, ${fixed(share[i], 2)}`;
    });
    const lead = signalToNoise ? `; leads by ${fixed(signalToNoise[row], 1)} σ` : "";
    return `${edgeName(space, row)}: ${parts.join("; ")}${lead}`;
  });
  return `Posterior after step ${step}. For each ${space.rowsAre === "edges" ? "edge" : "choice"}, the ${what} of each ${space.rowsAre === "edges" ? "operation" : "candidate"} and its ${scale ? "probability to win" : "mixing weight"}. ${rows.join(". ")}.`;
}
