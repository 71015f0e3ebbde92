/** Replays the entries of a plan: one call a program. */
import { conv, convData, convWeights } from "./conv";
import { features, featuresMap, featuresReduce, gradientNorm, loss, update } from "./head";
import { node, nodeMap, norm, normMap, pool, poolData, spread } from "./linear";
import { meet } from "./machine";
import { biasGradient, examples, mixingGradient, nodeReduce, normReduce, runningStats, stats, track } from "./reduce";

export { matmul } from "./matmul";
export { setup } from "./machine";

/** Runs the entries between two addresses; opcodes in the order of plan/kernels.ts. */
export function run(entry: usize, end: usize): void {
  while (entry < end) {
    const a = entry + 8;
    switch (load<i32>(entry)) {
      case 0: conv(a); break;
      case 1: convData(a); break;
      case 2: convWeights(a); break;
      case 3: stats(a); break;
      case 4: norm(a); break;
      case 5: normReduce(a); break;
      case 6: normMap(a); break;
      case 7: node(a); break;
      case 8: nodeReduce(a); break;
      case 9: nodeMap(a); break;
      case 10: spread(a); break;
      case 11: examples(a); break;
      case 12: mixingGradient(a); break;
      case 13: pool(a); break;
      case 14: poolData(a); break;
      case 15: features(a); break;
      case 16: featuresReduce(a); break;
      case 17: featuresMap(a); break;
      case 18: loss(a); break;
      case 19: biasGradient(a); break;
      case 20: gradientNorm(a); break;
      case 21: update(a); break;
      case 22: track(a); break;
      case 23: runningStats(a); break;
      default: unreachable();
    }
    meet();
    entry = a + ((<usize>load<i32>(entry, 4)) << 2);
  }
}
