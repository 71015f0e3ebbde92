import { LineBadge } from "../charts/LineBadge";
import { RUN_STYLES } from "../charts/style";
import type { Group } from "./groups";

/** A run's letter over the line that its curves are drawn with. */
export function Badge({ group, letters }: { group: Group; letters: string }) {
  return <LineBadge style={RUN_STYLES[group.style]} letters={letters} />;
}
