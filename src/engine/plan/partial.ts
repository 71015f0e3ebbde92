import type { SupernetSpec } from "../engine";
import { TERM } from "./kernels";
import { type Context, learnsMixing } from "./layer";
import { type Candidate, nodeBackward, termsOf } from "./node";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/**
 * Partial channel connections (Xu et al., "PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search", ICLR 2020).
 * Of the C channels of a node the operations of its edges see the first C / K, the rest bypasses them:
 *     node j = shuffle(sum over e and o of p[e, o] * o(first channels of node i), sum over e of P[e] * rest of node i),
 * where P[e] is the sum over o of p[e, o], the weight of the edge, and the shuffle is that of K groups. The arena holds P behind p.
 */

/** Weights that the arena holds: those of the operations, and behind them one an edge where channels bypass them. */
export function mixingSize({ space, partial = 1, architecture }: SupernetSpec): number {
  return space.size + (partial > 1 && !architecture ? space.edges.length : 0);
}

/** The weights that the arena holds, from those of the operations. */
export function withEdges(spec: SupernetSpec, mixing: ArrayLike<number>): Float64Array {
  const all = new Float64Array(mixingSize(spec));
  all.set(Float64Array.from(mixing));
  eachOfEdge(spec, (choice, edge) => {
    all[edge] += mixing[choice];
  });
  return all;
}

/** dL/dp from the derivatives by the weights that the arena holds: an operation's weight is a part of its edge's. */
export function foldEdges(spec: SupernetSpec, derivative: (index: number) => number): Float64Array {
  const gradient = Float64Array.from({ length: spec.space.size }, (_, k) => derivative(k));
  eachOfEdge(spec, (choice, edge) => {
    gradient[choice] += derivative(edge);
  });
  return gradient;
}

/** Calls back with the places of every operation's weight and of its edge's, where edges have one. */
function eachOfEdge(spec: SupernetSpec, visit: (choice: number, edge: number) => void): void {
  const { rows, size } = spec.space;
  if (mixingSize(spec) === size) return;
  let choice = 0;
  for (const [r, { choices }] of rows.entries()) for (const _ of choices) visit(choice++, size + r);
}

/** Channels in one tensor, or in two: those that operations read, and the rest. */
interface Channels {
  readonly first: Tensor;
  readonly rest?: Tensor;
}

/** What goes around the mixed operations of a cell. Nodes are opened, joined, separated and closed in the order of the cell's passes. */
export class Bypass {
  private readonly channels: number;
  private readonly part: number;
  private readonly groups: number;
  /** The rest of every node but the last. */
  private readonly rests: Tensor[] = [];
  /** dL/drest of every node, before its channels were separated and after: those of the sum that was shuffled into it. */
  private readonly before: (Tensor | undefined)[] = [];
  private readonly after: (Tensor | undefined)[] = [];
  private readonly sums: number[];
  private input: Tensor | undefined;

  constructor(
    private readonly context: Context,
    cell: number,
  ) {
    const { spec } = context;
    const { channels, cells } = spec.sizes;
    this.groups = spec.partial ?? 1;
    this.channels = channels * 2 ** Math.floor(cell / cells);
    this.part = this.channels / this.groups;
    this.sums = new Array<number>(mixingSize(spec)).fill(-1);
  }

  /** The channels of the cell's input that operations read. */
  open(x: Tensor): Tensor {
    const { first, rest } = this.halves(x.side);
    this.shuffle({ first: x }, { first, rest }, 1);
    this.rests.push(rest);
    this.input = first;
    return first;
  }

  /** Takes the mixed operations' sum over; the channels of the node that operations read, or the whole of the last one. */
  join(to: number, mixed: Tensor): Tensor {
    const { program, spec } = this.context;
    const { side } = mixed;
    const rest = program.tensor(side, this.restVectors);
    program.addTerms("node", { y: rest.offset, side, vectors: rest.vectors }, termsOf(this.into(to)));
    const isLast = to === spec.space.nodes - 1;
    const y: Channels = isLast ? { first: program.tensor(side, vectorsOf(this.channels)) } : this.halves(side);
    this.shuffle({ first: mixed, rest }, y, this.groups);
    program.release(mixed, rest);
    if (y.rest) this.rests.push(y.rest);
    return y.first;
  }

  /** Takes dL/dnode over, as `join` returned the node; dL/d(the mixed operations' sum). */
  separate(to: number, gradient: Tensor): Tensor {
    const { program } = this.context;
    const { first, rest } = this.halves(gradient.side);
    const given = { first: gradient, rest: this.before[to] };
    this.shuffle(given, { first, rest }, this.part);
    program.release(gradient, ...(given.rest ? [given.rest] : []));
    this.after[to] = rest;
    if (learnsMixing(this.context)) nodeBackward(this.context, this.into(to), rest, () => true, this.sums);
    return first;
  }

  /** Adds dL/drest of a node, all of whose targets have been separated. */
  spread(from: number): void {
    const { program, spec, regions } = this.context;
    const { side, vectors } = this.rests[from];
    const dx = program.tensor(side, vectors);
    const terms = spec.space.edges.flatMap(([source, to], row) => {
      const dy = this.after[to];
      if (source !== from || !dy) return [];
      return [{ kind: TERM.identity, dy: dy.offset, weight: regions.mixing + spec.space.size + row }];
    });
    program.addSpread({ dx: dx.offset, side, vectors }, terms);
    this.before[from] = dx;
  }

  /** Takes dL/d(channels that operations read) of the input over; dL/dx. */
  close(gradient: Tensor): Tensor {
    const { program } = this.context;
    const rest = this.before[0];
    if (!rest) throw new Error("no gradient for the channels that bypass node 0");
    const dx = program.tensor(gradient.side, vectorsOf(this.channels));
    this.shuffle({ first: gradient, rest }, { first: dx }, 1);
    program.release(gradient, rest);
    return dx;
  }

  /** Its list for the entry that makes dL/dp, once every node has been separated. */
  get mixingSums(): number[] {
    return [this.restVectors, ...this.sums];
  }

  /** Releases all that is left, at the end of the cell's passes. */
  release(): void {
    const left = [this.input, ...this.rests, ...this.after].filter((tensor) => tensor !== undefined);
    this.context.program.release(...left);
  }

  private get restVectors(): number {
    return vectorsOf(this.channels - this.part);
  }

  private halves(side: number): Required<Channels> {
    const { program } = this.context;
    return { first: program.tensor(side, vectorsOf(this.part)), rest: program.tensor(side, this.restVectors) };
  }

  private shuffle(x: Channels, y: Channels, groups: number): void {
    const { channels, part } = this;
    this.context.program.add("shuffle", {
      x: x.first.offset,
      xRest: x.rest?.offset ?? -1,
      xPart: x.rest ? part : channels,
      y: y.first.offset,
      yRest: y.rest?.offset ?? -1,
      yPart: y.rest ? part : channels,
      channels,
      groups,
      positions: x.first.side ** 2,
    });
  }

  /** The rests of the nodes that lead into one, as terms of its own. */
  private into(node: number): Candidate[] {
    const { spec, regions } = this.context;
    return spec.space.edges.flatMap(([from, to], row): Candidate[] => {
      if (to !== node) return [];
      const { offset: source, vectors: sourceVectors } = this.rests[from];
      const choice = spec.space.size + row;
      const weight = regions.mixing + choice;
      const term = { kind: TERM.identity, source, sourceVectors, first: 0, stats: -1, weight, sums: -1 };
      return [{ from, to, choice, term, isOwn: false }];
    });
  }
}
