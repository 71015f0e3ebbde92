import type { Choices, NodeSpace } from "../../core/space";
import { polyline } from "../charts/path";
import { fixed } from "../format";
import type { Moment } from "../moment";
import { lookOf } from "../operations";
import { type Focus, hover, lightOf, pin, useFocus } from "../store";
import { type Ink, inputEdges, layoutBlocks, operationRow } from "./blocks";

interface Props {
  moment: Moment;
  space: NodeSpace;
  ink: readonly Ink[];
  choices: Choices;
  /** Whether blocks say P(wins), or the mixing weight, too. */
  figures: boolean;
  width: number;
  height: number;
  /** Radius of a block, px. */
  radius: number;
  /** Width of an edge that is certain, px. */
  thickness: number;
  /** Whether blocks have captions. */
  captions?: boolean;
}

/**
 * The cell of a space whose nodes hold the operations: a ring a block, shared by its operations, and an edge from each input, in the hue
 * that the input has among the rows. Edges that every cell has are grey.
 */
export function BlockCell(props: Props) {
  const { moment, space, ink, choices, figures, width, height, radius, thickness, captions = true } = props;
  const focus = useFocus();
  const { offsets, share } = moment;
  const { nodes, curves } = layoutBlocks(space, width, height, radius);
  const edges = inputEdges(space).map((edge, i) => {
    const drawn = edge.row === null ? null : ink[offsets[edge.row] + edge.candidate];
    const id = edge.row === null ? "" : space.rows[edge.row].choices[edge.candidate];
    return { ...edge, id, drawn, path: polyline(curves[i].points) };
  });
  return (
    <>
      {edges.map(({ from, to, row, id, drawn, path }) => {
        if (row === null || !drawn) {
          const away = focus.row !== null || focus.operation !== null;
          return (
            <path
              key={`${from}-${to}`}
              className={`fixed ${away ? "dim" : ""}`}
              d={path}
              strokeWidth={0.16 * thickness}
            />
          );
        }
        const line = thickness * drawn.amount;
        const look = lookOf(id);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the row's button in the posterior does the same from the keyboard
          <g
            key={`${from}-${to}`}
            className={`strand ${lightOf(focus, row, id)}`}
            style={{ stroke: look.colour, strokeOpacity: drawn.opacity }}
            onPointerMove={() => hover({ row, operation: id })}
            onClick={() => pin({ row, operation: id })}
          >
            {line > 0.15 && (
              <>
                <path d={path} className="reach" strokeWidth={line + 8} />
                {drawn.haze * thickness > 0.4 && (
                  <path d={path} className="veil" strokeWidth={line + 2 * drawn.haze * thickness} />
                )}
                <path d={path} strokeWidth={line} strokeDasharray={line < 3.6 ? look.dash || undefined : undefined} />
                {line >= 3.6 && look.dash && (
                  <path d={path} className="tracer" strokeWidth={1.2} strokeDasharray={look.dash} />
                )}
              </>
            )}
          </g>
        );
      })}
      {nodes.map(([x, y], node) => {
        const row = operationRow(space, node);
        const caption = node === 0 ? "input" : node === space.nodes - 1 ? "output" : `block ${node}`;
        const above = y < height / 2 && node > 0 && row >= 0;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a node is its number
          <g key={node} className="node">
            {row < 0 ? (
              <>
                <circle cx={x} cy={y} r={0.8 * radius} />
                {captions && (
                  <text className="joined" x={x} y={y + 4} textAnchor="middle">
                    {node === 0 ? "in" : "out"}
                  </text>
                )}
              </>
            ) : (
              <Block
                row={row}
                space={space}
                ink={ink.slice(offsets[row], offsets[row + 1])}
                focus={focus}
                x={x}
                y={y}
                radius={radius}
              >
                {captions && lookOf(space.rows[row].choices[choices[row]]).short}
              </Block>
            )}
            {captions && row >= 0 && (
              <text className="caption" x={x} y={above ? y - radius - 6 : y + radius + 14} textAnchor="middle">
                {caption}
                {figures && ` ${fixed(share[offsets[row] + choices[row]], 2)}`}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

interface BlockProps {
  space: NodeSpace;
  row: number;
  ink: readonly Ink[];
  focus: Focus;
  x: number;
  y: number;
  radius: number;
  children: React.ReactNode;
}

/** A block: its ring is shared by the operations, from the top, clockwise. */
function Block({ space, row, ink, focus, x, y, radius, children }: BlockProps) {
  const ring = 0.24 * radius;
  const middle = radius - ring / 2;
  const length = 2 * Math.PI * middle;
  const { choices } = space.rows[row];
  const leading = choices[ink.reduce((best, { amount }, i) => (amount > ink[best].amount ? i : best), 0)];
  let begin = 0;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the row's button in the posterior does the same from the keyboard
    <g
      className={`block ${lightOf({ ...focus, operation: null }, row, "")}`}
      onPointerMove={() => hover({ row, operation: leading })}
      onClick={() => pin({ row, operation: leading })}
    >
      <circle className="disc" cx={x} cy={y} r={radius} />
      {choices.map((id, i) => {
        const part = ink[i].amount * length;
        const from = begin;
        begin += part;
        if (part < 0.3) return null;
        return (
          <circle
            key={id}
            className={`part ${lightOf(focus, row, id)}`}
            cx={x}
            cy={y}
            r={middle}
            style={{ stroke: lookOf(id).colour, strokeWidth: ring }}
            strokeDasharray={`${part} ${length - part}`}
            strokeDashoffset={-from}
            transform={`rotate(-90 ${x} ${y})`}
          />
        );
      })}
      <text x={x} y={y + 4} textAnchor="middle">
        {children}
      </text>
    </g>
  );
}
