import { applications, type DartsEdge, SEPARABLE } from "../darts";
import { reductions } from "./factorised";
import { type SpreadTerm, TERM, WINDOW } from "./kernels";
import { type Context, cellNorm, keeps, type Norm, normBackward, plainNorm, releaseNorm, windowOf } from "./layer";
import { type Candidate, normalisedTerm, spreadOf, termOf } from "./node";
import type { Tensor } from "./program";
import { chain, chainBackward, type Kernel, releaseChain } from "./separable";

/** A pool that all edges of a node share. */
interface Pool {
  readonly operation: string;
  readonly kind: number;
  readonly z: Tensor;
  /** Without scale and offset; a discrete network's pools are not normalised. */
  readonly norm: Norm | undefined;
  /** Of a max pool, see `windows` in kernels.ts. */
  readonly winners: Tensor | undefined;
}

/** Convolutions whose outputs lie side by side in one tensor. */
interface Convolutions {
  /** Of their candidates. */
  readonly names: readonly string[];
  readonly norm: Norm;
  /** Adds the backward entries, from dL/dz in the place of z, and adds to dx. */
  backward(dx: Tensor): void;
  release(): void;
}

const POOLS: Readonly<Record<string, number>> = { max_pool_3x3: WINDOW.max, avg_pool_3x3: WINDOW.mean };

/** A convolution of a discrete network: its node adds the affine norm of its output to the terms of the candidates. */
interface Branch {
  readonly to: number;
  readonly norm: Norm;
}

/** All candidates that read one node of a DARTS cell; their forward entries were added. */
export interface Fan {
  readonly candidates: readonly Candidate[];
  readonly branches: readonly Branch[];
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

  const isDiscrete = context.running !== undefined;
  // A supernet's convolutions share what they can. A discrete network has few, and its norms are added to nodes as whole tensors.
  const grouped = <T>(all: readonly T[]): (readonly T[])[] =>
    isDiscrete ? all.map((one) => [one]) : all.length > 0 ? [all] : [];

  const pools = Object.keys(POOLS).flatMap((operation) => {
    return having(operation).length > 0 ? [poolOf(context, operation, x, stride)] : [];
  });
  const skips = grouped(stride === 2 ? namesOf("skip_connect") : []).map((names) =>
    reducedSkips(context, names, x, channels),
  );
  const chains = [1, 2].flatMap((times) => {
    const kernels = Object.entries(SEPARABLE).flatMap(([operation, own]) =>
      own.times === times ? grouped(namesOf(operation)).map((names) => ({ ...own, names })) : [],
    );
    return grouped(kernels).map((group) => separables(context, group, applications({ times }), x, stride));
  });
  const convolutions = [...skips, ...chains];

  const candidates: Candidate[] = [];
  const branches: Branch[] = [];
  for (const { from, to, row, offset } of edges) {
    for (const [o, operation] of row.choices.entries()) {
      if (operation === "none") continue;
      const choice = offset + o;
      const weight = isDiscrete ? context.regions.one : context.regions.mixing + choice;
      const name = `${cell}/${row.name}/${operation}`;
      const own = convolutions.find(({ names }) => names.includes(name));
      if (own && isDiscrete) {
        branches.push({ to, norm: own.norm });
        continue;
      }
      const pool = pools.find((other) => other.operation === operation);
      const norm = own?.norm ?? pool?.norm;
      const first = own ? x.vectors * own.names.indexOf(name) : 0;
      const term = norm
        ? normalisedTerm(norm.z, norm.stats, first, x.vectors, weight)
        : termOf(TERM.identity, pool?.z ?? x, weight);
      candidates.push({ from, to, choice, term, isOwn: own !== undefined });
    }
  }

  return {
    candidates,
    branches,
    backward(gradients) {
      const spread = (source: Tensor, y: Tensor) => {
        const terms = candidates.flatMap(({ term, to }): SpreadTerm[] => {
          const dy = gradients[to];
          return term.source === source.offset && dy ? [spreadOf(TERM.identity, dy, term.weight)] : [];
        });
        program.addSpread({ dx: y.offset, side: y.side, vectors: y.vectors, mask: -1 }, terms);
      };
      const dx = program.tensor(x.side, x.vectors);
      spread(x, dx);
      for (const { kind, z, norm, winners } of pools) {
        const dy = program.tensor(z.side, z.vectors);
        spread(z, dy);
        if (norm) normBackward(context, norm, dy);
        const dz = norm ? z : dy;
        program.add("windowsData", {
          ...windowOf(kind, stride, x, z, winners),
          dy: dz.offset,
          dx: dx.offset,
          add: 1,
          weight: -1,
        });
        program.release(dy);
      }
      for (const { to, norm } of branches) {
        const dy = gradients[to];
        if (dy) normBackward(context, norm, dy);
      }
      for (const each of convolutions) each.backward(dx);
      return dx;
    },
    release() {
      for (const { z, norm, winners } of pools) {
        if (norm) releaseNorm(context, norm);
        program.release(z);
        if (keeps(context) && winners) program.release(winners);
      }
      for (const each of convolutions) each.release();
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
  const norm = context.running ? undefined : plainNorm(context, z);
  return { operation, kind, z, norm, winners };
}

function reducedSkips(context: Context, names: readonly string[], x: Tensor, channels: number): Convolutions {
  const made = reductions(context, names, x, channels);
  const norm = cellNorm(context, names[0], made.z);
  return {
    names,
    norm,
    backward: (dx) => made.backward(dx, true),
    release() {
      releaseNorm(context, norm);
      context.program.release(made.z);
      if (keeps(context)) made.release();
    },
  };
}

function separables(
  context: Context,
  kernels: readonly Kernel[],
  applied: readonly string[],
  x: Tensor,
  stride: number,
): Convolutions {
  const made = chain(context, kernels, applied, x, stride);
  return {
    names: kernels.flatMap(({ names }) => names),
    norm: made.last,
    backward: (dx) => chainBackward(context, made, dx),
    release: () => releaseChain(context, made),
  };
}
