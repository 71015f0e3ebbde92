import { applications, type DartsEdge, SEPARABLE } from "../darts";
import { type Reduction, reductions } from "./factorised";
import { type SpreadTerm, TERM, type Term, WINDOW } from "./kernels";
import { type Context, keeps, type Norm, normBackward, plainNorm, releaseNorm, statistics, windowOf } from "./layer";
import { type Candidate, normalisedTerm, spreadOf, termOf } from "./node";
import type { Tensor } from "./program";
import { chain, chainBackward, releaseChain } from "./separable";

/** A pool that all edges of a node share, normalised without scale and offset. */
interface Pool {
  readonly operation: string;
  readonly kind: number;
  readonly norm: Norm;
  /** Of a max pool, see `windows` in kernels.ts. */
  readonly winners: Tensor | undefined;
}

const POOLS: Readonly<Record<string, number>> = { max_pool_3x3: WINDOW.max, avg_pool_3x3: WINDOW.mean };

/** All candidates that read one node of a DARTS cell; their forward entries were added. */
export interface Fan {
  readonly candidates: readonly Candidate[];
  /**
   * Adds the backward entries to a new dL/dx. The candidates' own sources hold dL/dz.
   * @param gradients dL/dy of the nodes by their number
   */
  backward(gradients: readonly (Tensor | undefined)[]): Tensor;
  release(): void;
}

/** Adds the candidates of the edges that leave one node. */
export function fanOut(
  context: Context,
  cell: string,
  edges: readonly DartsEdge[],
  x: Tensor,
  channels: number,
  stride: 1 | 2,
): Fan {
  const { program } = context;
  const having = (operation: string) => edges.filter(({ row }) => row.choices.includes(operation));
  const namesOf = (operation: string) => having(operation).map(({ row }) => `${cell}/${row.name}/${operation}`);

  const pools = Object.keys(POOLS).flatMap((operation) => {
    return having(operation).length > 0 ? [poolOf(context, operation, x, stride)] : [];
  });
  const skips = stride === 2 && having("skip_connect").length > 0 ? namesOf("skip_connect") : [];
  const reduced = skips.length > 0 ? reducedSkips(context, skips, x, channels) : undefined;
  const chains = [1, 2].flatMap((times) => {
    const operations = Object.entries(SEPARABLE).filter(
      ([operation, own]) => own.times === times && having(operation).length > 0,
    );
    if (operations.length === 0) return [];
    const kernels = operations.map(([operation, own]) => ({ ...own, names: namesOf(operation) }));
    const made = chain(context, kernels, applications(operations[0][1]), x, stride);
    return [{ chain: made, names: kernels.flatMap(({ names }) => names) }];
  });

  const candidates = edges.flatMap(({ from, to, row, offset }) =>
    row.choices.flatMap((operation, o): Candidate[] => {
      if (operation === "none") return [];
      const choice = offset + o;
      const weight = context.regions.mixing + choice;
      const name = `${cell}/${row.name}/${operation}`;
      const normalised = (z: Tensor, stats: number, first: number) =>
        normalisedTerm(z, stats, first, x.vectors, weight);
      const candidate = (term: Term, isOwn: boolean) => [{ from, to, choice, term, isOwn }];
      const pool = pools.find((other) => other.operation === operation);
      if (pool) return candidate(normalised(pool.norm.z, pool.norm.stats, 0), false);
      if (reduced && skips.includes(name)) {
        return candidate(normalised(reduced.made.z, reduced.stats, x.vectors * skips.indexOf(name)), true);
      }
      for (const { chain: made, names } of chains) {
        if (names.includes(name))
          return candidate(normalised(made.z, made.stats, x.vectors * names.indexOf(name)), true);
      }
      return candidate(termOf(TERM.identity, x, weight), false);
    }),
  );

  return {
    candidates,
    backward(gradients) {
      const spread = (y: Tensor, isMeant: (term: Term) => boolean) => {
        const terms = candidates.flatMap(({ term, to }): SpreadTerm[] => {
          const dy = gradients[to];
          return isMeant(term) && dy ? [spreadOf(TERM.identity, dy, term.weight)] : [];
        });
        program.addSpread({ dx: y.offset, side: y.side, vectors: y.vectors, mask: -1 }, terms);
      };
      const dx = program.tensor(x.side, x.vectors);
      spread(dx, ({ kind }) => kind === TERM.identity);
      for (const { kind, norm, winners } of pools) {
        const dy = program.tensor(norm.z.side, norm.vectors);
        spread(dy, ({ source }) => source === norm.z.offset);
        normBackward(context, norm, dy);
        program.release(dy);
        program.add("windowsData", {
          ...windowOf(kind, stride, x, norm.z, winners),
          dy: norm.z.offset,
          dx: dx.offset,
          add: 1,
          weight: -1,
        });
      }
      reduced?.made.backward(dx, true);
      for (const { chain: made } of chains) chainBackward(context, made, dx);
      return dx;
    },
    release() {
      for (const { norm, winners } of pools) {
        releaseNorm(context, norm);
        program.release(norm.z);
        if (keeps(context) && winners) program.release(winners);
      }
      if (reduced) {
        program.arena.free(reduced.stats, 8 * reduced.made.z.vectors);
        program.release(reduced.made.z);
        if (keeps(context)) reduced.made.release();
      }
      for (const { chain: made } of chains) releaseChain(context, made);
    },
  };
}

function poolOf(context: Context, operation: string, x: Tensor, stride: number): Pool {
  const { program } = context;
  const kind = POOLS[operation];
  const z = program.tensor(Math.ceil(x.side / stride), x.vectors);
  const winners = kind === WINDOW.max ? program.tensor(z.side, z.vectors) : undefined;
  program.add("windows", { ...windowOf(kind, stride, x, z, winners), x: x.offset, y: z.offset });
  if (!keeps(context) && winners) program.release(winners);
  return { operation, kind, norm: plainNorm(context, z), winners };
}

function reducedSkips(
  context: Context,
  names: readonly string[],
  x: Tensor,
  channels: number,
): { made: Reduction; stats: number } {
  const made = reductions(context, names, x, channels);
  return { made, stats: statistics(context, made.z) };
}
