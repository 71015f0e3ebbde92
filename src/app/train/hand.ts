import type { Choices, SearchSpace } from "../../core/space";
import { KIND_TITLES } from "../cell/kinds";

/** Why a choice for every row is no architecture of a space yet; null where it is one. */
export function flawOf(space: SearchSpace, choices: Choices): string | null {
  const { keptEdges, cellKinds, inputs, nodes, rows } = space;
  if (keptEdges === null || space.rowsAre === "nodes") return null;
  for (const { name, first, end } of cellKinds) {
    for (let node = inputs; node < nodes; node++) {
      const into = rows.map((_, row) => row).filter((row) => row >= first && row < end && space.edges[row][1] === node);
      const kept = into.filter((row) => rows[row].choices[choices[row]] !== "none").length;
      if (kept === keptEdges) continue;
      const cell = (KIND_TITLES[name] ?? name).toLowerCase();
      return `Node ${node} of the ${cell} cell keeps ${kept} edge${kept === 1 ? "" : "s"} into it, it has to keep ${keptEdges}.`;
    }
  }
  return null;
}
