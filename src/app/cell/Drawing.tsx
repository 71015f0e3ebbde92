import { memo, useMemo } from "react";
import type { CellKind, Choices, SearchSpace } from "../../core/space";
import { polyline } from "../charts/path";
import { fixed } from "../format";
import type { Moment } from "../moment";
import { lookOf } from "../operations";
import { hover, lightOf, pin, useFocus } from "../store";
import { strandPoints } from "./curve";
import { isOfKind } from "./kinds";
import { captionOf, captionX, FEW_EDGES, layoutCell, layoutLabels, NARROW, NODE_RADIUS } from "./layout";
import type { Strand } from "./strands";

interface Props {
  moment: Moment;
  /** The cell to draw. */
  kind: CellKind;
  strands: readonly Strand[];
  /** The operation that labels each edge. */
  choices: Choices;
  /** Whether labels say P(wins), or the mixing weight, too. */
  figures: boolean;
  /** The drawing in words. */
  label: string;
  width: number;
  height: number;
}

/** In less than so much room, px², the labels of many edges would cover each other: that of the edge pointed at stands alone. */
const ROOM_FOR_LABELS = 60_000;

/** Of small, strong text, px. */
const CHARACTER_WIDTH = 6.1;

/** Thickness of a whole bundle, px. */
export function bundleOf({ cellKinds }: SearchSpace, width: number): number {
  if (cellKinds[0].end > FEW_EDGES) return width < NARROW ? 12 : 16;
  return width < NARROW ? 18 : 24;
}

/** The cell as papers draw it: nodes in fixed places, every edge a bundle of its operations. */
export const Drawing = memo(function Drawing({
  moment,
  kind,
  strands: all,
  choices,
  figures,
  label,
  width,
  height,
}: Props) {
  const { space } = moment;
  const focus = useFocus();
  const narrow = width < NARROW;
  const bundle = bundleOf(space, width);
  const many = kind.end - kind.first > FEW_EDGES;
  const brief = narrow || many;
  const crowded = many && width * height < ROOM_FOR_LABELS;
  const strands = useMemo(() => all.filter(({ row }) => isOfKind(kind, row)), [all, kind]);
  const { drawing, labels } = useMemo(() => {
    const drawing = layoutCell(space, width, height);
    const letters = space.rows.flatMap((row) => row.choices.map((id) => lookOf(id)[brief ? "short" : "name"].length));
    const longest = CHARACTER_WIDTH * (Math.max(...letters) + (figures ? " 0.00".length : 0));
    return { drawing, labels: layoutLabels(space, drawing, width, height, bundle, longest) };
  }, [space, width, height, brief, bundle, figures]);
  const paths = useMemo(
    () => strands.map(({ row, offset, bow }) => polyline(strandPoints(drawing.edges[row], offset, bow))),
    [strands, drawing],
  );
  const rows = drawing.edges.map((_, row) => row).filter((row) => isOfKind(kind, row));
  const light = ({ row, operation }: Strand) => lightOf(focus, row, operation);
  const lit = ({ row, operation }: Strand) => focus.row === row && focus.operation === operation;
  const leave = () => hover({});

  return (
    <svg width={width} height={height} role="img" aria-label={label} onPointerLeave={leave}>
      {drawing.output?.lines.map((line, i) => (
        <path key={space.outputs[i]} className="concat" d={polyline(line.points)} />
      ))}
      {rows.map((row) => (
        // A wide invisible line, so that a thin edge can be pointed at.
        // biome-ignore lint/a11y/noStaticElementInteractions: the edge's button in the posterior does the same from the keyboard
        <path
          key={space.rows[row].name}
          className="reach"
          d={polyline(drawing.edges[row].points)}
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
        <Core
          key={`${strand.row}/${strand.operation}`}
          strand={strand}
          path={paths[i]}
          light={light(strand)}
          lit={lit(strand)}
        />
      ))}
      {drawing.nodes.map(([x, y], node) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a node is its number
        <g key={node} className="node">
          <circle cx={x} cy={y} r={NODE_RADIUS} />
          <text x={x} y={y + 4.5} textAnchor="middle">
            {node}
          </text>
          <text className="caption" x={captionX(space, node, x)} y={y + NODE_RADIUS + 15} textAnchor="middle">
            {captionOf(space, node)}
          </text>
        </g>
      ))}
      {drawing.output && (
        <g className="node">
          <circle cx={drawing.output.at[0]} cy={drawing.output.at[1]} r={NODE_RADIUS} />
          <text className="joined" x={drawing.output.at[0]} y={drawing.output.at[1] + 4} textAnchor="middle">
            out
          </text>
        </g>
      )}
      {rows.map((row) => {
        const { at, anchor } = labels[row];
        const operation = space.rows[row].choices[choices[row]];
        // What a dropped edge leads by stands in the posterior.
        if (space.keptEdges !== null && operation === "none") return null;
        if (crowded && focus.row !== row) return null;
        const look = lookOf(operation);
        return (
          <text
            key={space.rows[row].name}
            className={`edge-label ${lightOf({ ...focus, operation: null }, row, "")}`}
            x={at[0]}
            y={at[1]}
            textAnchor={anchor}
          >
            {brief ? look.short : look.name}
            {figures && <tspan className="figure"> {fixed(moment.share[moment.offsets[row] + choices[row]], 2)}</tspan>}
          </text>
        );
      })}
    </svg>
  );
});

/** A strand above this width carries its dash pattern as a centre line; a thinner trace is dashed itself. */
const THICK = 3.6;
/** Width within which a thin trace can be pointed at, px. */
const TRACE_REACH = 5;

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

function Core({ strand, path, light, lit }: StrandProps & { lit: boolean }) {
  const { row, operation, width, opacity } = strand;
  if (width < 0.15) return null;
  const look = lookOf(operation);
  const trace = opacity < 1;
  const thick = width > THICK;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the legend, the edges' buttons and the list of reasons do the same from the keyboard
    <g
      className={`strand ${light}`}
      style={{ stroke: look.colour, strokeOpacity: lit ? 1 : opacity }}
      onPointerMove={() => hover({ row, operation })}
      onClick={() => pin({ row, operation })}
    >
      {trace && <path d={path} className="reach" strokeWidth={TRACE_REACH} />}
      <path
        d={path}
        strokeWidth={width}
        strokeDasharray={operation === "none" ? "1.6 3.4" : trace && !thick ? look.dash || undefined : undefined}
      />
      {thick && look.dash && operation !== "none" && (
        // The operation's dash pattern as a centre line: the second cue beside the hue.
        <path d={path} className="tracer" strokeWidth={1.2} strokeDasharray={look.dash} />
      )}
    </g>
  );
}
