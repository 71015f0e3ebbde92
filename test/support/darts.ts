import { DARTS } from "../../src/core/darts";
import type { Choices, NetworkSizes, SearchSpace } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { type Case, drawn, type Mix, withEdgeWeights } from "./cases";
import { map, type Node, Oracle, oracleOf, type Scored } from "./oracle";

const ROWS = DARTS.rows;
/** Of a cell of one kind. */
const EDGES = DARTS.edges.slice(0, ROWS.length / 2);

const SIZES: NetworkSizes = { channels: 2, cells: 1, image: 8, imageChannels: 1, classes: 3 };

export function dartsCase(
  sizes: Partial<NetworkSizes>,
  batch: number,
  mix: Mix = "dense",
  seed = 1,
  space: SearchSpace = DARTS,
): Case {
  return drawn({ space, sizes: { ...SIZES, ...sizes }, batch }, mix, seed);
}

/** The same with partial channels, as `partialCase` has it. */
export function partialDartsCase(
  partial: number,
  sizes: Partial<NetworkSizes>,
  batch: number,
  mix: Mix = "dense",
  seed = 1,
): Case {
  return withEdgeWeights(drawn({ space: DARTS, sizes: { ...SIZES, ...sizes }, batch, partial }, mix, seed));
}

/** The same of the discrete network of an architecture; it takes no mixing weights. */
export function dartsDiscreteCase(architecture: Choices, sizes: Partial<NetworkSizes> = {}, batch = 4, seed = 1): Case {
  const spec = { space: DARTS, sizes: { ...SIZES, channels: 4, ...sizes }, batch, architecture };
  return { ...drawn(spec, "zero", seed), mixing: new Float64Array(0) };
}

/** Architectures that between them have every operation of both strides, shared inputs and pools, and an input that nobody reads. */
export const DISCRETE = {
  "every operation": genotype(
    "('max_pool_3x3', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), ('sep_conv_5x5', 2), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3), ('skip_connect', 0), ('sep_conv_3x3', 1)",
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('skip_connect', 1), ('max_pool_3x3', 0), ('dil_conv_5x5', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 0), ('sep_conv_5x5', 4)",
  ),
  "shared pools and skips, an input that nobody reads": genotype(
    "('max_pool_3x3', 1), ('skip_connect', 0), ('max_pool_3x3', 1), ('avg_pool_3x3', 2), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 2)",
    "('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 2), ('skip_connect', 3), ('max_pool_3x3', 0)",
  ),
} as const;

function genotype(normal: string, reduce: string): Choices {
  return DARTS.parse(
    `Genotype(normal=[${normal}], normal_concat=range(2, 6), reduce=[${reduce}], reduce_concat=range(2, 6))`,
  );
}

/** The space with some of its operations alone: a smaller network. */
export function spaceOf(choices: readonly string[]): SearchSpace {
  return { ...DARTS, rows: ROWS.map((row) => ({ ...row, choices })), size: ROWS.length * choices.length };
}

/** The networks of DARTS in plain float64 loops, after model_search.py, model.py and operations.py of quark0/darts. */
class DartsOracle extends Oracle {
  override forward(): Scored {
    const { sizes } = this.spec;
    const input = map(this.count, sizes.image, sizes.imageChannels);
    input.data.set(this.batch.images);
    const stem = this.norm(
      this.conv(
        this.record(input, () => {}),
        "stem/conv",
        1,
      ),
      "stem",
    );
    let [s0, s1] = [stem, stem];
    const layers = 3 * sizes.cells + 2;
    let wasReduction = false;
    for (let i = 0; i < layers; i++) {
      const isReduction = i === Math.floor(layers / 3) || i === Math.floor((2 * layers) / 3);
      [s0, s1] = [s1, this.dartsCell(s0, s1, `cell${i}`, isReduction, wasReduction)];
      wasReduction = isReduction;
    }
    return this.classified(s1);
  }

  private dartsCell(s0: Node, s1: Node, name: string, isReduction: boolean, wasReduction: boolean): Node {
    const { architecture } = this.spec;
    const input = (x: Node, which: string) =>
      this.cellNorm(this.conv(this.relu(x), `${name}/${which}/conv`, 1), `${name}/${which}`);
    const wholes = [wasReduction ? this.reduced(s0, `${name}/input0`) : input(s0, "input0"), input(s1, "input1")];
    const { partial = 1 } = this.spec;
    let row = isReduction ? EDGES.length : 0;
    for (let to = 2; to < 6; to++) {
      const parts: { node: Node; weight?: number }[] = [];
      const around: { node: Node; weight: number }[] = [];
      for (let from = 0; from < to; from++, row++) {
        const stride = isReduction && from < 2 ? 2 : 1;
        const { name: rowName, choices } = this.spec.space.rows[row];
        const [first, rest] = [this.first(wholes[from]), this.rest(wholes[from])];
        for (const [o, operation] of choices.entries()) {
          const weight = row * choices.length + o;
          if (partial > 1) around.push({ node: stride === 2 ? this.blocks(rest) : rest, weight });
          if (operation === "none" || (architecture && architecture[row] !== o)) continue;
          const node = this.candidate(operation, first, `${name}/${rowName}/${operation}`, stride);
          parts.push({ node, weight: architecture ? undefined : weight });
        }
      }
      const mixed = this.sum(parts, parts[0].node);
      wholes.push(partial > 1 ? this.shuffled(mixed, this.sum(around)) : mixed);
    }
    return this.concat(wholes.slice(2));
  }

  /** Affine in a discrete network alone. */
  private cellNorm(x: Node, name: string): Node {
    return this.norm(x, this.spec.architecture && name);
  }

  private candidate(operation: string, x: Node, name: string, stride: number): Node {
    const pooled = (y: Node) => (this.spec.architecture ? y : this.norm(y));
    const separable = (input: Node, which: string, kernel: number, step: number, dilation: number) => {
      const wide = this.depthwise(this.relu(input), `${name}/depthwise${which}`, kernel, step, dilation);
      return this.cellNorm(this.conv(wide, `${name}/pointwise${which}`, 1), `${name}/pointwise${which}`);
    };
    switch (operation) {
      case "max_pool_3x3":
        return pooled(this.windows(x, stride, true));
      case "avg_pool_3x3":
        return pooled(this.windows(x, stride, false));
      case "skip_connect":
        return stride === 1 ? x : this.reduced(x, name);
      case "sep_conv_3x3":
        return separable(separable(x, "1", 3, stride, 1), "2", 3, 1, 1);
      case "sep_conv_5x5":
        return separable(separable(x, "1", 5, stride, 1), "2", 5, 1, 1);
      case "dil_conv_3x3":
        return separable(x, "", 3, stride, 2);
      case "dil_conv_5x5":
        return separable(x, "", 5, stride, 2);
      default:
        throw new Error(`no operation ${operation}`);
    }
  }

  private reduced(x: Node, name: string): Node {
    const y = this.relu(x);
    const halves = [this.conv(y, `${name}/conv1`, 2), this.conv(this.moved(y), `${name}/conv2`, 2)];
    return this.cellNorm(this.concat(halves), name);
  }

  /** The image without its first row and column; zeros come in at the other side. */
  private moved(x: Node): Node {
    const { batch, side, channels } = x.value;
    return this.linear(x, side, channels, (visit) => {
      for (let b = 0; b < batch; b++)
        for (let row = 1; row < side; row++)
          for (let i = channels; i < side * channels; i++) {
            const start = (b * side + row) * side * channels;
            visit(start + i, start - side * channels + i - channels, 1);
          }
    });
  }

  private depthwise(x: Node, name: string, kernel: number, stride: number, dilation: number): Node {
    const { offset } = this.parameter(name);
    const { batch, side, channels } = x.value;
    const half = Math.ceil(side / stride);
    const y = map(batch, half, channels);
    const pad = (dilation * (kernel - 1)) / 2;
    const each = (visit: (xi: number, yi: number, wi: number) => void) => {
      for (let yi = 0; yi < y.data.length; yi++) {
        const c = yi % channels;
        const p = Math.floor(yi / channels) % (half * half);
        const b = Math.floor(yi / channels / half / half);
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const row = Math.floor(p / half) * stride - pad + dilation * Math.floor(tap / kernel);
          const column = (p % half) * stride - pad + dilation * (tap % kernel);
          if (row < 0 || column < 0 || row >= side || column >= side) continue;
          visit(((b * side + row) * side + column) * channels + c, yi, offset + tap * channels + c);
        }
      }
    };
    each((xi, yi, wi) => {
      y.data[yi] += x.value.data[xi] * this.weights[wi];
    });
    return this.record(y, (dy) =>
      each((xi, yi, wi) => {
        x.gradient.data[xi] += dy[yi] * this.weights[wi];
        this.dWeights[wi] += dy[yi] * x.value.data[xi];
      }),
    );
  }
}

/** Scores a batch; `mixing` is one row, or one for each image. */
export function dartsScored(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  mixing: ArrayLike<number>,
  batch: Batch,
): Scored {
  return new DartsOracle(spec, weights, batch, mixing).forward();
}

export const dartsOracle = oracleOf(DartsOracle);
