import { type Arguments, argumentsOf, type Entry, type Kind } from "../plan/kernels";
import type { Dispatch } from "./shader";
import { examples, node, nodeMap, nodeReduce, spread } from "./shaders/cell";
import { conv, convData } from "./shaders/conv";
import { convWeights } from "./shaders/convWeights";
import { biasGradient, features, loss, mixingGradient, pool, poolData } from "./shaders/head";
import { featuresMap, featuresReduce, norm, normMap, normReduce, stats } from "./shaders/norm";
import { gradientNorm, update } from "./shaders/optimiser";

const LOWERINGS: { readonly [K in Kind]: (args: Arguments<K>, images: number, entry: Entry) => Dispatch } = {
  conv,
  convData,
  convWeights,
  stats,
  norm,
  normReduce,
  normMap,
  node,
  nodeReduce,
  nodeMap,
  spread,
  examples,
  mixingGradient,
  pool,
  poolData,
  features,
  featuresReduce,
  featuresMap,
  loss,
  biasGradient,
  gradientNorm,
  update,
};

/** The one dispatch that runs an entry of a plan whose batch, padded, has so many images. */
export function lower(entry: Entry, images: number): Dispatch {
  const to = LOWERINGS[entry.kind] as (args: Arguments<Kind>, images: number, entry: Entry) => Dispatch;
  return to(argumentsOf(entry.kind, entry), images, entry);
}
