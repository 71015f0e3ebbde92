import { NAS_BENCH_1SHOT1 } from "../../src/core/nasbench1shot1";
import type { NetworkSizes } from "../../src/core/space";
import type { Batch, SupernetSpec } from "../../src/engine/engine";
import { type Case, drawn, type Mix } from "./cases";
import { map, type Node, Oracle, oracleOf, type Scored } from "./oracle";

const SIZES: NetworkSizes = { channels: 4, cells: 1, image: 8, imageChannels: 1, classes: 3 };

/** @param number of the space, 1 to 3 */
export function oneShotCase(
  number: number,
  sizes: Partial<NetworkSizes>,
  batch: number,
  mix: Mix = "dense",
  seed = 1,
): Case {
  return drawn({ space: NAS_BENCH_1SHOT1[number - 1], sizes: { ...SIZES, ...sizes }, batch }, mix, seed);
}

const OPERATIONS = ["maxpool3x3", "conv3x3-bn-relu", "conv1x1-bn-relu"];

/** Inputs of each block and of the output that are decided for, by space: 0 where a node takes all. */
const INPUT_ROWS = [
  [0, 0, 3, 4, 5],
  [0, 2, 3, 4, 5],
  [0, 2, 3, 4, 5, 6],
];

/** The search network of NAS-Bench-1Shot1 in plain float64 loops, after model_search.py of automl/nasbench-1shot1. */
class OneShotOracle extends Oracle {
  override forward(): Scored {
    const { sizes } = this.spec;
    const input = map(this.count, sizes.image, sizes.imageChannels);
    input.data.set(this.batch.images);
    const images = this.record(input, () => {});
    let x = this.relu(this.norm(this.conv(images, "stem/conv", 1), "stem"));
    for (let i = 0; i < 3 * sizes.cells; i++) {
      if (i === sizes.cells || i === 2 * sizes.cells) x = this.windows(x, 2, true, 2);
      x = this.choiceCell(x, `cell${i}`);
    }
    return this.classified(this.norm(this.conv(this.relu(x), "tail/conv", 1)));
  }

  private convBnRelu(x: Node, name: string): Node {
    return this.relu(this.norm(this.conv(x, name, 1), name));
  }

  private choiceCell(x: Node, name: string): Node {
    const rows = INPUT_ROWS[Number(this.spec.space.id.at(-1)) - 1];
    const blocks = rows.length - 1;
    let next = 3 * blocks;
    const states: Node[] = [];
    for (let b = 1; b <= blocks; b++) {
      const inputs = [this.convBnRelu(x, `${name}/block${b}/input`), ...states];
      const first = next;
      next += rows[b - 1];
      const chosen = inputs.map((node, i) => (rows[b - 1] > 0 ? { node, weight: first + i } : { node }));
      const mixed = this.sum(chosen);
      const results = OPERATIONS.map((operation, o) => ({
        node:
          operation === "maxpool3x3"
            ? this.windows(mixed, 1, true)
            : this.convBnRelu(mixed, `${name}/block${b}/${operation}`),
        weight: 3 * (b - 1) + o,
      }));
      states.push(this.sum(results));
    }
    const parts = states.map((state, i) =>
      this.sum([
        { node: this.convBnRelu(x, `${name}/block${i + 1}/output`), weight: next },
        { node: state, weight: next + 1 + i },
      ]),
    );
    return this.concat(parts);
  }
}

/** Scores a batch; `mixing` is one row, or one for each image. */
export function oneShotScored(
  spec: SupernetSpec,
  weights: ArrayLike<number>,
  mixing: ArrayLike<number>,
  batch: Batch,
): Scored {
  return new OneShotOracle(spec, weights, batch, mixing).forward();
}

export const oneShotOracle = oracleOf(OneShotOracle);
