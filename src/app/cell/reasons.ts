import { type CellKind, edgesOf, picked } from "../../core/space";
import { fixed, frequency } from "../format";
import type { Moment } from "../moment";
import { edgeName, lookOf, placeOf, shortName } from "../operations";

/** What the two operations that compute nothing do to an edge, in brackets behind their name. */
const EFFECT: Readonly<Record<string, string>> = {
  none: " (no edge)",
  skip_connect: " (identity, no parameters)",
};

type Posterior = Pick<Moment, "space" | "offsets" | "mean" | "scale" | "share" | "choices" | "leaders">;

/** Does the most probable cell drop this edge? */
export function isDropped({ space, choices }: Pick<Moment, "space" | "choices">, row: number): boolean {
  return space.keptEdges !== null && space.rows[row].choices[choices[row]] === "none";
}

/** The candidates that lead a row: one, or as many as it picks, the likeliest first. */
export function leading({ space, offsets, mean, choices, leaders }: Posterior, row: number): number[] {
  if (space.keptEdges !== null) return [leaders[row]];
  return picked(space.rows[row], choices[row]).sort((a, b) => mean[offsets[row] + b] - mean[offsets[row] + a]);
}

/** The operations of an edge but the leading ones, the likeliest first, as indices of choices. Dropping an edge is not among them. */
export function discarded(posterior: Posterior, row: number): number[] {
  const { space, offsets, mean } = posterior;
  const leads = leading(posterior, row);
  return space.rows[row].choices
    .map((_, choice) => choice)
    .filter((choice) => !leads.includes(choice))
    .filter((choice) => space.keptEdges === null || space.rows[row].choices[choice] !== "none")
    .sort((a, b) => mean[offsets[row] + b] - mean[offsets[row] + a]);
}

/** How an operation stands on its edge: "wins 12 in 100 draws", for a point estimate "mixing weight 0.12". */
export function standing({ space, offsets, share, scale }: Posterior, row: number, choice: number): string {
  const value = share[offsets[row] + choice];
  if (!scale) return `mixing weight ${fixed(value, 2)}`;
  const verb = space.keptEdges === null ? "wins" : "kept with it";
  if (value > 0) return `${verb} ${frequency(value)} draws`;
  return space.keptEdges === null ? "never wins" : "never kept with it";
}

/** How far the mean is from that of the leading operation, or the leading one's from the next: "0.31". */
function gapOf({ offsets, mean }: Posterior, row: number, choice: number, rival: number): string {
  const gap = Math.abs(mean[offsets[row] + choice] - mean[offsets[row] + rival]);
  return gap > 0 && gap < 0.005 ? "less than 0.01" : fixed(gap, 2);
}

/** How a discarded operation stands, in figures alone: "12 in 100, 0.31 behind". */
export function brief(posterior: Posterior, row: number, choice: number): string {
  const { offsets, share, scale } = posterior;
  const value = share[offsets[row] + choice];
  const gap = gapOf(posterior, row, choice, leading(posterior, row).at(-1) ?? 0).replace("less than ", "<");
  return `${scale ? frequency(value) : fixed(value, 2)}, ${gap} behind`;
}

/** Why an operation leads on an edge or was discarded, one sentence. */
export function reasonOf(posterior: Posterior, row: number, choice: number): string {
  const { space } = posterior;
  const operations = space.rows[row].choices;
  if (space.keptEdges !== null && operations[choice] === "none") return fateOf(posterior, row, choice);
  const leaders = leading(posterior, row);
  const leads = leaders.includes(choice);
  // Of several that lead, the least is the one to beat.
  const rival = leads ? discarded(posterior, row)[0] : leaders[leaders.length - 1];
  const name = lookOf(operations[choice]).name + (EFFECT[operations[choice]] ?? "");
  const gap = `${posterior.scale ? "mean" : "α"} ${gapOf(posterior, row, choice, rival)} ${leads ? "ahead" : "behind"}`;
  const how = `${standing(posterior, row, choice)}, ${gap}`;
  const other = lookOf(operations[rival]).name;
  const place = placeOf(space, row) + (isDropped(posterior, row) ? ", which is dropped" : "");
  return leads ? `${name} leads ${place}: ${how} of ${other}.` : `${name} lost to ${other} ${place}: ${how}.`;
}

/** Whether an edge is kept, where a node keeps only some; `none` takes weight from the edge's operations, and is never chosen. */
function fateOf(posterior: Posterior, row: number, choice: number): string {
  const { space, offsets, share, scale } = posterior;
  const value = share[offsets[row] + choice];
  const how = scale ? `dropped ${frequency(value)} draws` : `none has mixing weight ${fixed(value, 2)}`;
  const fate = isDropped(posterior, row)
    ? `is dropped: ${space.keptEdges} edges into node ${edgesOf(space)[row][1]} have a stronger operation`
    : "is kept";
  return `${edgeName(space, row)} ${fate}; ${how}.`;
}

/** What it means where `none` or `skip_connect` leads in one kind of cell; null where neither does. */
export function effectsOf(
  { space, choices }: Pick<Moment, "space" | "choices">,
  { first, end }: CellKind = space.cellKinds[0],
): string | null {
  const at = (operation: string) =>
    choices
      .map((choice, row) => ({ choice, row }))
      .slice(first, end)
      .filter(({ choice, row }) => space.rows[row].choices[choice] === operation)
      .map(({ row }) => shortName(space, row));
  const none = space.keptEdges === null ? at("none") : [];
  const skip = at("skip_connect");
  const parts = [
    none.length > 0 && `none on ${none.join(", ")}: no edge.`,
    skip.length > 0 && `skip on ${skip.join(", ")}: passes its node on unchanged, no parameters.`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" ") : null;
}
