import { plain } from "../format";

interface Props {
  readonly ticks: readonly number[];
  /** Height of a value. */
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
}

/** Grid lines of a picture's vertical axis, and their values. */
export function Rungs({ ticks, y, left, right }: Props) {
  return ticks.map((tick) => (
    <g key={tick}>
      <line className="grid" x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
      <text x={left - 6} y={y(tick) + 4} textAnchor="end">
        {plain(tick)}
      </text>
    </g>
  ));
}
