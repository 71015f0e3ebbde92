import type { Settings } from "../controls";
import type { Feedback, Lesson, Proposal } from "../method";
import { softmaxBackward, softmaxRows } from "../softmax";
import { type EdgeSpace, type Row, rowOffsets } from "../space";
import { type Mixture, PointEstimate } from "./point-estimate";

/**
 * PC-DARTS (Xu et al., "PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search", ICLR 2020): first-order DARTS on
 * a supernet whose operations see one in K channels, which is the engine's affair, with edge normalisation: every edge has a parameter
 * beta, and what comes over it counts with their softmax over the edges into its node,
 *     p[e, o] = softmax(beta)[e] * softmax(alpha[e])[o].
 * Adam learns beta as it learns alpha. Where a space keeps all edges, as NAS-Bench-201 does, beta has no say in what is decided. Where edges
 * compete, p[e, o] tells which are kept: `mean` is then its logarithm, with `none` standing for all that an edge lacks to one.
 *
 * The instant objective knows no channels, and takes operations by their shares of an edge: there every edge counts in full.
 */
export class PcDarts extends PointEstimate {
  readonly id = "pc-darts";
  /** Row of every architecture parameter. */
  private readonly rowOf: readonly number[];
  /** A row for each node, its choices the edges into it, in the order of the edges. */
  private readonly nodes: readonly Row[];
  /** Of `none` in every row, where edges compete. */
  private readonly dropped: readonly number[] | null;

  /**
   * @param alpha initial parameters of operations, `size` scalars, copied
   * @param beta those of edges, one a row, copied
   */
  constructor(
    space: Pick<EdgeSpace, "rows" | "edges" | "keptEdges">,
    settings: Settings,
    alpha: Float64Array,
    beta: Float64Array,
  ) {
    super(space.rows, settings, Float64Array.of(...alpha, ...beta));
    this.rowOf = space.rows.flatMap(({ choices }, row) => choices.map(() => row));
    this.nodes = nodesOf(space);
    const offsets = rowOffsets(space.rows);
    this.dropped =
      space.keptEdges === null ? null : space.rows.map(({ choices }, row) => offsets[row] + choices.indexOf("none"));
  }

  override get mean(): Float64Array {
    const { dropped } = this;
    if (dropped === null) return this.operations;
    const mixing = this.meanMixing;
    const lacking = dropped.map(() => 1);
    for (const [i, row] of this.rowOf.entries()) if (i !== dropped[row]) lacking[row] -= mixing[i];
    return mixing.map((share, i) => {
      const row = this.rowOf[i];
      return Math.log(i === dropped[row] ? Math.max(lacking[row], Number.EPSILON) : share);
    });
  }

  get meanMixing(): Float64Array {
    return this.mixture().mixing;
  }

  override learn(proposals: readonly Proposal[], feedback: readonly Feedback[]): Lesson {
    const { gradient, curvature } = super.learn(proposals, feedback);
    return { gradient: gradient.map((each) => each.slice(0, this.rowOf.length)), curvature };
  }

  protected override mixture(): Mixture {
    const { operations, edges } = this.shares();
    return { alpha: this.operations.slice(), mixing: operations.map((share, i) => share * edges[this.rowOf[i]]) };
  }

  protected override backward(_: Mixture, gradient: Float64Array): Float64Array {
    const { operations, edges } = this.shares();
    const byOperations = gradient.map((g, i) => g * edges[this.rowOf[i]]);
    const byEdges = new Float64Array(edges.length);
    if (this.settings.objective === "supernet") {
      for (const [i, row] of this.rowOf.entries()) byEdges[row] += operations[i] * gradient[i];
    }
    return Float64Array.of(
      ...softmaxBackward(this.rows, operations, byOperations),
      ...softmaxBackward(this.nodes, edges, byEdges),
    );
  }

  /** Parameters of operations. */
  private get operations(): Float64Array {
    return this.alpha.subarray(0, this.rowOf.length);
  }

  /** softmax(alpha) of every row, and softmax(beta) of the edges into every node. */
  private shares(): { operations: Float64Array; edges: Float64Array } {
    const operations = softmaxRows(this.rows, this.operations);
    const beta = this.alpha.subarray(this.rowOf.length);
    const isWhole = this.settings.objective === "instant";
    return { operations, edges: isWhole ? beta.map(() => 1) : softmaxRows(this.nodes, beta) };
  }
}

/** The edges into a node follow each other in every space; a node of another kind of cell starts anew, as its number falls. */
function nodesOf({ rows, edges }: Pick<EdgeSpace, "rows" | "edges">): Row[] {
  const targets = edges.map(([, to]) => to);
  const firsts = targets.flatMap((to, row) => (row === 0 || to !== targets[row - 1] ? [row] : []));
  return firsts.map((first, i) => ({
    name: String(targets[first]),
    choices: rows.slice(first, firsts[i + 1]).map(({ name }) => name),
  }));
}
