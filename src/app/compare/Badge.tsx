import { RUN_STYLES } from "./curves";
import type { Group } from "./groups";

/** A run's letter over the line that its curves are drawn with. */
export function Badge({ group, letters }: { group: Group; letters: string }) {
  const { colour, dash, width } = RUN_STYLES[group.style];
  return (
    <span className="badge">
      <b>{letters}</b>
      <svg width="26" height="6" aria-hidden="true">
        <line x1="0" x2="26" y1="3" y2="3" stroke={colour} strokeDasharray={dash} strokeWidth={width} />
      </svg>
    </span>
  );
}
