import { type SpreadTerm, TERM, type Term } from "./kernels";
import { type Context, learnsMixing } from "./layer";
import type { Tensor } from "./program";

/** A candidate operation of an edge, as a term of its target node. */
export interface Candidate {
  readonly from: number;
  readonly to: number;
  /** Index among all mixing weights. */
  readonly choice: number;
  readonly term: Term;
  /** Whether no other edge shares its source, so that dL/dz may take its place. */
  readonly isOwn: boolean;
}

/** A term of the whole of a tensor, unless a part is given. */
export function termOf(kind: number, source: Tensor, weight: number, part: Partial<Term> = {}): Term {
  const { offset, vectors } = source;
  const whole = { source: offset, sourceVectors: vectors, first: 0, stats: -1, sums: -1, to: 0, count: vectors };
  return { kind, weight, ...whole, ...part };
}

/** The same of a gradient. */
export function spreadOf(kind: number, dy: Tensor, weight: number, part: Partial<SpreadTerm> = {}): SpreadTerm {
  const { offset, vectors } = dy;
  return { kind, weight, dy: offset, dyVectors: vectors, first: 0, to: 0, count: vectors, ...part };
}

/** A term of a batch norm's input, xhat, of so many vectors from `first` on. */
export function normalisedTerm(z: Tensor, stats: number, first: number, count: number, weight: number): Term {
  return termOf(TERM.normalised, z, weight, { first, stats: stats + 8 * first, count });
}

export function termsOf(candidates: readonly Candidate[]): Term[] {
  return candidates.map(({ term }) => term);
}

/**
 * Adds a node's part in dL/dp, whose places go to `sums` by mixing weight, and turns the candidates' own outputs into their gradients.
 * @param candidates all that lead into the node
 * @param gradient dL/dy of the node
 * @param isWanted whether anybody needs the gradients of candidates that read a node: where not, they serve dL/dp alone
 */
export function nodeBackward(
  context: Context,
  candidates: readonly Candidate[],
  gradient: Tensor,
  isWanted: (node: number) => boolean,
  sums: number[],
): void {
  const { program, pass, regions, mixingSums } = context;
  const { offset: dy, side, vectors } = gradient;
  const reduced = candidates.filter(({ isOwn }) => learnsMixing(context) || isOwn);
  if (reduced.length === 0) return;
  const channels = 4 * vectors;
  const totals = program.arena.take(channels * (1 + reduced.length));
  const withSums = reduced.map((candidate, i) => {
    const own = totals + channels * (1 + i);
    sums[candidate.choice] = own;
    return { ...candidate, term: { ...candidate.term, sums: own } };
  });
  const reduction = { dy, side, vectors, totals };
  program.addTerms("nodeReduce", reduction, termsOf(withSums));
  if (pass === "examples") {
    const { mixing, examples } = regions;
    // Cells of a kind share their mixing weights: the last one comes first and sets what the others add to.
    const isKnown = mixingSums.some((list) => withSums.some(({ choice }) => list[1 + choice] >= 0));
    program.addTerms("examples", { dy, side, vectors, mixing, out: examples, add: isKnown ? 1 : 0 }, termsOf(withSums));
  }
  const mapped = withSums.filter(({ isOwn, from }) => isOwn && isWanted(from));
  if (mapped.length > 0) program.addTerms("nodeMap", reduction, termsOf(mapped));
  // Sums that dL/dp needs stay until the program ends.
  if (!learnsMixing(context)) program.arena.free(totals, channels * (1 + reduced.length));
}
