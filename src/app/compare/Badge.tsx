import { styleOf } from "./curves";

/** A group's letter, if it has one, over the line that its curves are drawn with. */
export function Badge({ style, letter }: { style: number; letter: string }) {
  const { colour, dash, width } = styleOf(style);
  return (
    <span className="badge">
      {letter && <b>{letter}</b>}
      <svg width="26" height="6" aria-hidden="true">
        <line x1="0" x2="26" y1="3" y2="3" stroke={colour} strokeDasharray={dash} strokeWidth={width} />
      </svg>
    </span>
  );
}
