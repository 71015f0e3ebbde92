import { edgesOf } from "../../core/space";
import type { SupernetSpec } from "../engine";
import { TERM, WINDOW } from "./kernels";
import { type Context, keeps, learnsMixing, windowOf } from "./layer";
import { type Candidate, nodeBackward, spreadOf, termOf, termsOf } from "./node";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/**
 * Partial channel connections (Xu et al., "PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search", ICLR 2020).
 * Of the C channels of a node the operations of its edges see the first C / K, the rest bypasses them:
 *     node j = shuffle(sum over e and o of p[e, o] * o(first channels of node i), sum over e of P[e] * rest of node i),
 * where P[e] is the sum over o of p[e, o], the weight of the edge, and the shuffle is that of K groups. On edges that halve the side the
 * rest goes through a max pool of 2 x 2. The arena holds P behind p.
 */

/** Weights that the arena holds: those of the operations, and behind them one an edge where channels bypass them. */
export function mixingSize({ space, partial = 1, architecture }: SupernetSpec): number {
  return space.size + (partial > 1 && !architecture ? edgesOf(space).length : 0);
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

/** A max pool of 2 x 2, see `windows`. */
interface Pool {
  readonly y: Tensor;
  readonly winners: Tensor;
}

/** The cell that channels bypass the operations of. */
export interface BypassedCell {
  /** Of a whole node. */
  readonly channels: number;
  /** Its edges are those of the space from `first` up to, not including, `end`. */
  readonly first: number;
  readonly end: number;
  /** Of the edges that leave a node. */
  strideOf(node: number): 1 | 2;
}

/** A stretch of a node's channels that has a tensor of its own. */
export interface Stretch {
  readonly tensor: Tensor;
  /** The first of them in the node. */
  readonly at: number;
  readonly channels: number;
}

/**
 * What goes around the mixed operations of a cell. Forward the cell's inputs are opened and its nodes joined, backward nodes are separated
 * and inputs closed.
 */
export class Bypass {
  private readonly part: number;
  private readonly groups: number;
  /** The rest of every node but one that was joined whole, and its pool where the edges that leave it halve the side. */
  private readonly rests: Tensor[] = [];
  private readonly pools: (Pool | undefined)[] = [];
  /** The channels of inputs that operations read. */
  private readonly opened: Tensor[] = [];
  /** dL/drest of every node, before its channels were separated and after: those of the sum that was shuffled into it. */
  private readonly before: (Tensor | undefined)[] = [];
  private readonly after: (Tensor | undefined)[] = [];
  private readonly sums: number[];

  constructor(
    private readonly context: Context,
    private readonly cell: BypassedCell,
  ) {
    const { spec } = context;
    this.groups = spec.partial ?? 1;
    this.part = cell.channels / this.groups;
    this.sums = new Array<number>(mixingSize(spec)).fill(-1);
  }

  /** The channels of the cell's next input that operations read. */
  open(x: Tensor): Tensor {
    const y = this.halves(x.side);
    this.shuffle({ first: x }, y, 1);
    this.keep(y.rest);
    this.opened.push(y.first);
    return y.first;
  }

  /** Takes the mixed operations' sum over; the channels of the node that operations read, or all of them where it is to be `whole`. */
  join(to: number, mixed: Tensor, whole = false): Tensor {
    const { program } = this.context;
    const { side } = mixed;
    const rest = program.tensor(side, this.restVectors);
    program.addTerms("node", { y: rest.offset, side, vectors: rest.vectors }, termsOf(this.into(to)));
    const y: Channels = whole ? { first: program.tensor(side, vectorsOf(this.cell.channels)) } : this.halves(side);
    this.shuffle({ first: mixed, rest }, y, this.groups);
    program.release(mixed, rest);
    if (y.rest) this.keep(y.rest);
    return y.first;
  }

  /** All channels of a node, or of its gradient, beginning with those that operations read. */
  stretches(node: number, first: Tensor, of: "value" | "gradient"): Stretch[] {
    const rest = of === "value" ? this.rests[node] : this.before[node];
    const { part } = this;
    const read = { tensor: first, at: 0, channels: part };
    return rest ? [read, { tensor: rest, at: part, channels: this.cell.channels - part }] : [read];
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

  /** Adds dL/drest of a node, all of whose targets have been separated. That of a node that no edge leaves is for the caller to write. */
  spread(from: number): void {
    const { program } = this.context;
    const terms = this.edges(([source]) => source === from).flatMap(({ to, weight }) => {
      const dy = this.after[to];
      return dy ? [spreadOf(TERM.identity, dy, weight)] : [];
    });
    const rest = this.rests[from];
    const pool = this.pools[from];
    const read = pool?.y ?? rest;
    const dx = program.tensor(read.side, read.vectors);
    if (terms.length > 0) program.addSpread({ dx: dx.offset, side: read.side, vectors: read.vectors, mask: -1 }, terms);
    this.before[from] = dx;
    if (!pool) return;
    const whole = program.tensor(rest.side, rest.vectors);
    program.add("windowsData", { ...this.windowOf(rest, pool), dy: dx.offset, dx: whole.offset, add: 0, weight: -1 });
    program.release(dx);
    this.before[from] = whole;
  }

  /** Takes dL/d(channels that operations read) of an input over; dL/dx. */
  close(input: number, gradient: Tensor): Tensor {
    const { program } = this.context;
    const rest = this.before[input];
    if (!rest) throw new Error(`no gradient for the channels that bypass node ${input}`);
    const dx = program.tensor(gradient.side, vectorsOf(this.cell.channels));
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
    const pooled = this.pools.flatMap((pool) =>
      pool ? (keeps(this.context) ? [pool.y, pool.winners] : [pool.y]) : [],
    );
    const left = [...this.opened, ...this.rests, ...pooled, ...this.after].filter((tensor) => tensor !== undefined);
    this.context.program.release(...left);
  }

  private get restVectors(): number {
    return vectorsOf(this.cell.channels - this.part);
  }

  private halves(side: number): Required<Channels> {
    const { program } = this.context;
    return { first: program.tensor(side, vectorsOf(this.part)), rest: program.tensor(side, this.restVectors) };
  }

  private shuffle(x: Channels, y: Channels, groups: number): void {
    const { part } = this;
    const { channels } = this.cell;
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
    return this.edges(([, to]) => to === node).map(({ from, to, choice, weight }) => {
      const term = termOf(TERM.identity, this.pools[from]?.y ?? this.rests[from], weight);
      return { from, to, choice, term, isOwn: false };
    });
  }

  /** Some of the cell's edges, with the places of their weights among all and in the arena. */
  private edges(isMeant: (edge: readonly [number, number]) => boolean) {
    const { spec, regions } = this.context;
    const { size } = spec.space;
    const edges = edgesOf(spec.space);
    return edges.slice(this.cell.first, this.cell.end).flatMap((edge, i) => {
      const choice = size + this.cell.first + i;
      return isMeant(edge) ? [{ from: edge[0], to: edge[1], choice, weight: regions.mixing + choice }] : [];
    });
  }

  /** Keeps the rest of the next node, pooled for the edges that halve the side. */
  private keep(rest: Tensor): void {
    const { program } = this.context;
    const node = this.rests.push(rest) - 1;
    if (this.cell.strideOf(node) === 1) return;
    const side = Math.ceil(rest.side / 2);
    const pool = { y: program.tensor(side, rest.vectors), winners: program.tensor(side, rest.vectors) };
    program.add("windows", { ...this.windowOf(rest, pool), x: rest.offset, y: pool.y.offset });
    if (!keeps(this.context)) program.release(pool.winners);
    this.pools[node] = pool;
  }

  private windowOf(rest: Tensor, { y, winners }: Pool) {
    return windowOf(WINDOW.block, 2, rest, y, winners);
  }
}
