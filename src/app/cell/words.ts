import type { Choices } from "../../core/space";
import { fixed } from "../format";
import type { Moment } from "../moment";
import { edgeName, outcomeOf } from "../operations";

/** The drawing of the posterior in words. */
export function describeMoment(moment: Moment): string {
  const { offsets, share, choices, step, scale } = moment;
  const edges = edgesOf(moment, choices).map((edge, row) => `${edge} ${fixed(share[offsets[row] + choices[row]], 2)}`);
  return `Cell after step ${step}. Leading operation of each edge and its ${scale ? "probability to win" : "mixing weight"}: ${edges.join(", ")}.`;
}

/** The drawing of one cell in words. */
export function describeCell(moment: Moment, choices: Choices): string {
  return `Operation of each edge: ${edgesOf(moment, choices).join(", ")}.`;
}

/** Every edge with its operation. */
export function edgesOf({ space }: Moment, choices: Choices): string[] {
  return space.rows.map((row, r) => `${edgeName(space, r)} ${outcomeOf(space, row.choices[choices[r]]).name}`);
}
