import { InputError } from "../../core/errors";
import { chosenOperations, edgesOf as rowEdges } from "../../core/space";
import type { SupernetSpec } from "../engine";
import { KERNELS, reachesEnd } from "../network";
import { TERM } from "./kernels";
import {
  type Context,
  type Convolution,
  convData,
  convForward,
  convolution,
  convWeights,
  keeps,
  type Layer,
  type Norm,
  normBackward,
  normForward,
  normOf,
  releaseNorm,
} from "./layer";
import { spreadOf, termOf } from "./node";
import type { Tensor } from "./program";

/** An edge with its chosen operation, `none` excepted: a rectified convolution with batch norm, or a term without weights. */
interface Edge {
  readonly from: number;
  readonly to: number;
  /** Of its weights, within the cell. */
  readonly name: string;
  /** Side of the kernel of a convolution. */
  readonly kernel?: number;
  /** Kind of term of anything else. */
  readonly kind?: number;
}

const KINDS_OF_TERM: Readonly<Record<string, number>> = { skip_connect: TERM.identity, avg_pool_3x3: TERM.average };

function edgesOf({ space, architecture = [] }: SupernetSpec): Edge[] {
  return chosenOperations(space, architecture).flatMap((operation, r): Edge[] => {
    if (operation === "none") return [];
    const [from, to] = rowEdges(space)[r];
    const [kernel, kind] = [KERNELS[operation], KINDS_OF_TERM[operation]];
    if (kernel === undefined && kind === undefined) {
      throw new InputError(`the compiled engine has no operation "${operation}"`);
    }
    return [{ from, to, name: `${space.rows[r].name}/${operation}`, kernel, kind }];
  });
}

/** A convolution whose forward entries were added. */
interface Branch {
  readonly edge: Edge;
  readonly conv: Convolution;
  readonly norm: Norm;
}

/**
 * A cell of a discrete network (NAS-Bench-201): node j is the sum over its incoming edges of their operations of the source nodes, zero
 * where there are none. Edges into nodes from which no path leads to the output are not computed: they keep their place among the
 * weights, with a gradient of zero, and their running statistics stay as they begin.
 */
export function discreteCell(context: Context, index: number, x: Tensor): Layer {
  const { program, spec, regions } = context;
  const { nodes: count } = spec.space;
  const all = edgesOf(spec);
  const reaches = reachesEnd(count, all);
  const edges = all.filter(({ to }) => reaches[to]);
  const branches: Branch[] = [];
  const nodes: (Tensor | undefined)[] = [x];

  for (let to = 1; to < count; to++) {
    program.layer = `cell${index}/${to}`;
    if (!reaches[to]) {
      for (const edge of all) if (edge.to === to) reserve(context, index, edge);
      nodes.push(undefined);
      continue;
    }
    const y = program.tensor(x.side, x.vectors);
    const into = edges.filter((edge) => edge.to === to);
    const terms = into.flatMap(({ from, kind }) => {
      if (kind === undefined) return [];
      return [termOf(kind, known(nodes[from]), regions.one)];
    });
    const convolutions = into.filter(({ kernel }) => kernel !== undefined);
    const isSet = terms.length > 0 || convolutions.length === 0;
    if (isSet) program.addTerms("node", { y: y.offset, side: y.side, vectors: y.vectors }, terms);
    for (const [i, edge] of convolutions.entries()) {
      const branch = branchOf(context, index, edge, known(nodes[edge.from]));
      normForward(context, branch.norm, { addend: isSet || i > 0 ? y : undefined, y });
      if (keeps(context)) branches.push(branch);
      else release(context, branch);
    }
    nodes.push(y);
  }
  const y = known(nodes[count - 1]);
  const inner = nodes.slice(1, -1).filter((node) => node !== undefined);
  if (!keeps(context)) program.release(...inner);
  return {
    y,
    backward(dy) {
      const dx = backward(context, index, { x, edges, branches, reaches }, dy);
      program.release(...inner, y);
      return dx;
    },
  };
}

interface Forward {
  readonly x: Tensor;
  /** Those that are computed. */
  readonly edges: readonly Edge[];
  readonly branches: readonly Branch[];
  /** By node, whether a path leads from it to the output. */
  readonly reaches: readonly boolean[];
}

/** Adds the backward entries of all nodes, last first, and releases the branches and the gradients but that of node 0, which it returns. */
function backward(context: Context, index: number, { x, edges, branches, reaches }: Forward, dy: Tensor): Tensor {
  const { program, regions } = context;
  const gradients: (Tensor | undefined)[] = reaches.map(() => undefined);
  gradients[reaches.length - 1] = dy;
  for (let to = reaches.length - 1; to > 0; to--) {
    program.layer = `cell${index}/${to}`;
    for (const { edge, conv, norm } of branches) {
      if (edge.to !== to) continue;
      normBackward(context, norm, known(gradients[to]));
      convWeights(context, conv, conv.z);
    }
    const from = to - 1;
    // The input's gradient is wanted even where it is zero.
    if (from > 0 && !reaches[from]) continue;
    program.layer = `cell${index}/${from}`;
    const dx = program.tensor(x.side, x.vectors);
    gradients[from] = dx;
    const terms = edges.flatMap((edge) => {
      if (edge.from !== from || edge.kind === undefined) return [];
      return [spreadOf(edge.kind, known(gradients[edge.to]), regions.one)];
    });
    const out = branches.filter(({ edge }) => edge.from === from);
    const isSet = terms.length > 0 || out.length === 0;
    if (isSet) program.addSpread({ dx: dx.offset, side: dx.side, vectors: dx.vectors, mask: -1 }, terms);
    for (const [i, branch] of out.entries()) {
      convData(context, branch.conv, branch.conv.z, dx, isSet || i > 0);
      release(context, branch);
    }
  }
  program.release(...gradients.slice(1).filter((gradient) => gradient !== undefined));
  return known(gradients[0]);
}

/** Gives an edge that isn't computed its place in the state. */
function reserve({ weights, running }: Context, index: number, edge: Edge): void {
  if (edge.kernel === undefined) return;
  const name = `cell${index}/${edge.name}`;
  weights.add([name, `${name}/scale`, `${name}/offset`], 0);
  running?.add([`${name}/mean`, `${name}/variance`], 0);
}

/** Adds a convolution, and the statistics of its output. */
function branchOf(context: Context, index: number, edge: Edge, x: Tensor): Branch {
  const name = `cell${index}/${edge.name}`;
  const shape = { kernel: edge.kernel ?? 1, stride: 1, channels: 4 * x.vectors, rectify: true };
  const conv = convolution(context, name, x, shape);
  convForward(context, conv);
  return { edge, conv, norm: normOf(context, name, conv.z) };
}

function release(context: Context, { conv, norm }: Branch): void {
  releaseNorm(context, norm);
  context.program.release(conv.z);
}

/** A tensor of a node that reaches the end; its sources and targets do too, so it is there. */
function known(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new Error("an edge joins a node that was not computed");
  return tensor;
}
