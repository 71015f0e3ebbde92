import { DARTS } from "../darts";
import { oneShotOf } from "../nasbench1shot1";
import { queryOf } from "../nasbench101";
import type { Choices, EdgeSpace, NodeSpace, SearchSpace } from "../space";

/**
 * The cell as a `Genotype` in the notation of DARTS (Liu et al., ICLR 2019): pairs of operation and input node, in the order of the
 * edges. NAS-Bench-201 has one kind of cell and sums all edges into a node, so `reduce` is empty and the last node is the output.
 */
export function dartsGenotype(space: EdgeSpace, choices: Choices): string {
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
export function listedEdges(space: EdgeSpace, choices: Choices, kind: EdgeSpace["cellKinds"][number]): ListedEdge[] {
  const edges: ListedEdge[] = [];
  for (let row = kind.first; row < kind.end; row++) {
    const [from, to] = space.edges[row];
    const operation = space.rows[row].choices[choices[row]];
    if (space.keptEdges === null || operation !== "none") edges.push({ from, to, operation });
  }
  return edges;
}

/**
 * The architecture as JSON: the edges of its cells one by one, or its nodes with their operations and inputs, and its name in the space's
 * notation.
 */
export function jsonGenotype(space: SearchSpace, choices: Choices): string {
  const { id, nodes } = space;
  const head = { space: id, architecture: space.format(choices), nodes };
  const body = space.rowsAre === "edges" ? edgeLists(space, choices) : nodeLists(space, choices);
  return JSON.stringify({ ...head, ...body }, null, 2);
}

function edgeLists(space: EdgeSpace, choices: Choices) {
  const cells = space.cellKinds.map((kind) => [kind.name, listedEdges(space, choices, kind)] as const);
  return cells.length === 1 ? { edges: cells[0][1] } : { concat: space.outputs, ...Object.fromEntries(cells) };
}

function nodeLists(space: NodeSpace, choices: Choices) {
  const blocks = space.rows.flatMap(({ kind, node, choices: operations }, row) =>
    kind === "operation" ? [{ node, operation: operations[choices[row]], inputs: space.sources(node, choices) }] : [],
  );
  const cell = oneShotOf(space)?.toCell(choices);
  return {
    blocks,
    output: space.sources(space.nodes - 1, choices),
    ...(cell && { nasbench101: queryOf(cell) }),
  };
}
