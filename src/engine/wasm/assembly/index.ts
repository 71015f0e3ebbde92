/** Replays the entries of a plan: one call a program. */
import { conv, convData, convWeights, prepare, prepares } from "./conv";
import { features, featuresMap, featuresReduce, gradientNorm, loss, update } from "./head";
import { node, nodeMap, norm, normMap, pool, poolData, spread } from "./linear";
import { arg, from, threads, to, usePart, useScratch } from "./machine";
import { matmul } from "./matmul";
import { biasGradient, examples, mixingGradient, nodeReduce, normReduce, runningStats, stats, track } from "./reduce";
import { depthwise, depthwiseData, depthwiseWeights, pointwise, pointwiseData, pointwiseWeights } from "./separable";
import { claim, entry as claimed, finish, next, preparation, publish, report } from "./share";
import { copy, mean, meanData, shuffle, windows, windowsData } from "./windows";

export { setup } from "./machine";

/** Runs the entries between two addresses, together with the threads that help. */
export function run(entry: usize, end: usize): void {
  for (; entry < end; entry = after(entry)) {
    if (isPrepared(entry)) share(entry, true);
    share(entry, false);
  }
}

function after(entry: usize): usize {
  return entry + 8 + ((<usize>load<i32>(entry, 4)) << 2);
}

function isPrepared(entry: usize): bool {
  const opcode = load<i32>(entry);
  return opcode < 3 && prepares(opcode, entry + 8);
}

/**
 * Runs lists of entries that know nothing of each other: each of those of the part at hand on this thread alone, so that nobody waits
 * between entries. A count, then for every list the address of its scratch memory, of its first entry and of its end.
 */
function strands(a: usize): void {
  const count = arg(a, 0);
  const first = from(count), last = to(count);
  usePart(0, 1);
  for (let i = first; i < last; i++) {
    const shared = useScratch(arg(a, 3 * i + 1));
    for (let entry: usize = arg(a, 3 * i + 2), end: usize = arg(a, 3 * i + 3); entry < end; entry = after(entry)) {
      if (isPrepared(entry)) compute(entry, true);
      compute(entry, false);
    }
    useScratch(shared);
  }
}

function share(entry: usize, preparing: bool): void {
  if (threads == 1) {
    usePart(0, 1);
    compute(entry, preparing);
    return;
  }
  publish(entry, preparing);
  while (claim()) {
    compute(entry, preparing);
    report();
  }
  finish();
}

/** Helps with what another thread runs, until that ends the team. */
export function help(): void {
  while (next()) {
    compute(claimed, preparation);
    report();
  }
}

/** Computes the part at hand of one entry; opcodes in the order of plan/kernels.ts, then one that measures and one of lists. */
function compute(entry: usize, preparing: bool): void {
  const opcode = load<i32>(entry);
  const a = entry + 8;
  if (preparing) {
    prepare(opcode, a);
    return;
  }
  switch (opcode) {
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
    case 24: depthwise(a); break;
    case 25: depthwiseData(a); break;
    case 26: depthwiseWeights(a); break;
    case 27: pointwise(a); break;
    case 28: pointwiseData(a); break;
    case 29: pointwiseWeights(a); break;
    case 30: windows(a); break;
    case 31: windowsData(a); break;
    case 32: copy(a); break;
    case 33: mean(a); break;
    case 34: meanData(a); break;
    case 35: shuffle(a); break;
    case 36: matmul(a); break;
    case 37: strands(a); break;
    default: unreachable();
  }
}
