import { STAGES } from "../network";
import { cell } from "./cell";
import { discreteCell } from "./discrete";
import type { Context } from "./layer";
import { type Build, head, residual, sequence, stem } from "./skeleton";

/** Adds the entries of one pass through a network of NAS-Bench-201, up to its gradients. */
export function nasBench201Network(context: Context): void {
  const { spec } = context;
  const { channels, cells } = spec.sizes;
  const layers: [string, Build][] = [["stem", (x) => stem(context, x, channels)]];
  for (let stage = 0; stage < STAGES; stage++) {
    const name = `reduce${stage}`;
    if (stage > 0) layers.push([name, (x) => residual(context, name, x, channels * 2 ** stage)]);
    for (let i = 0; i < cells; i++) {
      const index = stage * cells + i;
      layers.push([`cell${index}`, (x) => (spec.architecture ? discreteCell : cell)(context, index, x)]);
    }
  }
  sequence(context, layers, (x) => head(context, x));
}
