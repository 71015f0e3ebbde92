import { oneShotCells, oneShotGraph, pooledSide, TAIL } from "../oneshot";
import { WINDOW } from "./kernels";
import { type Context, convolution, type Layer, plainNorm } from "./layer";
import { maxPool } from "./mixture";
import { oneShotCell } from "./oneshot-cell";
import type { Tensor } from "./program";
import { type Build, convNorm, meanHead, sequence, stem } from "./skeleton";

/** Adds the entries of one pass through the search network of NAS-Bench-1Shot1, up to its gradients. */
export function oneShotNetwork(context: Context): void {
  const { space, sizes } = context.spec;
  const graph = oneShotGraph(space);
  const cells = oneShotCells(graph.blocks.length, sizes);
  const layers: [string, Build][] = [["stem", (x) => stem(context, x, sizes.channels)]];
  for (const [i, cell] of cells.entries()) {
    if (cell.pooled) layers.push([`${cell.name}/pool`, (x) => halvingPool(context, x)]);
    // The stem leaves its rectifier to whoever reads it.
    layers.push([cell.name, (x) => oneShotCell(context, graph, cell, x, i === 0)]);
  }
  const { channels } = cells[cells.length - 1];
  layers.push(["tail", (x) => tail(context, x, channels)]);
  sequence(context, layers, (x) => meanHead(context, x));
}

/** Rectifier, convolution 1 x 1 and batch norm without scale and offset. */
function tail(context: Context, x: Tensor, channels: number): Layer {
  const conv = convolution(context, TAIL, x, { kernel: 1, stride: 1, channels, rectify: true });
  return convNorm(context, conv, (z) => plainNorm(context, z));
}

/** Largest values of 2 x 2 pixels, padded by 1. */
function halvingPool(context: Context, x: Tensor): Layer {
  const { program } = context;
  const pool = maxPool(context, WINDOW.corner, 2, x, pooledSide(x.side));
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
