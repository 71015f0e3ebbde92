import type { PlacedGraph, Vertex } from "../graph";
import { TERM, WINDOW } from "./kernels";
import { type Context, convData, convolution, keeps, type Layer } from "./layer";
import { maxPool, type Pool, type Rectified, rectified, rectifiedBackward, releaseRectified } from "./mixture";
import { spreadOf } from "./node";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/** A vertex whose forward entries were added. */
interface Made {
  readonly vertex: Vertex;
  /** Of the cell's input. */
  readonly projected: Rectified | undefined;
  /** The sum of what leads to it; of the output, all side by side, and its projection added. */
  readonly input: Tensor;
  readonly convolved: Rectified | undefined;
  readonly pool: Pool | undefined;
  /** Its value: the output's is its input. */
  readonly y: Tensor;
}

/** A gradient of the first channels of a vertex. */
interface Part {
  readonly dy: Tensor;
  /** The first of dy's channels. */
  readonly from: number;
  readonly channels: number;
}

/**
 * A cell of a discrete network of NAS-Bench-1Shot1, which is one of NAS-Bench-101.
 * @param rectify whether the cell's input is rectified first
 */
export function graphCell(context: Context, { name, vertices }: PlacedGraph, x: Tensor, rectify: boolean): Layer {
  const { program } = context;
  const { side } = x;
  const tensor = (channels: number) => program.tensor(side, vectorsOf(channels));
  const made: Made[] = [];
  for (const [place, vertex] of vertices.entries()) {
    program.layer = `${name}/${place + 1}`;
    made.push(forward(vertex, place === vertices.length - 1));
  }
  const { y } = made[made.length - 1];
  if (!keeps(context)) for (const each of made) release(each);

  function forward(vertex: Vertex, isOutput: boolean): Made {
    const { channels, projection, sources, convolution: own } = vertex;
    const projected = projection ? convolved(projection, x, 1, channels, rectify) : undefined;
    const input = tensor(channels);
    let filled = 0;
    for (const [i, source] of sources.entries()) {
      const count = isOutput ? vertices[source].channels : channels;
      copy(made[source].y, 0, input, filled, count, !isOutput && i > 0);
      if (isOutput) filled += count;
    }
    if (projected) copy(projected.y, 0, input, 0, channels, sources.length > 0);
    const common = { vertex, projected, input, convolved: undefined, pool: undefined };
    if (isOutput) return { ...common, y: input };
    if (own) {
      const result = convolved(own.name, input, own.kernel, channels, false);
      return { ...common, convolved: result, y: result.y };
    }
    const pool = maxPool(context, WINDOW.max, 1, input, side);
    return { ...common, pool, y: pool.y };
  }

  function convolved(own: string, from: Tensor, kernel: number, channels: number, first: boolean): Rectified {
    return rectified(context, convolution(context, own, from, { kernel, stride: 1, channels, rectify: first }), [own]);
  }

  /** Adds an entry for channels of a tensor to channels of another, which are set or added to. */
  function copy(from: Tensor, first: number, to: Tensor, start: number, channels: number, add: boolean): void {
    const places = {
      x: from.offset,
      xVectors: from.vectors,
      from: first,
      y: to.offset,
      yVectors: to.vectors,
      to: start,
    };
    program.add("copy", { ...places, channels, positions: side * side, add: add ? 1 : 0 });
  }

  function release({ projected, input, convolved, pool, y: value }: Made): void {
    if (projected) releaseRectified(context, projected);
    if (convolved) releaseRectified(context, convolved);
    pool?.release();
    if (pool) program.release(value);
    if (value !== y) program.release(input);
  }

  /** dL/dy of a vertex from its parts, of which one at least is of all its channels. */
  function gradientOf(vertex: Vertex, parts: readonly Part[]): Tensor {
    const gradient = tensor(vertex.channels);
    // What is of fewer channels clears the rest of its last vector, so it comes first; it may leave vectors out.
    const ordered = parts.toSorted((a, b) => a.channels - b.channels);
    const isPartial = vectorsOf(ordered[0].channels) < gradient.vectors;
    if (isPartial) program.addSpread({ dx: gradient.offset, side, vectors: gradient.vectors, mask: -1 }, []);
    for (const [i, { dy, from, channels }] of ordered.entries()) {
      copy(dy, from, gradient, 0, channels, i > 0);
    }
    return gradient;
  }

  /** Adds the backward entries of a rectified convolution but for its input's. */
  function convolvedBackward(own: Rectified, dy: Tensor): void {
    const masked = program.tensor(side, own.y.vectors);
    const terms = [spreadOf(TERM.identity, dy, context.regions.one)];
    program.addSpread({ dx: masked.offset, side, vectors: masked.vectors, mask: own.y.offset }, terms);
    rectifiedBackward(context, own, masked);
  }

  /** Adds the backward entries of a vertex's operation; takes dL/dy over and returns that of its input. */
  function operationBackward({ vertex, convolved: own, pool }: Made, dy: Tensor): Tensor {
    const gradient = tensor(vertex.channels);
    if (own) {
      convolvedBackward(own, dy);
      convData(context, own.conv, own.conv.z, gradient, false);
    }
    pool?.backward(dy, gradient, false, -1);
    program.release(dy);
    return gradient;
  }

  return {
    y,
    backward(dy, wanted) {
      const dx = wanted ? program.tensor(side, x.vectors) : undefined;
      /** Gradients of the vertices' inputs. */
      const inputs: Tensor[] = [];
      let isSet = false;
      for (let i = made.length - 1; i >= 0; i--) {
        program.layer = `${name}/${i + 1}`;
        const { vertex, projected } = made[i];
        inputs[i] = i === made.length - 1 ? dy : operationBackward(made[i], gradientOf(vertex, partsOf(i, inputs)));
        if (!projected) continue;
        convolvedBackward(projected, inputs[i]);
        if (dx) convData(context, projected.conv, projected.conv.z, dx, isSet);
        isSet = true;
      }
      program.release(...inputs, y);
      for (const each of made) release(each);
      return dx;
    },
  };

  /** The gradients of the later vertices' inputs as far as they are of vertex i. */
  function partsOf(i: number, inputs: readonly Tensor[]): Part[] {
    return vertices.flatMap(({ sources, channels }, later): Part[] => {
      if (!sources.includes(i)) return [];
      const before = sources.filter((source) => source < i).reduce((sum, source) => sum + vertices[source].channels, 0);
      const isOutput = later === vertices.length - 1;
      return [
        isOutput
          ? { dy: inputs[later], from: before, channels: vertices[i].channels }
          : { dy: inputs[later], from: 0, channels },
      ];
    });
  }
}
