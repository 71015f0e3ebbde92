import { LineBadge } from "../charts/LineBadge";
import { styleOf } from "./curves";

/** A group's letter, if it has one, over the line that its curves are drawn with. */
export function Badge({ style, letter }: { style: number; letter: string }) {
  return <LineBadge style={styleOf(style)} letters={letter} />;
}
