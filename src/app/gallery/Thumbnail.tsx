import { memo } from "react";
import type { Choices, NodeSpace } from "../../core/space";
import { BlockCell } from "../cell/BlockCell";
import { chosenInk } from "../cell/blocks";
import { strandPoints } from "../cell/curve";
import { isOfKind, useCellKind } from "../cell/kinds";
import { layoutCell } from "../cell/layout";
import { cellStrands } from "../cell/strands";
import { polyline } from "../charts/path";
import type { Moment } from "../moment";
import { lookOf } from "../operations";

/** Size in which it is drawn, px; it is scaled to the room there is. */
const [WIDTH, HEIGHT] = [220, 116];
/** Strokes are drawn so much thicker than in the large drawing, to hold up when they are scaled down. */
const THICKER = 1.5;

/** The drawing of a cell, small: the same arrangement, without words. */
export const Thumbnail = memo(
  function Thumbnail({ moment, choices }: { moment: Moment; choices: Choices }) {
    const { space } = moment;
    const kind = useCellKind(space);
    if (space.rowsAre === "nodes") return <SmallBlocks moment={moment} space={space} choices={choices} />;
    const { nodes, edges } = layoutCell(space, WIDTH, HEIGHT);
    return (
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {cellStrands(moment, choices)
          .filter(({ row, width }) => width > 0 && isOfKind(kind, row))
          .map(({ row, operation, offset, bow, width }) => {
            const look = lookOf(operation);
            const d = polyline(strandPoints(edges[row], offset, bow));
            return (
              <g key={row} className="strand">
                <path
                  d={d}
                  stroke={look.colour}
                  strokeWidth={THICKER * width}
                  strokeDasharray={operation === "none" ? "3 6" : undefined}
                />
                {width > 3 && look.dash && (
                  <path d={d} className="tracer" strokeWidth={2} strokeDasharray={look.dash} />
                )}
              </g>
            );
          })}
        {nodes.map(([x, y]) => (
          <g key={`${x} ${y}`} className="node">
            <circle cx={x} cy={y} r={9} strokeWidth={2.5} />
          </g>
        ))}
      </svg>
    );
  },
  (before, after) => before.moment.space === after.moment.space && before.choices.join() === after.choices.join(),
);

function SmallBlocks({ moment, space, choices }: { moment: Moment; space: NodeSpace; choices: Choices }) {
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <BlockCell
        moment={moment}
        space={space}
        ink={chosenInk(moment, choices)}
        choices={choices}
        figures={false}
        width={WIDTH}
        height={HEIGHT}
        radius={14}
        thickness={7}
        captions={false}
      />
    </svg>
  );
}
