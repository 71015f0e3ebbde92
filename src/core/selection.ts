import type { Benchmark, BenchmarkSet } from "./benchmark";
import { BENCHMARK_SETS } from "./benchmark";
import { InputError } from "./errors";
import { isomorphismKey, NAS_BENCH_201 } from "./nasbench201";
import { samplePreferences } from "./posterior";
import { merit, PROXY_NAMES, type ProxyName, type Scores } from "./proxies";
import { RandomStream } from "./random";
import type { Choices, SearchSpace } from "./space";
import { mean, rankCorrelation, ranks } from "./statistics";
import { nearest } from "./text";

/**
 * Selection of an architecture from a learned distribution (BaLeNAS-TF; Zhang et al., CVPR 2022): a group of samples is discretised and
 * ranked by training-free proxies, in place of the argmax of the mean.
 */

/** How a group is drawn and ranked unless it is asked for otherwise. */
interface Standard {
  /** As `parseRanking` reads it. */
  readonly ranking: string;
  readonly temperature: number;
}

/**
 * Where the proxies decide, and where a short training after them does: that one finds by itself what learns easily, wants proxies that
 * tell capacity, and a wider group to choose from. Chosen on seeds of their own (docs/results.md).
 */
const STANDARDS: Readonly<Record<"alone" | "training", Standard>> = {
  alone: { ranking: "synflow", temperature: 1 },
  training: { ranking: "synflow+flops", temperature: 1.5 },
};

/** @param train how many are to be trained; 0: none */
export function standardFor(train: number): Standard {
  return train > 0 ? STANDARDS.training : STANDARDS.alone;
}

/**
 * The networks of a short training and their batches, the steps of its first round, its rounds, and how many it decides between: small
 * enough for seconds, and deep enough to tell what a shortcut is worth. Chosen as the rankings were.
 */
export const SHORT_TRAINING = {
  channels: 4,
  cells: 3,
  image: 8,
  batch: 32,
  steps: 100,
  rounds: 2,
  candidates: 150,
} as const;

export interface Candidate {
  readonly choices: Choices;
  /** In the space's notation. */
  readonly architecture: string;
  /** How many samples it is, or an isomorph of. */
  readonly draws: number;
  /** Number of the first of them, from 1; 0 for the argmax, which is there without being drawn. */
  readonly first: number;
}

/** Samples that are connected, isomorphs merged, in the order in which they came. */
export interface Group {
  readonly samples: number;
  readonly candidates: readonly Candidate[];
  /** Samples without a path from input to output. */
  readonly disconnected: number;
}

/** What two architectures share that compute the same. */
function keyOf(space: SearchSpace, choices: Choices): string {
  return space.id === NAS_BENCH_201.id ? isomorphismKey(choices) : space.format(choices);
}

/** @param decided stands at the head of the candidates, unless it is disconnected */
function grouped(space: SearchSpace, samples: readonly Choices[], decided?: Choices): Group {
  const found = new Map<string, Candidate>();
  let disconnected = 0;
  if (decided && space.connected(decided)) {
    const candidate = { choices: decided, architecture: space.format(decided), draws: 0, first: 0 };
    found.set(keyOf(space, decided), candidate);
  }
  for (const [i, choices] of samples.entries()) {
    if (!space.connected(choices)) {
      disconnected++;
      continue;
    }
    const key = keyOf(space, choices);
    const known = found.get(key) ?? { choices, architecture: space.format(choices), draws: 0, first: i + 1 };
    found.set(key, { ...known, draws: known.draws + 1 });
  }
  return { samples: samples.length, candidates: [...found.values()], disconnected };
}

/**
 * A group drawn from a run's distribution, with its argmax. Gaussians are drawn from with their scales times the temperature; the choices
 * of a point estimate (scale null) come with the probabilities softmax(alpha / temperature), row by row.
 * @param temperature above 0
 */
export function drawGroup(
  space: SearchSpace,
  { mean: at, scale }: { readonly mean: ArrayLike<number>; readonly scale: ArrayLike<number> | null },
  { samples, temperature, seed }: { readonly samples: number; readonly temperature: number; readonly seed: number },
): Group {
  const random = new RandomStream(seed, "selected samples");
  const centre = scale ? at : Float64Array.from(at, (alpha) => alpha / temperature);
  const spread = scale && Float64Array.from(scale, (sigma) => sigma * temperature);
  const draws = Array.from({ length: samples }, () => space.discretise(samplePreferences(centre, spread, random)));
  return grouped(space, draws, space.discretise(at));
}

/** As many uniformly random architectures: what a group has to beat under the same proxy. */
export function uniformGroup(space: SearchSpace, samples: number, seed: number): Group {
  const random = new RandomStream(seed, "uniform samples");
  const even = new Float64Array(space.size);
  return grouped(
    space,
    Array.from({ length: samples }, () => space.discretise(samplePreferences(even, null, random))),
  );
}

/** Proxies joined by "+": their ranks are averaged. @throws {InputError} naming what is wrong */
export function parseRanking(text: string, label: string): ProxyName[] {
  return text.split(/[+,]/).map((name) => {
    const found = PROXY_NAMES.find((known) => known === name.trim());
    if (found) return found;
    throw new InputError(
      `${label} names the proxy "${name}", expected some of ${PROXY_NAMES.join(", ")} joined by "+"; ` +
        `the nearest is ${nearest(name, PROXY_NAMES)}`,
    );
  });
}

export interface Ranked extends Candidate {
  readonly scores: Scores;
  /** Mean of its places by the proxies, 1 the best, equals sharing the mean of theirs. */
  readonly meanRank: number;
}

/** Candidates from the best to the worst; of equals the one drawn more often, then the one drawn first. */
export function rankCandidates(
  candidates: readonly Candidate[],
  scoresOf: (candidate: Candidate) => Scores,
  by: readonly ProxyName[],
): Ranked[] {
  const scores = candidates.map(scoresOf);
  const places = by.map((name) => ranks(scores.map((each) => -merit(name, each))));
  return candidates
    .map((candidate, i) => ({ ...candidate, scores: scores[i], meanRank: 1 + mean(places.map((place) => place[i])) }))
    .sort((a, b) => a.meanRank - b.meanRank || b.draws - a.draws || a.first - b.first);
}

/** Rank correlation of every proxy, and of the ranking itself, with accuracies; null where it is undefined. */
export function correlations(
  ranked: readonly Ranked[],
  accuracy: (candidate: Candidate) => number,
): Record<string, number | null> {
  const accuracies = ranked.map(accuracy);
  const of = (values: readonly number[]) => {
    const value = rankCorrelation(values, accuracies);
    return Number.isFinite(value) ? value : null;
  };
  const names = PROXY_NAMES.filter((name) => ranked.some(({ scores }) => scores[name] !== undefined));
  return {
    rank: of(ranked.map(({ meanRank }) => -meanRank)),
    ...Object.fromEntries(names.map((name) => [name, of(ranked.map(({ scores }) => merit(name, scores)))])),
  };
}

/** Numbers of samples at which a selection's curve is read off. */
const CURVE = [1, 5, 10, 20, 50, 100, 200, 500, 1000];

/** For prefixes of the samples, the candidate that is picked from them. */
export function selectionCurve(
  group: Group,
  scoresOf: (candidate: Candidate) => Scores,
  by: readonly ProxyName[],
): { readonly samples: number; readonly picked: Ranked }[] {
  const counts = [...CURVE.filter((count) => count < group.samples), group.samples];
  return counts.flatMap((samples) => {
    const within = group.candidates.filter(({ first }) => first <= samples);
    const [picked] = rankCandidates(within, scoresOf, by);
    return picked ? [{ samples, picked }] : [];
  });
}

/** The best of some candidates on each data set, by the benchmark's test accuracy. */
export function oracle(candidates: readonly Candidate[], benchmark: Benchmark) {
  const best = (set: BenchmarkSet) => {
    const test = ({ choices }: Candidate) => benchmark.figures(choices).accuracy[set].test;
    const found = candidates.reduce((a, b) => (test(b) > test(a) ? b : a));
    return { architecture: found.architecture, test: test(found) };
  };
  return Object.fromEntries(BENCHMARK_SETS.map((set) => [set, best(set)])) as Record<
    BenchmarkSet,
    { readonly architecture: string; readonly test: number }
  >;
}
