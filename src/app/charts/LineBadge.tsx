import "./line-badge.css";
import type { RunStyle } from "./style";

/** A letter, if there is one, over the line that its curves are drawn with. */
export function LineBadge({ style: { colour, dash, width }, letters }: { style: RunStyle; letters: string }) {
  return (
    <span className="badge">
      {letters && <b>{letters}</b>}
      <svg width="26" height="6" aria-hidden="true">
        <line x1="0" x2="26" y1="3" y2="3" stroke={colour} strokeDasharray={dash} strokeWidth={width} />
      </svg>
    </span>
  );
}
