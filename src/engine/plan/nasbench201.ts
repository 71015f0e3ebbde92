import { STAGES } from "../network";
import { cell } from "./cell";
import { discreteCell } from "./discrete";
import type { Context, Layer } from "./layer";
import { head, residual, stem } from "./skeleton";
import { vectorsOf } from "./weights";

/** Adds the entries of one pass through a network of NAS-Bench-201, up to its gradients. */
export function nasBench201Network(context: Context): void {
  const { spec, pass, program, regions } = context;
  const { channels, cells, image, imageChannels } = spec.sizes;
  const layers: { name: string; layer: Layer }[] = [];
  let x = { offset: regions.images, side: image, vectors: vectorsOf(imageChannels) };
  const add = (name: string, build: () => Layer) => {
    program.layer = name;
    const layer = build();
    // Without a backward pass nobody needs an input again; the images are not the program's to release.
    if (pass === "evaluate" && layers.length > 0) program.release(x);
    layers.push({ name, layer });
    x = layer.y;
  };
  add("stem", () => stem(context, x, channels));
  for (let stage = 0; stage < STAGES; stage++) {
    if (stage > 0) add(`reduce${stage}`, () => residual(context, `reduce${stage}`, x, channels * 2 ** stage));
    for (let i = 0; i < cells; i++) {
      const index = stage * cells + i;
      add(`cell${index}`, () => (spec.architecture ? discreteCell : cell)(context, index, x));
    }
  }
  program.layer = "head";
  const last = head(context, x);
  if (pass === "evaluate") return;

  let dy = last.backward();
  for (let i = layers.length - 1; i > 0; i--) {
    program.layer = layers[i].name;
    // The stem learns nothing but weights.
    const wanted = i > 1 || pass === "weights";
    const dx = layers[i].layer.backward(dy, wanted);
    if (dx) dy = dx;
  }
  program.layer = "stem";
  if (pass === "weights") layers[0].layer.backward(dy, false);
}
