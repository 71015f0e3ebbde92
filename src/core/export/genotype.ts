import type { Choices, SearchSpace } from "../space";

/**
 * The cell as a `Genotype` in the notation of DARTS (Liu et al., ICLR 2019): pairs of operation and input node, in the order of the
 * edges. NAS-Bench-201 has one kind of cell and sums all edges into a node, so `reduce` is empty and the last node is the output.
 */
export function dartsGenotype(space: SearchSpace, choices: Choices): string {
  const pairs = choices.map((choice, row) => `('${space.rows[row].choices[choice]}', ${space.edges[row][0]})`);
  return `Genotype(normal=[${pairs.join(", ")}], normal_concat=[${space.nodes - 1}], reduce=[], reduce_concat=[])`;
}

/** The cell as JSON: its edges one by one, and its name in the space's notation. */
export function jsonGenotype(space: SearchSpace, choices: Choices): string {
  const edges = choices.map((choice, row) => {
    const [from, to] = space.edges[row];
    return { from, to, operation: space.rows[row].choices[choice] };
  });
  return JSON.stringify({ space: space.id, architecture: space.format(choices), nodes: space.nodes, edges }, null, 2);
}
