import type { Choices } from "../../core/space";
import { fixed } from "../format";
import { type Moment, shareOf } from "../moment";
import { chosenName, edgeName } from "../operations";

/** The drawing of the posterior in words. */
export function describeMoment(moment: Moment): string {
  const { space, choices, step, scale } = moment;
  const edges = edgesOf(moment, choices).map((edge, row) => `${edge} ${fixed(shareOf(moment, row), 2)}`);
  return `Cell after step ${step}. Leading ${space.rowsAre === "edges" ? "operation of each edge" : "operation or inputs of each node"} and its ${scale ? "probability to win" : "mixing weight"}: ${edges.join(", ")}.`;
}

/** The drawing of one cell in words. */
export function describeCell(moment: Moment, choices: Choices): string {
  return `${moment.space.rowsAre === "edges" ? "Operation of each edge" : "Operation or inputs of each node"}: ${edgesOf(moment, choices).join(", ")}.`;
}

/** Every edge with its operation. */
export function edgesOf({ space }: Moment, choices: Choices): string[] {
  return choices.map((choice, row) => `${edgeName(space, row)} ${chosenName(space, row, choice)}`);
}
