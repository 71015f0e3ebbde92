import { createHash } from "node:crypto";
import { SETS } from "../../app/benchmark/sets";
import { rankingTitle } from "../../app/select/scores";
import type { Benchmark } from "../../core/benchmark";
import { BENCHMARK_SETS } from "../../core/benchmark";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import type { Scores } from "../../core/proxies";
import {
  type Candidate,
  drawGroup,
  parseRanking,
  rankCandidates,
  SHORT_TRAINING,
  standardFor,
} from "../../core/selection";
import type { Dataset } from "../../engine/data/dataset";
import type { ReadyDevice } from "../../engine/devices";
import { scoreCandidates, scoringBatch } from "../../search/proxies";
import type { Posterior } from "../../search/select";
import { halvingRounds, rankTrained, shortTraining, type Trained } from "../../search/short-training";
import { markdownTable, spread } from "./markdown";

/** How a short training might select: what it did on the seeds that it was chosen by. */
interface Rule {
  readonly title: string;
  readonly ranking: string;
  readonly temperature: number;
  readonly count: number;
  /** Losses decide without the proxies once those have chosen `count`, or the other way round. */
  readonly alone?: "loss" | "proxies";
}

const { ranking, temperature } = standardFor(SHORT_TRAINING.candidates);
const CHOSEN: Rule = { title: "as chosen", ranking, temperature, count: SHORT_TRAINING.candidates };
const RULES: readonly Rule[] = [
  CHOSEN,
  { ...CHOSEN, title: "the proxies alone", alone: "proxies" },
  { ...CHOSEN, title: "the loss alone", alone: "loss" },
  { ...CHOSEN, title: "the best 100", count: 100 },
  { ...CHOSEN, title: "the best 50", count: 50 },
  { ...CHOSEN, title: "the best 50, the loss alone", count: 50, alone: "loss" },
  { ...CHOSEN, title: "NASWOT and FLOPs", ranking: "naswot+flops" },
  { ...CHOSEN, title: "scales as they are", temperature: 1 },
  { ...CHOSEN, title: "scales times 2", temperature: 2 },
];

/** Of the draws, as `nas select --samples`. */
const SAMPLES = 1000;
/** All candidates of all runs train from the same weights on the same batches, so many at a time. */
const SEED = 100;
const TOGETHER = 128;

interface Drawn {
  readonly seed: number;
  readonly groups: ReadonlyMap<number, readonly Candidate[]>;
  readonly scores: ReadonlyMap<string, Scores>;
}

/**
 * docs/selection.md: what every rule picks from runs, and from either half of their candidates.
 * @param runs the distributions by seed
 */
export async function rules(
  runs: ReadonlyMap<number, Posterior>,
  { device, dataset, benchmark }: { device: ReadyDevice; dataset: Dataset; benchmark: Benchmark },
): Promise<string> {
  const drawn: Drawn[] = [];
  for (const [seed, posterior] of runs) {
    drawn.push(await scored(seed, posterior, device, dataset));
    console.error(`seed ${seed} scored`);
  }
  const halves = [null, 0, 1] as const;
  const entrants = new Set<string>();
  for (const rule of RULES) {
    for (const half of halves) {
      for (const each of drawn) for (const { architecture } of best(each, rule, half)) entrants.add(architecture);
    }
  }
  const outcomes = await trained([...entrants], device, dataset);
  const tests = ({ choices }: Candidate) => {
    const { accuracy } = benchmark.figures(choices);
    return BENCHMARK_SETS.map((set) => accuracy[set].test);
  };
  const rows = RULES.map((rule) => {
    const of = (half: 0 | 1 | null) => drawn.map((each) => tests(picked(best(each, rule, half), rule, outcomes)));
    const columns = halves.map(of);
    return [
      rule.title,
      ...columns.flatMap((found) => BENCHMARK_SETS.map((_, set) => spread(found.map((test) => test[set])))),
    ];
  });
  const seeds = [...runs.keys()];
  const titles = SETS.map(({ title }) => title);
  const tables = ["All candidates", "One half of the space, half as many", "The other half"].flatMap((title, part) => [
    `## ${title}`,
    "",
    ...markdownTable(
      ["", ...titles],
      rows.map(([rule, ...values]) => [rule, ...values.slice(part * titles.length, (part + 1) * titles.length)]),
    ),
    "",
  ]);
  return [
    "# How the short training was chosen",
    "",
    `Written by \`npm run sweep -- rules ${seeds[0]}..${seeds[seeds.length - 1]}\`: what other rules would have picked from the default's runs of these seeds, none of which`,
    "judges. Each draws a thousand cells and trains the best by the proxies; every cell trains once, from the same weights on the same",
    "batches whichever run drew it. Test accuracies, %, in the benchmark's table: mean ± standard deviation over the runs. The halves of the",
    "space are by a hash of the cell. As chosen:",
    `${CHOSEN.count} cells by ${rankingTitle(parseRanking(CHOSEN.ranking, "a rule"))}, scales times ${CHOSEN.temperature}, ${SHORT_TRAINING.rounds} rounds, places by the proxies and by the loss added.`,
    "",
    ...tables,
  ].join("\n");
}

async function scored(seed: number, posterior: Posterior, device: ReadyDevice, dataset: Dataset): Promise<Drawn> {
  const temperatures = [...new Set(RULES.map((rule) => rule.temperature))];
  const groups = new Map(
    temperatures.map((each) => {
      return [each, drawGroup(NAS_BENCH_201, posterior, { samples: SAMPLES, temperature: each, seed }).candidates];
    }),
  );
  const all = [...new Map([...groups.values()].flat().map((each) => [each.architecture, each])).values()];
  const { channels, image } = SHORT_TRAINING;
  const scoring = {
    space: NAS_BENCH_201,
    sizes: { channels, cells: 1, image, imageChannels: 1, classes: dataset.classes.length },
    batch: await scoringBatch(dataset, image),
    seed,
    repeats: 1,
    proxies: [...new Set(RULES.flatMap((rule) => parseRanking(rule.ranking, "a rule")))],
    device,
  };
  const scores = new Map<string, Scores>();
  for await (const each of scoreCandidates(
    all.map(({ choices }) => choices),
    scoring,
  )) {
    scores.set(all[scores.size].architecture, each);
  }
  return { seed, groups, scores };
}

/** Those that would train, the best by the proxies first; of one half of the space half as many. */
function best({ groups, scores }: Drawn, rule: Rule, half: 0 | 1 | null): Candidate[] {
  const group = groups.get(rule.temperature) ?? [];
  const within = half === null ? group : group.filter(({ architecture }) => halfOf(architecture) === half);
  const by = parseRanking(rule.ranking, "a rule");
  const ranked = rankCandidates(within, ({ architecture }) => scores.get(architecture) ?? {}, by);
  return ranked.slice(0, half === null ? rule.count : rule.count / 2);
}

function halfOf(architecture: string): number {
  return createHash("sha256").update(architecture).digest()[0] % 2;
}

/** By architecture what it comes to after each round. */
type Outcomes = ReadonlyMap<string, readonly Trained[]>;

async function trained(architectures: readonly string[], device: ReadyDevice, dataset: Dataset): Promise<Outcomes> {
  const { channels, cells, image, batch, steps, rounds } = SHORT_TRAINING;
  const sizes = { channels, cells, image, imageChannels: 1, classes: dataset.classes.length };
  const outcomes = new Map<string, Trained[]>();
  for (let first = 0; first < architectures.length; first += TOGETHER) {
    const some = architectures.slice(first, first + TOGETHER);
    for (const round of halvingRounds(1, { steps, rounds })) {
      const options = {
        space: NAS_BENCH_201,
        sizes,
        batch,
        dataset,
        seed: SEED,
        steps: round.steps,
        rounds: 1,
        device,
      };
      const training = shortTraining(
        some.map((architecture) => NAS_BENCH_201.parse(architecture)),
        options,
      );
      let next = await training.next();
      while (!next.done) next = await training.next();
      for (const [i, outcome] of next.value.entries()) {
        outcomes.set(some[i], [...(outcomes.get(some[i]) ?? []), outcome]);
      }
    }
    console.error(`${first + some.length} of ${architectures.length} trained`);
  }
  return outcomes;
}

/** What a rule decides on. */
function picked(candidates: readonly Candidate[], { alone }: Rule, outcomes: Outcomes): Candidate {
  if (alone === "proxies") return candidates[0];
  let kept = candidates.map((_, i) => i);
  for (const [round, { networks }] of halvingRounds(candidates.length, SHORT_TRAINING).entries()) {
    const inTheList = kept.slice(0, networks).sort((a, b) => a - b);
    const losses = inTheList.map((i) => outcomes.get(candidates[i].architecture)?.[round] as Trained);
    const byLoss = () => losses.map((_, k) => k).sort((a, b) => losses[a].loss - losses[b].loss);
    kept = (alone === "loss" ? byLoss() : rankTrained(losses)).map((k) => inTheList[k]);
  }
  return candidates[kept[0]];
}
