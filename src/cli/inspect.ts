import type { CellFigures } from "../core/benchmark";
import type { ControlKey, Settings } from "../core/controls";
import { InputError } from "../core/errors";
import { type OneShotSpace, oneShotOf, type TableOptimum } from "../core/nasbench1shot1";
import { queryOf } from "../core/nasbench101";
import type { GraphCellFigures } from "../core/nasbench101-figures";
import type { EstimateQuality } from "../core/nasbench101-quality";
import type { Choices, NetworkCost, NetworkSizes, SearchSpace } from "../core/space";
import { SPACES } from "../core/spaces";
import { layoutSize, parameterLayout } from "../engine/network";
import { createPlan, planCost } from "../engine/plan/plan";
import { ARCHITECTURE, architectureOf } from "./architecture";
import { estimateReport, openBenchmark, openGraphBenchmark } from "./files";
import { countHelp, countOf, type Given, helpText, type OptionTable, parseOptions, settingOf } from "./options";

const SIZES = ["channels", "cells", "image"] as const satisfies readonly ControlKey[];
const CLASSES = { min: 2, max: 1000, standard: 10 };

const OPTIONS: OptionTable = {
  controls: ["space", ...SIZES],
  own: {
    classes: { value: "K", help: `Classes. ${countHelp(CLASSES)}` },
    arch: ARCHITECTURE,
    supernet: { help: "The supernet of the space in place of one architecture." },
  },
};

interface Inspection extends NetworkCost {
  readonly space: Settings["space"];
  /** Null for the supernet. */
  readonly architecture: string | null;
  readonly notations: Readonly<Record<string, string>> | null;
  readonly benchmark: CellFigures["accuracy"] | null;
  readonly rank: CellFigures["rank"] | null;
  /** Of a cell within NAS-Bench-101 what its code is asked with, and what is known of it; absent elsewhere. */
  readonly nasbench101?: ReturnType<typeof queryOf> &
    GraphCellFigures & {
      /** On cells that the estimate was not fitted to; absent where the accuracy is none. */
      readonly estimate?: EstimateQuality;
    };
  /** The least errors in the table over the whole space, %; absent where they are not known. */
  readonly optimum?: TableOptimum;
}

/** `nas inspect`: what is known of one architecture, as JSON. */
export async function inspect(args: readonly string[]): Promise<void> {
  const given = parseOptions(args, OPTIONS);
  if (given.has("help")) console.log(help());
  else console.log(JSON.stringify(await inspection(given)));
}

async function inspection(given: Given): Promise<Inspection> {
  const id = settingOf("space", given.get("space")?.[0] ?? "nasbench201") as Settings["space"];
  const space = SPACES[id];
  const text = given.get("arch")?.[0];
  if (given.has("supernet") === (text !== undefined)) {
    const example = space.format(space.discretise(new Float64Array(space.size)));
    throw new InputError(`expected either --arch STRING or --supernet, for example --arch "${example}"`);
  }
  const sizes = sizesOf(given, text === undefined ? space.searched : space.published);
  if (text === undefined) {
    const cost = supernetCost(space, sizes);
    return { space: id, architecture: null, notations: null, ...cost, benchmark: null, rank: null };
  }
  const choices = architectureOf(space, text);
  const architecture = space.format(choices);
  const figures = space.tabled ? (await openBenchmark(id)).figures(choices) : null;
  return {
    space: id,
    architecture,
    notations: { [id]: architecture },
    ...space.cost(choices, sizes),
    benchmark: figures?.accuracy ?? null,
    rank: figures?.rank ?? null,
    ...(await oneShotFigures(oneShotOf(space), choices)),
  };
}

/** What NAS-Bench-101 knows of a cell. */
async function oneShotFigures(
  space: OneShotSpace | null,
  choices: Choices,
): Promise<Pick<Inspection, "nasbench101" | "optimum">> {
  if (!space) return {};
  const cell = space.toCell(choices);
  const figures = (await openGraphBenchmark()).figures(cell);
  const estimate = figures.exact ? {} : { estimate: (await estimateReport()).heldOut };
  return { nasbench101: { ...queryOf(cell), ...figures, ...estimate }, optimum: space.optimum };
}

function sizesOf(given: Given, defaults: NetworkSizes): NetworkSizes {
  const sizes: Record<keyof NetworkSizes, number> = { ...defaults };
  for (const key of SIZES) {
    const text = given.get(key)?.[0];
    if (text !== undefined) sizes[key] = settingOf(key, text) as number;
  }
  return { ...sizes, classes: countOf(given, "classes", CLASSES) };
}

/** Every candidate runs on every edge, so its work is the skeleton's plus that of each candidate alone; of nodes it is what is planned. */
function supernetCost(space: SearchSpace, sizes: NetworkSizes): NetworkCost {
  if (space.rowsAre === "nodes") {
    const plan = createPlan({ space, sizes, batch: 1 }, { limit: Number.POSITIVE_INFINITY });
    const { parameters, flops } = planCost(plan, { architecture: 0, weights: 0, forward: 1 });
    return { parameters, flops: flops / 2 };
  }
  const cheapest = space.rows.map(() => 0);
  const skeleton = space.cost(cheapest, sizes).flops;
  let flops = skeleton;
  for (const [row, { choices }] of space.rows.entries()) {
    for (let choice = 0; choice < choices.length; choice++) {
      flops += space.cost(cheapest.with(row, choice), sizes).flops - skeleton;
    }
  }
  return { parameters: layoutSize(parameterLayout(space, sizes)), flops };
}

function help(): string {
  return helpText(
    "inspect --arch STRING | --supernet [options]",
    "Looks one architecture up: parameters, FLOPs, benchmark figures and ranks. Sizes default to those that the benchmark trains,\n" +
      "its figures hold for those; where there is no benchmark, to those that the paper trains, and searches the supernet with.",
    OPTIONS,
    SPACES.nasbench201.published,
  );
}
