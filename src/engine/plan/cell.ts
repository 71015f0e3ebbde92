import { InputError } from "../../core/errors";
import { edgesOf, rowOffsets } from "../../core/space";
import { type SpreadTerm, TERM, type Term } from "./kernels";
import {
  type Context,
  type Convolution,
  convData,
  convForward,
  convWeights,
  keeps,
  type Layer,
  learnsMixing,
  statistics,
} from "./layer";
import { type Candidate, nodeBackward, normalisedTerm, spreadOf, termOf } from "./node";
import { Bypass, mixingSize } from "./partial";
import type { Tensor } from "./program";

/** The candidates' convolutions that read one node, their outputs side by side, normalised without scale and offset. */
interface Fan {
  readonly convolution: Convolution;
  readonly stats: number;
  /** First vector of each convolution's output, by parameter name. */
  readonly first: Map<string, number>;
}

/**
 * A cell of mixed edges (NAS-Bench-201): node j is the sum over its incoming edges e and their candidates o of p[e, o] * o(node i).
 * The first node is x, the last one y. With partial channels (partial.ts) `nodes` are those channels that operations read, but for y.
 */
export function cell(context: Context, index: number, x: Tensor): Layer {
  const { program, spec } = context;
  const { space } = spec;
  const channels = spec.sizes.channels * 2 ** Math.floor(index / spec.sizes.cells);
  const around = { channels, first: 0, end: edgesOf(space).length, strideOf: () => 1 as const };
  const bypass = (spec.partial ?? 1) > 1 ? new Bypass(context, around) : undefined;
  const nodes: Tensor[] = [bypass?.open(x) ?? x];
  const fans: (Fan | undefined)[] = [];
  const candidates: Candidate[] = [];
  for (let to = 1; to < space.nodes; to++) {
    program.layer = `cell${index}/${to - 1}`;
    fans.push(fanOut(context, index, to - 1, nodes[to - 1]));
    program.layer = `cell${index}/${to}`;
    const incoming = candidatesInto(context, index, to, nodes, fans);
    const y = program.tensor(x.side, nodes[0].vectors);
    program.addTerms(
      "node",
      { y: y.offset, side: y.side, vectors: y.vectors },
      incoming.map(({ term }) => term),
    );
    nodes.push(bypass?.join(to, y, to === space.nodes - 1) ?? y);
    candidates.push(...incoming);
  }
  const release = (inner: readonly Tensor[]) => {
    for (const fan of fans) {
      if (!fan) continue;
      program.arena.free(fan.stats, 8 * fan.convolution.z.vectors);
      program.release(fan.convolution.z);
    }
    program.release(...inner);
    bypass?.release();
  };
  const y = nodes[nodes.length - 1];
  if (!keeps(context)) release(nodes.slice(1, -1));
  return {
    y,
    backward(dy, wanted) {
      const gradients = backward(context, index, { nodes, fans, candidates, bypass }, dy, wanted);
      program.release(...gradients.slice(1).filter((gradient) => gradient !== undefined));
      release(nodes.slice(1));
      return gradients[0];
    },
  };
}

/** Adds the convolutions that read one node, and their statistics. */
function fanOut(context: Context, index: number, from: number, x: Tensor): Fan | undefined {
  const { space } = context.spec;
  const named = (operation: string) =>
    space.rows
      .filter((row, r) => edgesOf(space)[r][0] === from && row.choices.includes(operation))
      .map((row) => `cell${index}/${row.name}/${operation}`);
  const wide = named("nor_conv_3x3");
  const point = named("nor_conv_1x1");
  const names = [...wide, ...point];
  if (names.length === 0) return undefined;
  const positions = x.side * x.side;
  const convolution: Convolution = {
    x,
    z: context.program.tensor(x.side, names.length * x.vectors),
    kernel: 3,
    stride: 1,
    wide: context.weights.add(wide, positions),
    wideVectors: wide.length * x.vectors,
    point: context.weights.add(point, positions),
    pointVectors: point.length * x.vectors,
    rectify: true,
  };
  convForward(context, convolution);
  const first = new Map(names.map((name, i) => [name, i * x.vectors]));
  return { convolution, stats: statistics(context, convolution.z), first };
}

/** The terms of one node. Operations without a term contribute zero. */
function candidatesInto(
  context: Context,
  index: number,
  to: number,
  nodes: readonly Tensor[],
  fans: readonly (Fan | undefined)[],
): Candidate[] {
  const { space } = context.spec;
  const offsets = rowOffsets(space.rows);
  return space.rows.flatMap((row, r) => {
    const [from, target] = edgesOf(space)[r];
    if (target !== to) return [];
    const x = nodes[from];
    return row.choices.flatMap((operation, o): Candidate[] => {
      const choice = offsets[r] + o;
      const weight = context.regions.mixing + choice;
      const candidate = (term: Term) => [{ from, to, choice, term, isOwn: term.kind === TERM.normalised }];
      switch (operation) {
        case "none":
          return [];
        case "skip_connect":
          return candidate(termOf(TERM.identity, x, weight));
        case "avg_pool_3x3":
          return candidate(termOf(TERM.average, x, weight));
        case "nor_conv_1x1":
        case "nor_conv_3x3": {
          const fan = fans[from];
          const first = fan?.first.get(`cell${index}/${row.name}/${operation}`);
          if (fan === undefined || first === undefined) throw new Error(`no convolution for ${row.name}/${operation}`);
          return candidate(normalisedTerm(fan.convolution.z, fan.stats, first, x.vectors, weight));
        }
        default:
          throw new InputError(`the compiled engine has no operation "${operation}"; choose the reference engine`);
      }
    });
  });
}

interface Forward {
  readonly nodes: readonly Tensor[];
  readonly fans: readonly (Fan | undefined)[];
  readonly candidates: readonly Candidate[];
  readonly bypass: Bypass | undefined;
}

/** Adds the backward entries of all nodes, last first; the gradients by node, that of node 0 only where it is wanted. */
function backward(
  context: Context,
  index: number,
  forward: Forward,
  dy: Tensor,
  wanted: boolean,
): (Tensor | undefined)[] {
  const { program, spec } = context;
  const { nodes, fans, candidates, bypass } = forward;
  const { side, vectors } = nodes[0];
  const gradients: (Tensor | undefined)[] = nodes.map(() => undefined);
  gradients[nodes.length - 1] = dy;
  const sumsOf: number[] = Array.from({ length: mixingSize(spec) }, () => -1);
  // Where dL/dx is not wanted, neither is dL/dz of the convolutions that read x.
  const isWanted = (node: number) => node > 0 || wanted;

  for (let to = nodes.length - 1; to > 0; to--) {
    program.layer = `cell${index}/${to}`;
    const gradient = gradients[to];
    if (!gradient) throw new Error(`no gradient for node ${to}`);
    const mixed = bypass?.separate(to, gradient) ?? gradient;
    gradients[to] = mixed;
    const into = candidates.filter((candidate) => candidate.to === to);
    nodeBackward(context, into, mixed, isWanted, sumsOf);

    const from = to - 1;
    if (!isWanted(from)) continue;
    program.layer = `cell${index}/${from}`;
    const dx = program.tensor(side, vectors);
    gradients[from] = dx;
    const spread = candidates.flatMap(({ term, from: source, to: target }): SpreadTerm[] => {
      const into = gradients[target];
      if (source !== from || term.kind === TERM.normalised || !into) return [];
      return [spreadOf(term.kind, into, term.weight)];
    });
    program.addSpread({ dx: dx.offset, side, vectors, mask: -1 }, spread);
    bypass?.spread(from);
    const fan = fans[from];
    if (fan) {
      convWeights(context, fan.convolution, fan.convolution.z);
      convData(context, fan.convolution, fan.convolution.z, dx, true);
    }
  }
  if (learnsMixing(context)) context.mixingSums.push([vectors, ...sumsOf], ...(bypass ? [bypass.mixingSums] : []));
  const [first, ...others] = gradients;
  return [first && bypass ? bypass.close(0, first) : first, ...others];
}
