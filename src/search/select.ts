import type { Benchmark, CellFigures } from "../core/benchmark";
import { InputError } from "../core/errors";
import { NAS_BENCH_201 } from "../core/nasbench201";
import type { ProxyName, Scores } from "../core/proxies";
import {
  type Candidate,
  correlations,
  drawGroup,
  type Group,
  oracle,
  type Ranked,
  rankCandidates,
  selectionCurve,
  uniformGroup,
} from "../core/selection";
import type { Choices } from "../core/space";
import type { Scoring } from "./measures";
import { scoreCandidates } from "./proxies";
import type { HeaderRecord, RunRecord } from "./records";

/** A distribution over architecture parameters, or a point estimate. */
export interface Posterior {
  readonly mean: readonly number[];
  readonly scale: readonly number[] | null;
}

/** The distribution with which a run ends, or as far as it got. */
export function posteriorOf([header, ...records]: readonly [HeaderRecord, ...RunRecord[]]): Posterior {
  const last = records.findLast((record) => record.kind === "step");
  const { mean, scale } = last?.kind === "step" ? last : header;
  return { mean, scale };
}

/** How an architecture is selected; by default 100 samples by NASWOT and FLOPs. */
export interface SelectOptions {
  readonly posterior: Posterior;
  readonly samples: number;
  /** What the scales are multiplied by, above 0. */
  readonly temperature: number;
  readonly seed: number;
  /** The proxies whose ranks are averaged. */
  readonly rankBy: readonly ProxyName[];
  readonly benchmark: Benchmark | null;
  /** Its proxies are those that are measured; `rankBy` is always among them. */
  readonly scoring: Omit<Scoring, "seed">;
}

/** An architecture and what the benchmark says of it. */
export interface Looked {
  readonly architecture: string;
  readonly benchmark: CellFigures["accuracy"] | null;
}

export interface CandidateRow extends Looked {
  /** 1 for the winner. */
  readonly rank: number;
  readonly meanRank: number;
  readonly draws: number;
  readonly first: number;
  readonly scores: Scores;
}

export interface SelectionResult {
  /** The best first. */
  readonly candidates: readonly CandidateRow[];
  /** Null while nothing is scored. */
  readonly winner: Looked | null;
  /** What the argmax of the mean is. */
  readonly argmax: Looked;
  /** Share of the samples that are the argmax. */
  readonly argmaxShare: number;
  /** Samples without a path from input to output. */
  readonly disconnected: number;
  /** With the CIFAR-10 test accuracy, by proxy and of the whole ranking; null without a table. */
  readonly rankCorrelation: Readonly<Record<string, number | null>> | null;
  /** The pick from as many uniformly random architectures. */
  readonly control: (Looked & { readonly candidates: number }) | null;
  /** The best candidate on each data set; null without a table. */
  readonly oracle: ReturnType<typeof oracle> | null;
  readonly curve: readonly (Looked & { readonly samples: number })[];
}

/**
 * A selection under way: its candidates, and those of the control, are scored one by one; the result may be asked for at any time and is
 * that of what has been scored.
 */
export class Selection {
  readonly group: Group;
  readonly control: Group;
  private readonly scores = new Map<string, Scores>();

  /** @throws {InputError} where the space has no networks that proxies look into */
  constructor(private readonly options: SelectOptions) {
    const { posterior, samples, temperature, seed, scoring } = options;
    const { space } = scoring;
    if (space.id !== NAS_BENCH_201.id) {
      throw new InputError(`proxies rank cells of ${NAS_BENCH_201.title} only: choose a run of that space`);
    }
    this.group = drawGroup(space, posterior, { samples, temperature, seed });
    this.control = uniformGroup(space, samples, seed);
  }

  /** Candidates to score in all, and how many are. */
  get progress(): { readonly scored: number; readonly total: number } {
    return { scored: this.scores.size, total: this.all().length };
  }

  /** Takes over what an earlier, interrupted selection with the same options scored. */
  restore(architecture: string, scores: Scores): void {
    this.scores.set(architecture, scores);
  }

  /** Scores what isn't scored yet, those of the group first. Stop asking to cancel; a later call goes on. */
  async *run(): AsyncGenerator<{ readonly architecture: string; readonly scores: Scores }, void> {
    const { scoring, seed, rankBy } = this.options;
    const proxies = [...new Set([...rankBy, ...scoring.proxies])];
    const waiting = this.all().filter(({ architecture }) => !this.scores.has(architecture));
    let next = 0;
    for await (const scores of scoreCandidates(
      waiting.map(({ choices }) => choices),
      { ...scoring, seed, proxies },
    )) {
      const { architecture } = waiting[next++];
      this.scores.set(architecture, scores);
      yield { architecture, scores };
    }
  }

  result(): SelectionResult {
    const { posterior, benchmark, rankBy, scoring } = this.options;
    const { space } = scoring;
    const { samples, disconnected } = this.group;
    const ranked = this.ranked(this.group);
    const [control] = this.ranked(this.control);
    const decided = space.discretise(posterior.mean);
    const accuracy = ({ choices }: Candidate) => benchmark?.figures(choices).accuracy.cifar10.test ?? Number.NaN;
    return {
      candidates: ranked.map((candidate, i) => {
        const { meanRank, draws, first, scores } = candidate;
        return { rank: i + 1, ...this.looked(candidate.choices), meanRank, draws, first, scores };
      }),
      winner: ranked.length > 0 ? this.looked(ranked[0].choices) : null,
      argmax: this.looked(decided),
      argmaxShare: (this.group.candidates.find(({ first }) => first === 0)?.draws ?? 0) / samples,
      disconnected,
      rankCorrelation: benchmark && correlations(ranked, accuracy),
      control: control ? { ...this.looked(control.choices), candidates: this.control.candidates.length } : null,
      oracle: benchmark && ranked.length > 0 ? oracle(ranked, benchmark) : null,
      curve: selectionCurve(this.scored(this.group), this.scoresOf, rankBy).map(({ samples: count, picked }) => {
        return { samples: count, ...this.looked(picked.choices) };
      }),
    };
  }

  private readonly scoresOf = ({ architecture }: Candidate): Scores => this.scores.get(architecture) ?? {};

  /** A group without what isn't scored yet. */
  private scored(group: Group): Group {
    return { ...group, candidates: group.candidates.filter(({ architecture }) => this.scores.has(architecture)) };
  }

  /** What is scored of the group or of the control, the best first. */
  ranked(group: Group): Ranked[] {
    return rankCandidates(this.scored(group).candidates, this.scoresOf, this.options.rankBy);
  }

  /** Candidates of the group, then those of the control, each architecture once. */
  private all(): Candidate[] {
    const both = [...this.group.candidates, ...this.control.candidates];
    return [...new Map(both.map((candidate) => [candidate.architecture, candidate])).values()];
  }

  looked(choices: Choices): Looked {
    const { benchmark, scoring } = this.options;
    const figures = benchmark?.figures(choices).accuracy ?? null;
    return { architecture: scoring.space.format(choices), benchmark: figures };
  }
}
