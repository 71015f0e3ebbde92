import { fixed, frequency } from "../format";
import type { Moment } from "../moment";
import { edgeName, lookOf } from "../operations";

/** What the two operations that compute nothing do to an edge, in brackets behind their name. */
const EFFECT: Readonly<Record<string, string>> = {
  none: " (no edge)",
  skip_connect: " (identity, no parameters)",
};

type Posterior = Pick<Moment, "space" | "offsets" | "mean" | "scale" | "share" | "choices">;

/** The operations of an edge but the leading one, the likeliest first, as indices of choices. */
export function discarded({ space, offsets, mean, choices }: Posterior, row: number): number[] {
  return space.rows[row].choices
    .map((_, choice) => choice)
    .filter((choice) => choice !== choices[row])
    .sort((a, b) => mean[offsets[row] + b] - mean[offsets[row] + a]);
}

/** How an operation stands on its edge: "wins 12 in 100 draws", for a point estimate "mixing weight 0.12". */
export function standing({ offsets, share, scale }: Posterior, row: number, choice: number): string {
  const value = share[offsets[row] + choice];
  if (!scale) return `mixing weight ${fixed(value, 2)}`;
  return value > 0 ? `wins ${frequency(value)} draws` : "never wins";
}

/** How far the mean is from that of the leading operation, or the leading one's from the next: "0.31". */
function gapOf({ offsets, mean }: Posterior, row: number, choice: number, rival: number): string {
  const gap = Math.abs(mean[offsets[row] + choice] - mean[offsets[row] + rival]);
  return gap > 0 && gap < 0.005 ? "less than 0.01" : fixed(gap, 2);
}

/** How a discarded operation stands, in figures alone: "12 in 100, 0.31 behind". */
export function brief(posterior: Posterior, row: number, choice: number): string {
  const { offsets, share, scale, choices } = posterior;
  const value = share[offsets[row] + choice];
  const gap = gapOf(posterior, row, choice, choices[row]).replace("less than ", "<");
  return `${scale ? frequency(value) : fixed(value, 2)}, ${gap} behind`;
}

/** Why an operation leads on an edge or was discarded, one sentence. */
export function reasonOf(posterior: Posterior, row: number, choice: number): string {
  const { space, choices } = posterior;
  const operations = space.rows[row].choices;
  const leads = choice === choices[row];
  const rival = leads ? discarded(posterior, row)[0] : choices[row];
  const name = lookOf(operations[choice]).name + (EFFECT[operations[choice]] ?? "");
  const gap = `${posterior.scale ? "mean" : "α"} ${gapOf(posterior, row, choice, rival)} ${leads ? "ahead" : "behind"}`;
  const how = `${standing(posterior, row, choice)}, ${gap}`;
  const other = lookOf(operations[rival]).name;
  const edge = edgeName(space.edges[row]);
  return leads ? `${name} leads on ${edge}: ${how} of ${other}.` : `${name} lost to ${other} on ${edge}: ${how}.`;
}

/** What it means where `none` or `skip_connect` leads; null where neither does. */
export function effectsOf({ space, choices }: Pick<Moment, "space" | "choices">): string | null {
  const at = (operation: string) =>
    space.edges.filter((_, row) => space.rows[row].choices[choices[row]] === operation).map(edgeName);
  const [none, skip] = [at("none"), at("skip_connect")];
  const parts = [
    none.length > 0 && `none on ${none.join(", ")}: no edge.`,
    skip.length > 0 && `skip on ${skip.join(", ")}: passes its node on unchanged, no parameters.`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" ") : null;
}
