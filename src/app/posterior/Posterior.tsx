import { useMemo } from "react";
import { timeEnd } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { fixed } from "../format";
import { useHistoryVersion, useRecording } from "../history";
import { type Moment, useMoment } from "../moment";
import { edgeName, lookOf } from "../operations";
import { hover, useFocus } from "../store";
import { TimeAxis, ValueAxis } from "./Axes";
import { bandsOf } from "./bands";
import { Legend } from "./Legend";
import "./posterior.css";
import { Readout } from "./Readout";
import { Row } from "./Row";
import { ridgesOf } from "./ridges";

/** Widths of the columns beside the two plots, and the gaps, px; as in posterior.css. */
const BESIDE = 64 + 140 + 3 * 14;
const NARROW = 480;

/** The distribution itself: one row an edge. */
export function Posterior() {
  const moment = useMoment();
  const focus = useFocus();
  const version = useHistoryVersion();
  const recording = useRecording();
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const narrow = width < NARROW;
  const plot = Math.max(0, narrow ? (width - 14) / 2 : (width - BESIDE) / 2);
  const rows = moment.space.rows.length;
  const rowHeight = narrow ? 84 : Math.max(26, Math.floor(height / rows));
  const plotHeight = narrow ? 58 : rowHeight - 3;
  const ridges = useMemo(() => ridgesOf(moment, plot, plotHeight), [moment, plot, plotHeight]);
  const end = timeEnd(recording.steps, recording.settings.steps);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the recording
  const bands = useMemo(() => bandsOf(recording, end, plot, plotHeight), [version, end, plot, plotHeight]);

  return (
    <section className="panel posterior" aria-labelledby="posterior-title">
      <div className="panel-head">
        <h2 id="posterior-title">Posterior</h2>
        <Legend space={moment.space} />
      </div>
      <div className={`heads small muted ${narrow ? "narrow" : ""}`} aria-hidden="true">
        <span>edge</span>
        <span>{moment.scale ? "densities of α now" : "α now"}</span>
        <span>
          {narrow && `${moment.scale ? "P(wins)" : "mixing weight"} · `}
          {moment.scale ? "mean ± σ through time" : "α through time"}
        </span>
        <span>{moment.scale ? "P(wins)" : "mixing weight"}</span>
      </div>
      <p className="hidden" role="img" aria-label={describe(moment)} />
      <div
        className={`rows ${narrow ? "narrow" : ""}`}
        ref={ref}
        style={{ "--row": `${rowHeight}px` } as React.CSSProperties}
        onPointerLeave={() => hover({})}
      >
        {width > 0 &&
          moment.space.rows.map((each, row) => (
            <Row
              key={each.name}
              moment={moment}
              recording={recording}
              row={row}
              focus={focus}
              ridges={ridges}
              bands={bands}
              plot={plot}
              height={plotHeight}
            />
          ))}
        {recording.steps === 0 && <p className="promise small">The means' paths will be drawn here, step by step</p>}
      </div>
      <div className={`axes ${narrow ? "narrow" : ""}`}>
        <ValueAxis reach={ridges.reach} plot={plot} />
        <TimeAxis bands={bands} plot={plot} changes={recording.changes} />
        <span className="small muted">step</span>
      </div>
      <Readout moment={moment} recording={recording} />
    </section>
  );
}

/** The panel in words. */
function describe({ space, offsets, mean, scale, share, step }: Moment): string {
  const rows = space.rows.map(({ choices }, row) => {
    const parts = choices.map((operation, choice) => {
      const i = offsets[row] + choice;
      const value = scale ? `${fixed(mean[i], 2)} ± ${fixed(scale[i], 2)}` : fixed(mean[i], 2);
      return `${lookOf(operation).name} ${value}, ${fixed(share[i], 2)}`;
    });
    return `${edgeName(space.edges[row])}: ${parts.join("; ")}`;
  });
  return `Posterior after step ${step}. For each edge, the architecture parameter of each operation and its ${scale ? "probability to win" : "mixing weight"}. ${rows.join(". ")}.`;
}
