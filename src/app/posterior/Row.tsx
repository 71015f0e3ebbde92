import { memo, type PointerEvent } from "react";
import { isDropped } from "../cell/reasons";
import { fixed } from "../format";
import { useCursor } from "../history";
import { type Moment, shareOf } from "../moment";
import { chosenName, edgeName, lookOf, type OperationLook, outcomeOf, shortName } from "../operations";
import type { Recording } from "../recording";
import { type Focus, hover, lightOf, pin, useApp } from "../store";
import type { Bands } from "./bands";
import type { Quantity } from "./quantity";
import type { Ridges } from "./ridges";
import { TERMS } from "./terms";

interface Props {
  moment: Moment;
  recording: Recording;
  row: number;
  focus: Focus;
  ridges: Ridges;
  /** Is it the first on screen, which says what the axes' ends are? */
  top: boolean;
  bands: Bands;
  quantity: Quantity;
  plot: number;
  height: number;
  /** One line of text and a bar have to do. */
  compact: boolean;
}

/** Parts of a bar below this are narrower than the gap between two. */
const SLIVER = 0.008;

/** One edge: its densities now, its means through time, and which operation would win. */
export const Row = memo(function Row(props: Props) {
  const { moment, recording, row, focus, ridges, top, bands, quantity, plot, height, compact } = props;
  const { space, offsets, share, choices, leaders, entropies, signalToNoise } = moment;
  const operations = space.rows[row].choices;
  const looks = operations.map(lookOf);
  const first = offsets[row];
  const best = leaders[row];
  const dropped = isDropped(moment, row);
  const { picks = 1 } = space.rows[row];
  const several = picks > 1;
  // What an edge that is dropped leads by is not the cell's own choice.
  const lead = (key: "name" | "short") => (several ? chosenName(space, row, choices[row], key) : looks[best][key]);
  const leadShare = several ? shareOf(moment, row) : share[first + best];
  const pinned = useApp((state) => state.pinned.row === row);
  const scrubbed = useCursor();
  const cursor = focus.step ?? scrubbed;
  const inRow = focus.row === null || focus.row === row;
  // Where nothing is decided: the prior's mean, or equal mixing weights.
  const open = quantity === "alpha" ? 0 : 1 / operations.length;
  const light = (choice: number) => lightOf(focus, row, operations[choice]);

  const overRidges = (event: PointerEvent<SVGSVGElement>) => {
    const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
    const distances = operations.map((_, choice) => {
      const { base } = ridges.ridges[first + choice];
      return Math.abs(base - 4 - y);
    });
    hover({ row, operation: operations[distances.indexOf(Math.min(...distances))] });
  };
  const overBands = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const end = bands.x.max;
    const along = (event.clientX - box.left - bands.x(0)) / (bands.x(end) - bands.x(0));
    const step = Math.min(recording.steps, Math.max(0, Math.round(along * end)));
    const centres = bands.centreAt(step);
    const y = event.clientY - box.top;
    const distances = operations.map((_, choice) => Math.abs(bands.y(centres[first + choice]) - y));
    hover({ row, step, operation: operations[distances.indexOf(Math.min(...distances))] });
  };

  return (
    <div className={`row ${inRow ? "" : "out"}`} style={{ height: "var(--row)" }}>
      <button
        type="button"
        className="edge"
        aria-pressed={pinned}
        onPointerEnter={() => hover({ row })}
        onFocus={() => hover({ row })}
        onBlur={() => hover({})}
        onClick={() => pin({ row })}
      >
        <span className="hidden">
          {space.rowsAre === "edges" && "Edge "}
          {edgeName(space, row)}
        </span>
        <span aria-hidden="true">{shortName(space, row)}</span>{" "}
        <span className="entropy" title={TERMS.entropy}>
          {fixed(entropies[row], 2)}
          {!compact && " bit"}
        </span>
        <span className="hidden">
          : {dropped && "dropped, "}
          {lead("name")} leads with {fixed(leadShare, 2)}
        </span>
      </button>
      <svg
        className="plot"
        width={plot}
        height={height}
        aria-hidden="true"
        onPointerMove={overRidges}
        onClick={() => pin({ row, operation: focus.operation })}
      >
        <line className="zero" x1={ridges.x(open)} x2={ridges.x(open)} y1={0} y2={height} />
        {looks.map((look, choice) => (
          <Hill
            key={look.id}
            look={look}
            ridge={ridges.ridges[first + choice]}
            className={light(choice)}
            dotted={focus.row === row}
          />
        ))}
      </svg>
      <svg
        className="plot"
        width={plot}
        height={height}
        aria-hidden="true"
        onPointerMove={overBands}
        onClick={() => pin({ row, operation: focus.operation })}
      >
        <line className="zero" x1={4} x2={plot - 4} y1={bands.y(open)} y2={bands.y(open)} />
        {looks.map((look, choice) => (
          <path
            key={look.id}
            className={light(choice)}
            d={bands.bands[first + choice].area}
            fill={look.colour}
            fillOpacity={0.13}
          />
        ))}
        {looks.map((look, choice) => (
          <path
            key={look.id}
            className={`line ${light(choice)}`}
            d={bands.bands[first + choice].line}
            stroke={look.colour}
            strokeDasharray={look.dash || undefined}
          />
        ))}
        {top && <ValueRange bands={bands} plot={plot} compact={compact} />}
        {recording.changes.map((change, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows
          <line key={i} className="edit" x1={bands.x(change.step)} x2={bands.x(change.step)} y1={0} y2={height} />
        ))}
        {cursor !== null && <line className="cursor" x1={bands.x(cursor)} x2={bands.x(cursor)} y1={0} y2={height} />}
      </svg>
      <div className="wins">
        <div className="parts" aria-hidden="true">
          {looks.map((look, choice) => {
            const part = share[first + choice];
            if (part < SLIVER) return null;
            const { short, name } = outcomeOf(space, look.id);
            return (
              <div
                key={look.id}
                className={light(choice)}
                style={{
                  flexGrow: 100 * part,
                  // The draws that drop an edge are no operation of it.
                  ...(name === "dropped"
                    ? { background: "var(--line)", color: "var(--muted)" }
                    : { background: look.colour, color: look.onColour }),
                }}
                onPointerMove={() => hover({ row, operation: look.id })}
                onPointerDown={() => pin({ row, operation: look.id })}
              >
                {part / picks > (compact ? 0.15 * short.length : 0.24) && short}
              </div>
            );
          })}
        </div>
        <p
          className={`lead ${dropped ? "dropped" : ""}`}
          title={dropped ? "The most probable cell drops this edge" : undefined}
        >
          {lead(compact || several ? "short" : "name")} <span className="figure">{fixed(leadShare, 2)}</span>
          {signalToNoise && !several && (
            <span className="ahead" title={TERMS.signalToNoise}>
              {fixed(signalToNoise[row], 1)}σ
            </span>
          )}
        </p>
      </div>
    </div>
  );
});

interface HillProps {
  look: OperationLook;
  ridge: Ridges["ridges"][number];
  className: string;
  dotted: boolean;
}

/** A density; with twenty dots along its foot, each a twentieth of the mass, that can be counted against a rival's. */
function Hill({ look, ridge, className, dotted }: HillProps) {
  return (
    <g className={className}>
      <path d={ridge.area} fill={look.colour} fillOpacity={0.2} />
      <path className="line" d={ridge.outline} stroke={look.colour} strokeDasharray={look.dash || undefined} />
      {!ridge.area && <circle cx={ridge.peak[0]} cy={ridge.peak[1]} r={2.6} fill={look.colour} />}
      {dotted &&
        ridge.dots.map((x, k) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the quantile is the index
          <circle key={k} className="dot" cx={x} cy={ridge.base} r={1.7} fill={look.colour} />
        ))}
    </g>
  );
}

/** What the top and the bottom of the common value axis stand for. */
function ValueRange({ bands: { y }, plot, compact }: { bands: Bands; plot: number; compact: boolean }) {
  return (
    <>
      {[y.max, y.min].map((value) => (
        <text
          key={value}
          className={compact ? "range tight" : "range"}
          x={plot - 4}
          y={value === y.max ? y(value) + (compact ? 5 : 8) : y(value) + (compact ? 2 : 0)}
          textAnchor="end"
        >
          {String(value).replace("-", "−")}
        </text>
      ))}
    </>
  );
}
