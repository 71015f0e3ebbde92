import { DARTS } from "../darts";
import type { Choices, SearchSpace } from "../space";

/**
 * The cell as a `Genotype` in the notation of DARTS (Liu et al., ICLR 2019): pairs of operation and input node, in the order of the
 * edges. NAS-Bench-201 has one kind of cell and sums all edges into a node, so `reduce` is empty and the last node is the output.
 */
export function dartsGenotype(space: SearchSpace, choices: Choices): string {
  if (space === DARTS) return space.format(choices);
  const pairs = choices.map((choice, row) => `('${space.rows[row].choices[choice]}', ${space.edges[row][0]})`);
  return `Genotype(normal=[${pairs.join(", ")}], normal_concat=[${space.nodes - 1}], reduce=[], reduce_concat=[])`;
}

interface ListedEdge {
  readonly from: number;
  readonly to: number;
  readonly operation: string;
}

/** Edges of one kind of cell; where a space drops edges, the kept ones. */
export function edgesOf(space: SearchSpace, choices: Choices, kind: SearchSpace["cellKinds"][number]): ListedEdge[] {
  const edges: ListedEdge[] = [];
  for (let row = kind.first; row < kind.end; row++) {
    const [from, to] = space.edges[row];
    const operation = space.rows[row].choices[choices[row]];
    if (space.keptEdges === null || operation !== "none") edges.push({ from, to, operation });
  }
  return edges;
}

/** The architecture as JSON: the edges of its cells one by one, and its name in the space's notation. */
export function jsonGenotype(space: SearchSpace, choices: Choices): string {
  const { id, nodes, outputs, cellKinds } = space;
  const head = { space: id, architecture: space.format(choices), nodes };
  const cells = cellKinds.map((kind) => [kind.name, edgesOf(space, choices, kind)] as const);
  const content =
    cells.length === 1 ? { ...head, edges: cells[0][1] } : { ...head, concat: outputs, ...Object.fromEntries(cells) };
  return JSON.stringify(content, null, 2);
}
