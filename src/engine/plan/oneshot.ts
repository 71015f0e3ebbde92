import { graphCells } from "../graph";
import { halved } from "../network";
import { oneShotCells, oneShotGraph, pooledSide, TAIL } from "../oneshot";
import { graphCell } from "./graph-cell";
import { WINDOW } from "./kernels";
import { type Context, convolution, type Layer, plainNorm } from "./layer";
import { maxPool } from "./mixture";
import { oneShotCell } from "./oneshot-cell";
import type { Tensor } from "./program";
import { type Build, convNorm, meanHead, sequence, stem } from "./skeleton";

/**
 * Adds the entries of one pass through the search network of NAS-Bench-1Shot1, or through an architecture's of NAS-Bench-101, up to its
 * gradients.
 */
export function oneShotNetwork(context: Context): void {
  const { space, sizes, architecture } = context.spec;
  const layers: [string, Build][] = [["stem", (x) => stem(context, x, sizes.channels)]];
  // The stem leaves its rectifier to whoever reads it.
  if (architecture) {
    for (const [i, cell] of graphCells(space, sizes, architecture).entries()) {
      if (cell.pooled) layers.push([`${cell.name}/pool`, (x) => halvingPool(context, x, WINDOW.block)]);
      layers.push([cell.name, (x) => graphCell(context, cell, x, i === 0)]);
    }
  } else {
    const graph = oneShotGraph(space);
    const cells = oneShotCells(graph.blocks.length, sizes);
    for (const [i, cell] of cells.entries()) {
      if (cell.pooled) layers.push([`${cell.name}/pool`, (x) => halvingPool(context, x, WINDOW.corner)]);
      layers.push([cell.name, (x) => oneShotCell(context, graph, cell, x, i === 0)]);
    }
    layers.push(["tail", (x) => tail(context, x, cells[cells.length - 1].channels)]);
  }
  sequence(context, layers, (x) => meanHead(context, x));
}

/** Rectifier, convolution 1 x 1 and batch norm without scale and offset. */
function tail(context: Context, x: Tensor, channels: number): Layer {
  const conv = convolution(context, TAIL, x, { kernel: 1, stride: 1, channels, rectify: true });
  return convNorm(context, conv, (z) => plainNorm(context, z));
}

/** Largest values of 2 x 2 pixels: padded by 1 in the search network, cut at the end of an odd side in NAS-Bench-101's. */
function halvingPool(context: Context, x: Tensor, kind: typeof WINDOW.corner | typeof WINDOW.block): Layer {
  const { program } = context;
  const pool = maxPool(context, kind, 2, x, kind === WINDOW.corner ? pooledSide(x.side) : halved(x.side));
  return {
    y: pool.y,
    backward(dy) {
      const dx = program.tensor(x.side, x.vectors);
      pool.backward(dy, dx, false, -1);
      pool.release();
      program.release(dy, pool.y);
      return dx;
    },
  };
}
