import type { Benchmark } from "../core/benchmark";
import type { Settings } from "../core/controls";
import { InputError } from "../core/errors";
import { createMethod } from "../core/methods";
import type { NasBench101 } from "../core/nasbench101-figures";
import { RandomStream } from "../core/random";
import { checkTogether, stepPasses } from "../core/settings";
import { SPACES } from "../core/spaces";
import { BatchSource, type Half } from "../engine/data/batches";
import type { Dataset } from "../engine/data/dataset";
import type { OpenDevice } from "../engine/device";
import type { Batch, DeviceReport, Engine, SupernetSpec } from "../engine/engine";
import { InstantEngine, objectiveTable } from "../engine/instant/engine";
import { EXACT, Examples } from "../engine/instant/examples";
import { initialWeights, parameterLayout } from "../engine/network";
import { createPlan, type Plan, type PlanCost, planCost, tooLarge } from "../engine/plan/plan";
import { Search } from "./search";

/** What the search on a supernet finds around it: images, a device, and the benchmark's figures where the space has them. */
export interface Surroundings {
  readonly dataset: Dataset;
  readonly device: Pick<DeviceReport, "device" | "engine">;
  readonly createEngine: (spec: SupernetSpec, weights: Float32Array) => Promise<Engine>;
  readonly benchmark: Benchmark | null;
  /** Null, or absent, for a space that does not lie within NAS-Bench-101. */
  readonly nasBench101?: NasBench101 | null;
}

/** What the search on the instant objective finds around it: the answers, and nothing else. */
export type InstantSurroundings = Pick<Surroundings, "benchmark">;

export interface OpenSearch {
  readonly search: Search;
  /** Frees the device. */
  readonly close: () => void;
}

/** The network that settings describe for a data set. */
export function specOf(settings: Settings, dataset: Pick<Dataset, "classes">): SupernetSpec {
  const { channels, cells, image, batch, method, partialChannels } = settings;
  const sizes = { channels, cells, image, imageChannels: 1, classes: dataset.classes.length };
  return { space: SPACES[settings.space], sizes, batch, partial: method === "pc-darts" ? partialChannels : 1 };
}

/** What a search will cost on a device. */
export interface SearchCost extends PlanCost {
  /** Why the device cannot hold the network, and what to do; null where it can. */
  readonly refusal: string | null;
}

let costed: { readonly network: string; readonly plan: Plan } | null = null;

/** Most knobs leave the network as it is, and a large one takes a fifth of a second to plan: the last plan is kept. */
function planToCost(spec: SupernetSpec): Plan {
  const network = JSON.stringify([spec.space.id, spec.sizes, spec.batch, spec.partial]);
  if (costed?.network !== network) {
    costed = { network, plan: createPlan(spec, { limit: Number.POSITIVE_INFINITY }) };
  }
  return costed.plan;
}

/** The cost of a search, known before it runs. */
export function costOf(
  settings: Settings,
  dataset: Pick<Dataset, "classes">,
  { arenaLimit = Number.POSITIVE_INFINITY }: Pick<OpenDevice, "arenaLimit">,
): SearchCost {
  const cost = planCost(planToCost(specOf(settings, dataset)), stepPasses(settings));
  const refusal = cost.arenaBytes > arenaLimit ? tooLarge(cost.arenaBytes, arenaLimit) : null;
  return { ...cost, refusal };
}

/**
 * A search at step 0. Initial weights and batches depend on the seed and the sizes alone, so every method starts alike, but for one with
 * partial channels, whose operations have fewer weights.
 * @throws {InputError} for settings that clash with each other or with the data
 */
export async function openSearch(
  settings: Settings,
  surroundings: Surroundings | InstantSurroundings,
): Promise<OpenSearch> {
  checkTogether(settings);
  if (settings.objective === "instant") return openInstant(settings, surroundings.benchmark);
  if (!("dataset" in surroundings)) throw new InputError("a search on a supernet needs images and a device");
  const { dataset, device, createEngine, benchmark, nasBench101 } = surroundings;
  const { seed, images, image, batch } = settings;
  const source = (half: Half) =>
    new BatchSource({ dataset, half, images, image, batch, random: new RandomStream(seed, `${half} batches`) });
  const architectureBatches = source("architecture");
  const evaluations = new Map<number, Batch[]>();
  const evaluationBatches = async (count: number) => {
    const known = evaluations.get(count);
    if (known) return known;
    const batches: Batch[] = [];
    for await (const each of architectureBatches.evaluationBatches(count)) batches.push(each);
    evaluations.clear();
    evaluations.set(count, batches);
    return batches;
  };
  const spec = specOf(settings, dataset);
  const weights = initialWeights(
    parameterLayout(spec.space, spec.sizes, undefined, spec.partial),
    new RandomStream(seed, "weights"),
  );
  const weightBatches = source("weights");
  const engine = await createEngine(spec, weights);
  const search = new Search({
    settings,
    data: dataset.name,
    space: spec.space,
    method: createMethod(settings, spec.space),
    engine,
    device,
    weightBatches,
    architectureBatches,
    evaluationBatches,
    benchmark,
    nasBench101,
  });
  return { search, close: () => engine.dispose() };
}

function openInstant(settings: Settings, benchmark: Benchmark | null): OpenSearch {
  const space = SPACES[settings.space];
  if (!benchmark) {
    throw new InputError(
      `the instant objective needs a table of every cell, ${space.title} has none: use the supernet`,
    );
  }
  const { seed, objectiveData } = settings;
  const search = new Search({
    settings,
    data: objectiveData,
    space,
    method: createMethod(settings, space),
    engine: new InstantEngine(objectiveTable(benchmark, objectiveData)),
    device: { device: "cpu", engine: "reference" },
    weightBatches: null,
    architectureBatches: new Examples(new RandomStream(seed, "objective noise")),
    evaluationBatches: async () => [EXACT],
    benchmark,
  });
  return { search, close: () => {} };
}
