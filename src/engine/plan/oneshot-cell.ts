import {
  BLOCK_CONVOLUTIONS,
  type Block,
  type CellGraph,
  convolutionName,
  operationAt,
  type PlacedCell,
  projections,
} from "../oneshot";
import { TERM, WINDOW } from "./kernels";
import { type Context, convData, convolutions, keeps, type Layer, learnsMixing } from "./layer";
import {
  learnMixture,
  type Mixture,
  maxPool,
  mixture,
  type Pool,
  type Rectified,
  rectified,
  rectifiedBackward,
  releaseRectified,
  termAt,
  weightAt,
} from "./mixture";
import { type Candidate, spreadOf } from "./node";
import type { Tensor } from "./program";
import { vectorsOf } from "./weights";

/** A choice block whose forward entries were added. */
interface MixedBlock {
  readonly block: Block;
  readonly input: Mixture;
  readonly pool: Pool;
  /** Its convolutions' outputs, side by side. */
  readonly convolved: Rectified;
  readonly output: Mixture;
}

/**
 * A cell of choice blocks (NAS-Bench-1Shot1): every block mixes operations of a mixture of the earlier blocks and of a projection of
 * the cell's input. The cell's output has a part for every block: p * a projection of the cell's input + p' * what the block puts out.
 * @param rectify whether the cell's input is rectified first
 */
export function oneShotCell(
  context: Context,
  { blocks, output }: CellGraph,
  cell: PlacedCell,
  x: Tensor,
  rectify: boolean,
): Layer {
  const { program, pass } = context;
  const { name, channels } = cell;
  const { side } = x;
  const vectors = vectorsOf(channels);
  const all = blocks.length * vectors;

  program.layer = `${name}/input`;
  const names = projections(cell, blocks);
  const conv = convolutions(context, names, x, { kernel: 1, stride: 1, channels, rectify });
  const projected = rectified(context, conv, names);
  const made: MixedBlock[] = [];
  for (const [i, block] of blocks.entries()) {
    program.layer = `${name}/${block.name}`;
    const own = termAt(context, inputOf(block, 0), projected.y, { first: i * vectors, count: vectors });
    const earlier = made.map(({ output: { y } }, j) => termAt(context, inputOf(block, j + 1), y));
    made.push(mixedBlock(context, cell, block, mixture(context, side, vectors, [own, ...earlier])));
  }
  program.layer = `${name}/output`;
  const joined = mixture(context, side, all, [
    termAt(context, output, projected.y, { first: all, count: all }),
    ...made.map(({ output: { y } }, i) => termAt(context, output + 1 + i, y, { to: i * vectors })),
  ]);
  const release = () => {
    for (const each of made) releaseBlock(context, each);
    releaseRectified(context, projected);
  };
  if (!keeps(context)) release();

  /** Adds dL/dy of block i, which the output and later blocks read. */
  function blockGradient(i: number, dy: Tensor, inputs: readonly Tensor[]): Tensor {
    const gradient = program.tensor(side, vectors);
    program.addSpread({ dx: gradient.offset, side, vectors, mask: -1 }, [
      spreadOf(TERM.identity, dy, weightAt(context, output + 1 + i), { first: i * vectors, count: vectors }),
      ...blocks.flatMap((later, j) =>
        j > i ? [spreadOf(TERM.identity, inputs[j], weightAt(context, inputOf(later, i + 1)))] : [],
      ),
    ]);
    return gradient;
  }

  /** Adds the backward entries of all projections. */
  function inputGradient(dy: Tensor, inputs: readonly Tensor[], wanted: boolean): Tensor | undefined {
    if (!wanted && pass !== "weights") return undefined;
    const gradient = program.tensor(side, 2 * all);
    program.addSpread({ dx: gradient.offset, side, vectors: gradient.vectors, mask: projected.y.offset }, [
      ...blocks.map((block, i) =>
        spreadOf(TERM.identity, inputs[i], weightAt(context, inputOf(block, 0)), { to: i * vectors }),
      ),
      spreadOf(TERM.identity, dy, weightAt(context, output), { to: all }),
    ]);
    rectifiedBackward(context, projected, gradient);
    if (!wanted) return undefined;
    const dx = program.tensor(side, x.vectors);
    convData(context, conv, conv.z, dx, false);
    return dx;
  }

  return {
    y: joined.y,
    backward(dy, wanted) {
      const none = () => Array.from({ length: context.spec.space.size }, () => -1);
      const [sums, joinedSums] = [none(), none()];
      program.layer = `${name}/output`;
      if (learnsMixing(context)) learnMixture(context, joined, dy, joinedSums);
      const inputs: Tensor[] = [];
      for (let i = blocks.length - 1; i >= 0; i--) {
        program.layer = `${name}/${blocks[i].name}`;
        inputs[i] = blockBackward(context, made[i], blockGradient(i, dy, inputs), sums);
      }
      program.layer = `${name}/input`;
      const dx = inputGradient(dy, inputs, wanted);
      if (learnsMixing(context)) context.mixingSums.push([vectors, ...sums], [all, ...joinedSums]);
      program.release(...inputs, dy, joined.y);
      release();
      return dx;
    },
  };
}

/** The choice of an input of a block: the cell's own, then the blocks before it. */
function inputOf({ inputs }: Block, node: number): number | undefined {
  return inputs === undefined ? undefined : inputs + node;
}

/** Adds the operations of a block's input. */
function mixedBlock(context: Context, cell: PlacedCell, block: Block, input: Mixture): MixedBlock {
  const { program, weights } = context;
  const { y: x } = input;
  const { side, vectors } = x;
  const positions = side * side;
  const pool = maxPool(context, WINDOW.max, 1, x, side);
  const names = BLOCK_CONVOLUTIONS.map(({ operation }) => convolutionName(cell, block, operation));
  const conv = {
    x,
    z: program.tensor(side, 2 * vectors),
    kernel: 3,
    stride: 1,
    wide: weights.add(names.slice(0, 1), positions),
    wideVectors: vectors,
    point: weights.add(names.slice(1), positions),
    pointVectors: vectors,
    rectify: false,
  };
  const convolved = rectified(context, conv, names);
  const candidates: Candidate[] = [
    termAt(context, operationAt(block, "maxpool3x3"), pool.y),
    ...BLOCK_CONVOLUTIONS.map(({ operation }, i) =>
      termAt(context, operationAt(block, operation), convolved.y, { first: i * vectors, count: vectors }),
    ),
  ];
  return { block, input, pool, convolved, output: mixture(context, side, vectors, candidates) };
}

/** Adds the backward entries of a block, with its parts in dL/dp; takes dL/dy over and returns that of its input. */
function blockBackward(context: Context, made: MixedBlock, dy: Tensor, sums: number[]): Tensor {
  const { program } = context;
  const { block, input, pool, convolved, output } = made;
  const { side, vectors } = dy;
  if (learnsMixing(context)) learnMixture(context, output, dy, sums);
  const rectifiedDy = program.tensor(side, 2 * vectors);
  program.addSpread(
    { dx: rectifiedDy.offset, side, vectors: rectifiedDy.vectors, mask: convolved.y.offset },
    BLOCK_CONVOLUTIONS.map(({ operation }, i) =>
      spreadOf(TERM.identity, dy, weightAt(context, operationAt(block, operation)), { to: i * vectors }),
    ),
  );
  rectifiedBackward(context, convolved, rectifiedDy);
  const dx = program.tensor(side, vectors);
  convData(context, convolved.conv, convolved.conv.z, dx, false);
  pool.backward(dy, dx, true, weightAt(context, operationAt(block, "maxpool3x3")));
  program.release(dy);
  if (learnsMixing(context)) learnMixture(context, input, dx, sums);
  return dx;
}

function releaseBlock(context: Context, { input, pool, convolved, output }: MixedBlock): void {
  context.program.release(input.y, pool.y, output.y);
  pool.release();
  releaseRectified(context, convolved);
}
