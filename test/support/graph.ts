import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import type { NetworkSizes } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { type Case, drawn } from "./cases";
import { map, type Node, Oracle, oracleOf, type Scored } from "./oracle";

const SIZES: NetworkSizes = { channels: 4, cells: 1, image: 6, imageChannels: 1, classes: 3 };

/** Cells by space that between them have every operation, blocks wider than those they lead to, blocks that lead nowhere, and an output of the input. */
export const GRAPHS = {
  "S1, a block that leads nowhere": {
    number: 1,
    text: "conv1x1-bn-relu(0)|conv3x3-bn-relu(0,1)|maxpool3x3(0,2)|conv3x3-bn-relu(0,1)|output(2,3)",
  },
  "S2, blocks of two widths": {
    number: 2,
    text: "conv3x3-bn-relu(0)|maxpool3x3(1)|conv1x1-bn-relu(1,2)|conv3x3-bn-relu(1,3)|output(0,3,4)",
  },
  "S3, the output of one block": {
    number: 3,
    text: "conv1x1-bn-relu(0)|conv3x3-bn-relu(0)|maxpool3x3(1)|conv3x3-bn-relu(0,2)|conv1x1-bn-relu(3,4)|output(0,5)",
  },
} as const;

/** The discrete network of a cell of space S1, S2 or S3; it takes no mixing weights. */
export function graphCase(
  { number, text }: { readonly number: number; readonly text: string },
  sizes: Partial<NetworkSizes> = {},
  batch = 4,
  seed = 1,
): Case {
  const space = NAS_BENCH_1SHOT1[number - 1];
  const spec = { space, sizes: { ...SIZES, ...sizes }, batch, architecture: space.parse(text) };
  return { ...drawn(spec, "zero", seed), mixing: new Float64Array(0) };
}

/** Blocks that reach the output, in order, and the output's: operation and places of the inputs among them, -1 the cell's input. */
function readCell(text: string): { operation: string; inputs: number[] }[] {
  const all = text.split("|").map((part) => {
    const [operation, list] = part.slice(0, -1).split("(");
    return { operation, inputs: list.split(",").map(Number) };
  });
  const kept = [all.length];
  for (let node = all.length - 1; node > 0; node--) {
    if (kept.some((later) => all[later - 1].inputs.includes(node))) kept.unshift(node);
  }
  return kept.map((node) => {
    const { operation, inputs } = all[node - 1];
    return { operation, inputs: inputs.map((input) => (input === 0 ? -1 : kept.indexOf(input))) };
  });
}

/** NAS-Bench-101's networks in plain float64 loops, after lib/model_builder.py of google-research/nasbench. */
class GraphOracle extends Oracle {
  override forward(): Scored {
    const { sizes, space, architecture = [] } = this.spec;
    const nodes = readCell(space.format(architecture));
    const input = map(this.count, sizes.image, sizes.imageChannels);
    input.data.set(this.batch.images);
    let x = this.convBnRelu(
      this.record(input, () => {}),
      "stem/conv",
      "stem",
    );
    for (let i = 0; i < 3 * sizes.cells; i++) {
      if (i === sizes.cells || i === 2 * sizes.cells) x = this.blocks(x);
      x = this.graphCell(x, `cell${i}`, nodes, sizes.channels * 2 ** Math.floor(i / sizes.cells));
    }
    return this.classified(x);
  }

  private convBnRelu(x: Node, name: string, norm = name): Node {
    return this.relu(this.norm(this.conv(x, name, 1), norm));
  }

  private graphCell(x: Node, name: string, nodes: ReturnType<typeof readCell>, channels: number): Node {
    const output = nodes[nodes.length - 1];
    const joined = output.inputs.filter((input) => input >= 0);
    const widths = nodes.map(() => 0);
    for (const [i, block] of joined.entries()) {
      widths[block] = Math.floor(channels / joined.length) + (i < channels % joined.length ? 1 : 0);
    }
    for (let block = nodes.length - 2; block >= 0; block--) {
      if (joined.includes(block)) continue;
      for (const [later, { inputs }] of nodes.slice(0, -1).entries()) {
        if (inputs.includes(block)) widths[block] = Math.max(widths[block], widths[later]);
      }
    }
    const values: Node[] = [];
    for (const [block, { operation, inputs }] of nodes.slice(0, -1).entries()) {
      const own = `${name}/block${block + 1}`;
      const parts = inputs.map((input) => ({
        node: input < 0 ? this.convBnRelu(x, `${own}/input`) : this.truncated(values[input], widths[block]),
      }));
      const sum = this.sum(parts);
      values.push(
        operation === "maxpool3x3" ? this.windows(sum, 1, true) : this.convBnRelu(sum, `${own}/${operation}`),
      );
    }
    const whole = this.concat(joined.map((block) => values[block]));
    if (joined.length === output.inputs.length) return whole;
    return this.sum([{ node: whole }, { node: this.convBnRelu(x, `${name}/output/input`) }]);
  }

  private truncated(node: Node, channels: number): Node {
    return this.pick(Array.from({ length: channels }, (_, channel) => ({ node, channel })));
  }
}

/** Scores a batch. */
export function graphScored(spec: SupernetSpec, weights: ArrayLike<number>, batch: Batch): Scored {
  return new GraphOracle(spec, weights, batch, []).forward();
}

export const graphOracle = oracleOf(GraphOracle);
