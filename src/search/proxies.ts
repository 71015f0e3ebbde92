import { InputError } from "../core/errors";
import type { ProxyName, Scores } from "../core/proxies";
import { RandomStream } from "../core/random";
import type { Choices } from "../core/space";
import { mean } from "../core/statistics";
import { BatchSource } from "../engine/data/batches";
import type { Dataset } from "../engine/data/dataset";
import type { Batch } from "../engine/engine";
import { createProbePlan, type ProbePlan } from "../engine/plan/probe";
import { Probe, type Prober } from "../engine/probe";
import { batchScores, linearRegions, NTK_IMAGES, REGIONS, type Scoring, synflow, tangentKernel } from "./measures";

/** As many as in Abdelfattah et al. */
export const SCORING_IMAGES = 64;

/** The first images of a data set's weight half: all classes evenly. @throws {InputError} where there are fewer */
export async function scoringBatch(dataset: Dataset, image: number): Promise<Batch> {
  const random = new RandomStream(1, "scoring batch");
  const count = SCORING_IMAGES;
  const source = new BatchSource({ dataset, half: "weights", images: count, image, batch: count, random });
  for await (const batch of source.evaluationBatches(count)) return batch;
  throw new InputError(`${dataset.name} has less than ${count} images`);
}

/** Candidates whose programs are on the device at a time. */
const CHUNK = 20;

/** What one kind of probe tells of a network with its `repeat`-th fresh weights. */
interface Family {
  readonly proxies: readonly ProxyName[];
  plan(scoring: Scoring, architecture: Choices): ProbePlan;
  scores(probe: Probe, scoring: Scoring, repeat: number): Promise<Scores>;
}

const FAMILIES: readonly Family[] = [
  {
    proxies: ["naswot", "jacob_cov", "snip", "grasp", "fisher", "grad_norm"],
    plan: ({ space, sizes, batch }, architecture) =>
      createProbePlan({ space, sizes, batch: batch.labels.length, architecture }),
    scores: batchScores,
  },
  {
    proxies: ["synflow"],
    plan: ({ space, sizes }, architecture) => createProbePlan({ space, sizes, batch: 1, architecture }, false),
    scores: synflow,
  },
  {
    proxies: ["ntk"],
    plan: ({ space, sizes, batch }, architecture) =>
      createProbePlan({ space, sizes, batch: Math.min(NTK_IMAGES, batch.labels.length), architecture }),
    scores: tangentKernel,
  },
  {
    proxies: ["regions"],
    plan: ({ space, sizes }, architecture) => {
      const thin = { ...sizes, channels: 1, cells: 1, image: REGIONS.side, imageChannels: 1 };
      return createProbePlan({ space, sizes: thin, batch: REGIONS.images, architecture });
    },
    scores: linearRegions,
  },
];

/**
 * Scores candidates on fresh weights, one after the other, in their order. Stop asking and the device is freed. The weights of a
 * candidate depend on the seed and its architecture alone, so that its scores do not hang on its company.
 * @throws {InputError} where the device has no compiled engine
 */
export async function* scoreCandidates(candidates: readonly Choices[], scoring: Scoring): AsyncGenerator<Scores, void> {
  const { space, proxies, repeats, device } = scoring;
  const wanted = FAMILIES.filter((family) => family.proxies.some((name) => proxies.includes(name)));
  for (let first = 0; first < candidates.length; first += CHUNK) {
    const chunk = candidates.slice(first, first + CHUNK);
    const probers: Prober[] = [];
    try {
      const benches: { family: Family; probes: Probe[] }[] = [];
      for (const family of wanted) {
        const plans = chunk.map((architecture) => family.plan(scoring, architecture));
        if (!device.createProber) {
          throw new InputError("proxies need the compiled engine: choose the device wasm or webgpu");
        }
        const prober = await device.createProber(plans);
        probers.push(prober);
        benches.push({ family, probes: plans.map((plan) => new Probe(prober, plan)) });
      }
      for (const [i, architecture] of chunk.entries()) {
        const { parameters: params, flops } = space.cost(architecture, space.published);
        const measured: Record<string, number[]> = {};
        for (let repeat = 0; repeat < repeats; repeat++) {
          for (const { family, probes } of benches) {
            for (const [name, value] of Object.entries(await family.scores(probes[i], scoring, repeat))) {
              measured[name] = [...(measured[name] ?? []), value];
            }
          }
        }
        const all: Scores = {
          ...Object.fromEntries(Object.entries(measured).map(([name, values]) => [name, mean(values)])),
          params,
          flops,
          ...(proxies.includes("one_shot") && { one_shot: await scoring.oneShot?.(architecture) }),
        };
        yield Object.fromEntries(proxies.map((name) => [name, all[name] ?? Number.NaN]));
      }
    } finally {
      for (const prober of probers) prober.dispose();
    }
  }
}
