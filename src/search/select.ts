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
  SHORT_TRAINING,
  selectionCurve,
  uniformGroup,
} from "../core/selection";
import type { Choices } from "../core/space";
import { rankCorrelation } from "../core/statistics";
import type { Dataset } from "../engine/data/dataset";
import type { OpenDevice } from "../engine/device";
import type { Scoring } from "./measures";
import { scoreCandidates } from "./proxies";
import type { HeaderRecord, RunRecord } from "./records";
import { rankTrained, shortTraining, stepsInAll, type Trained } from "./short-training";

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

/** How an architecture is selected. */
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
  /** The short training that decides between the best by the proxies; null where they decide alone. */
  readonly training: {
    /** How many it begins with, at least 1. */
    readonly count: number;
    readonly dataset: Dataset;
    readonly device: Pick<OpenDevice, "createGroup">;
  } | null;
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

/** A candidate after the short training. */
export interface TrainedRow extends Looked, Trained {
  /** 1 for the one that it decides on. */
  readonly place: number;
  /** By the proxies. */
  readonly rank: number;
}

interface TrainedCandidate extends Trained {
  readonly candidate: Candidate;
  /** By the proxies. */
  readonly rank: number;
}

/** What a short training came to: the best first; empty while it is under way. */
export interface TrainingResult {
  readonly candidates: readonly TrainedRow[];
  /** Those of the best uniformly random architectures. */
  readonly control: readonly TrainedRow[];
  /** Of its order with the CIFAR-10 test accuracy; null without a table or too few. */
  readonly rankCorrelation: number | null;
  /** The best of those that were trained, on each data set; null without a table. */
  readonly oracle: ReturnType<typeof oracle> | null;
}

/** How far a short training is: that of the group comes before that of the control. */
export interface ShortTrainingProgress {
  readonly of: "group" | "control";
  /** 1 the first. */
  readonly round: number;
  /** Networks that it trains. */
  readonly networks: number;
  /** Steps of single networks taken so far, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface SelectionResult {
  /** The best first. */
  readonly candidates: readonly CandidateRow[];
  /** The best by the proxies; null while nothing is scored. */
  readonly winner: Looked | null;
  /** Null where none was asked for. */
  readonly training: TrainingResult | null;
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
  /** The best first. */
  private readonly trained: Record<ShortTrainingProgress["of"], TrainedCandidate[]> = { group: [], control: [] };

  /** @throws {InputError} where the space has no networks that proxies look into, or a supernet is to be asked that is not there */
  constructor(private readonly options: SelectOptions) {
    const { posterior, samples, temperature, seed, rankBy, scoring } = options;
    const { space, proxies, oneShot } = scoring;
    if (space.id !== NAS_BENCH_201.id) {
      throw new InputError(`proxies rank cells of ${NAS_BENCH_201.title} only: choose a run of that space`);
    }
    if (!oneShot && [...rankBy, ...proxies].includes("one_shot")) {
      throw new InputError(
        "one-shot accuracy asks the supernet that the run trained, and there is none: run a search on a supernet, or choose another proxy",
      );
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

  /**
   * Trains the best of what is scored briefly, those of the group, then those of the control. Nothing where no training was asked for.
   * Stop asking to cancel; a later call trains anew what was not finished.
   */
  async *train(): AsyncGenerator<ShortTrainingProgress, void> {
    const { training, scoring, seed } = this.options;
    if (!training) return;
    const { space, sizes } = scoring;
    const { channels, cells, image, ...halving } = SHORT_TRAINING;
    const chosen = { group: this.ranked(this.group), control: this.ranked(this.control) };
    const parts = (["group", "control"] as const).map((of) => ({ of, best: chosen[of].slice(0, training.count) }));
    const total = parts.reduce((sum, { best }) => sum + stepsInAll(best.length, halving), 0);
    let before = 0;
    for (const { of, best } of parts) {
      if (this.trained[of].length === 0 && best.length > 0) {
        const stepping = shortTraining(
          best.map(({ choices }) => choices),
          { space, sizes: { ...sizes, channels, cells, image }, seed, ...halving, ...training },
        );
        try {
          for (let next = await stepping.next(); ; next = await stepping.next()) {
            if (next.done) {
              const outcome = next.value;
              this.trained[of] = rankTrained(outcome).map((i) => ({ candidate: best[i], rank: i + 1, ...outcome[i] }));
              break;
            }
            const { round, networks, done } = next.value;
            yield { of, round, networks, done: before + done, total };
          }
        } finally {
          // Where this generator is left early, so is that one, which frees the device.
          await stepping.return([]);
        }
      }
      before += stepsInAll(best.length, halving);
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
      training: this.options.training && this.trainingResult(),
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

  private trainingResult(): TrainingResult {
    const { benchmark } = this.options;
    const { group, control } = this.trained;
    const rowsOf = (trained: readonly TrainedCandidate[]) =>
      trained.map(({ candidate, ...rest }, i): TrainedRow => {
        return { place: i + 1, ...this.looked(candidate.choices), ...rest };
      });
    const candidates = rowsOf(group);
    const correlation = rankCorrelation(
      candidates.map(({ place }) => -place),
      candidates.map((row) => row.benchmark?.cifar10.test ?? Number.NaN),
    );
    return {
      candidates,
      control: rowsOf(control),
      rankCorrelation: Number.isFinite(correlation) ? correlation : null,
      oracle:
        benchmark && group.length > 0
          ? oracle(
              group.map(({ candidate }) => candidate),
              benchmark,
            )
          : null,
    };
  }

  private readonly scoresOf = ({ architecture }: Candidate): Scores => this.scores.get(architecture) ?? {};

  /** A group without what isn't scored yet. */
  private scored(group: Group): Group {
    return { ...group, candidates: group.candidates.filter(({ architecture }) => this.scores.has(architecture)) };
  }

  /** What is scored of the group or of the control, the best first. */
  private ranked(group: Group): Ranked[] {
    return rankCandidates(this.scored(group).candidates, this.scoresOf, this.options.rankBy);
  }

  /** Candidates of the group, then those of the control, each architecture once. */
  private all(): Candidate[] {
    const both = [...this.group.candidates, ...this.control.candidates];
    return [...new Map(both.map((candidate) => [candidate.architecture, candidate])).values()];
  }

  private looked(choices: Choices): Looked {
    const { benchmark, scoring } = this.options;
    const figures = benchmark?.figures(choices).accuracy ?? null;
    return { architecture: scoring.space.format(choices), benchmark: figures };
  }
}
