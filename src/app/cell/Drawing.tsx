import { memo, useMemo } from "react";
import { polyline } from "../charts/path";
import { fixed } from "../format";
import type { Moment } from "../moment";
import { edgeName, lookOf } from "../operations";
import { hover, lightOf, pin, useFocus } from "../store";
import { layoutCell, NARROW, strandPoints } from "./layout";
import { type Strand, strandsOf } from "./strands";

interface Props {
  moment: Moment;
  /** 0 the most probable cell, 1 the bundles. */
  view: number;
  width: number;
  height: number;
}

const NODE_RADIUS = 17;

/** The cell as papers draw it: nodes in fixed places, every edge a bundle of its operations. */
export const Drawing = memo(function Drawing({ moment, view, width, height }: Props) {
  const { space } = moment;
  const focus = useFocus();
  const drawing = useMemo(() => layoutCell(space, width, height), [space, width, height]);
  const narrow = width < NARROW;
  const bundle = narrow ? 18 : 24;
  const strands = useMemo(() => strandsOf(moment, view, bundle), [moment, view, bundle]);
  const paths = useMemo(
    () => strands.map(({ row, offset, bow }) => polyline(strandPoints(drawing.edges[row], offset, bow))),
    [strands, drawing],
  );
  const light = ({ row, operation }: Strand) => lightOf(focus, row, operation);
  const leave = () => hover({});

  return (
    <svg width={width} height={height} role="img" aria-label={describe(moment)} onPointerLeave={leave}>
      {drawing.edges.map((edge, row) => (
        // A wide invisible line, so that a thin edge can be pointed at.
        // biome-ignore lint/a11y/noStaticElementInteractions: the edge's button in the posterior does the same from the keyboard
        <path
          key={space.rows[row].name}
          className="reach"
          d={polyline(edge.points)}
          strokeWidth={bundle + 14}
          onPointerMove={() => hover({ row })}
          onClick={() => pin({ row })}
        />
      ))}
      {/* All haze lies below all strands, so that a decided strand stays crisp. */}
      {strands.map((strand, i) => (
        <Haze key={`${strand.row}/${strand.operation}`} strand={strand} path={paths[i]} light={light(strand)} />
      ))}
      {strands.map((strand, i) => (
        <Core key={`${strand.row}/${strand.operation}`} strand={strand} path={paths[i]} light={light(strand)} />
      ))}
      {drawing.nodes.map(([x, y], node) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a node is its number
        <g key={node} className="node">
          <circle cx={x} cy={y} r={NODE_RADIUS} />
          <text x={x} y={y + 4.5} textAnchor="middle">
            {node}
          </text>
          {(node === 0 || node === space.nodes - 1) && (
            <text className="caption" x={x} y={y + NODE_RADIUS + 15} textAnchor="middle">
              {node === 0 ? "input" : "output"}
            </text>
          )}
        </g>
      ))}
      {drawing.edges.map((edge, row) => {
        const { choices } = space.rows[row];
        const choice = moment.choices[row];
        const look = lookOf(choices[choice]);
        return (
          <text
            key={space.rows[row].name}
            className={`edge-label ${lightOf({ ...focus, operation: null }, row, "")}`}
            x={edge.label.at[0]}
            y={edge.label.at[1]}
            textAnchor={edge.label.anchor}
          >
            {narrow ? look.short : look.name}{" "}
            <tspan className="figure">{fixed(moment.share[moment.offsets[row] + choice], 2)}</tspan>
          </text>
        );
      })}
    </svg>
  );
});

interface StrandProps {
  strand: Strand;
  path: string;
  /** Class of its light. */
  light: string;
}

/** The softness of a strand: as wide as its mixing weight is uncertain. */
function Haze({ strand: { operation, width, haze }, path, light }: StrandProps) {
  if (haze < 0.4 || width < 0.15) return null;
  return (
    <g className={`haze ${light}`} style={{ stroke: lookOf(operation).colour }}>
      <path d={path} strokeWidth={width + 2 * haze} />
      <path d={path} strokeWidth={width + haze} />
    </g>
  );
}

function Core({ strand: { row, operation, width }, path, light }: StrandProps) {
  if (width < 0.15) return null;
  const look = lookOf(operation);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the legend and the edges' buttons do the same from the keyboard
    <g
      className={`strand ${light}`}
      style={{ stroke: look.colour }}
      onPointerMove={() => hover({ row, operation })}
      onClick={() => pin({ row, operation })}
    >
      <path d={path} strokeWidth={width} strokeDasharray={operation === "none" ? "1.6 3.4" : undefined} />
      {width > 3.6 && look.dash && operation !== "none" && (
        // The operation's dash pattern as a centre line: the second cue beside the hue.
        <path d={path} className="tracer" strokeWidth={1.2} strokeDasharray={look.dash} />
      )}
    </g>
  );
}

/** The drawing in words. */
function describe(moment: Moment): string {
  const { space, offsets, share, choices } = moment;
  const edges = space.rows.map(({ choices: operations }, row) => {
    const { name } = lookOf(operations[choices[row]]);
    return `${edgeName(space.edges[row])} ${name} ${fixed(share[offsets[row] + choices[row]], 2)}`;
  });
  return `Cell after step ${moment.step}. Leading operation of each edge and its ${moment.scale ? "probability to win" : "mixing weight"}: ${edges.join(", ")}.`;
}
