import { BlockCell } from "../cell/BlockCell";
import { chosenInk } from "../cell/blocks";
import { strandPoints } from "../cell/curve";
import { isOfKind, useCellKind } from "../cell/kinds";
import { layoutCell, NARROW } from "../cell/layout";
import { cellStrands } from "../cell/strands";
import { edgesOf } from "../cell/words";
import { polyline } from "../charts/path";
import type { Moment } from "../moment";
import { lookOf } from "../operations";
import { hover, lightOf, useFocus } from "../store";

const RADIUS = 12;

interface Props {
  moment: Moment;
  width: number;
  height: number;
}

/** The most probable cell at a size for several side by side: the operation's name stands on its edge. */
export function SmallCell(props: Props) {
  const { moment, width, height } = props;
  const { space } = moment;
  if (space.rowsAre === "edges") return <SmallEdges {...props} />;
  return (
    <svg width={width} height={height} role="img" aria-label={nameOf(moment)} onPointerLeave={() => hover({})}>
      <BlockCell
        {...props}
        space={space}
        ink={chosenInk(moment, moment.choices)}
        choices={moment.choices}
        figures={false}
        radius={15}
        thickness={6}
      />
    </svg>
  );
}

const nameOf = (moment: Moment) => `Most probable cell: ${edgesOf(moment, moment.choices).join(", ")}.`;

function SmallEdges({ moment, width, height }: Props) {
  const { space } = moment;
  const kind = useCellKind(space);
  const focus = useFocus();
  const drawing = layoutCell(space, Math.min(width, NARROW - 1), height);
  const strands = cellStrands(moment, moment.choices).filter(({ row, width }) => width > 0 && isOfKind(kind, row));
  return (
    <svg width={width} height={height} role="img" aria-label={nameOf(moment)} onPointerLeave={() => hover({})}>
      {strands.map(({ row, operation, width: thickness, offset, bow }) => {
        const { colour, dash } = lookOf(operation);
        const path = polyline(strandPoints(drawing.edges[row], offset, bow));
        return (
          <g
            key={row}
            className={`strand ${lightOf(focus, row, operation)}`}
            style={{ stroke: colour }}
            onPointerMove={() => hover({ row, operation })}
          >
            <path d={path} strokeWidth={thickness} strokeDasharray={operation === "none" ? "1.6 3.4" : undefined} />
            {thickness > 3.6 && dash && <path d={path} className="tracer" strokeWidth={1.2} strokeDasharray={dash} />}
          </g>
        );
      })}
      {drawing.nodes.map(([x, y], node) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a node is its number
        <g key={node} className="node">
          <circle cx={x} cy={y} r={RADIUS} />
          <text x={x} y={y + 4} textAnchor="middle">
            {node}
          </text>
        </g>
      ))}
      {strands.map(({ row, operation, offset, bow }) => {
        const points = strandPoints(drawing.edges[row], offset, bow);
        const [x, y] = points[points.length >> 1];
        return (
          <text key={row} className="edge-label" x={x} y={y + 4} textAnchor="middle">
            {lookOf(operation).short}
          </text>
        );
      })}
    </svg>
  );
}
