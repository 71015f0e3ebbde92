import { create } from "zustand";
import { DARTS } from "../../core/darts";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { PUBLISHED_GENOTYPES } from "../../core/published-genotypes";
import { uniformGroup } from "../../core/selection";
import type { Choices, SearchSpace } from "../../core/space";
import { count } from "../format";
import { useRecording } from "../history";
import { type Moment, useMoment } from "../moment";
import { nameOf } from "../runs/summary";
import { useSelection } from "../select/selection";
import type { Entrant } from "./training";

/** Where a cell may come from. */
export const SOURCES = ["pick", "argmax", "known", "random", "hand"] as const;
export type SourceName = (typeof SOURCES)[number];

export interface Offer extends Entrant {
  readonly source: SourceName;
  /** Who says so. */
  readonly reference?: string;
}

/** What DARTS ends in on NAS-Bench-201: every edge a shortcut. */
const ALL_SKIP = NAS_BENCH_201.rows.map(({ choices }) => choices.indexOf("skip_connect"));
const ALL_SKIP_REFERENCE = "Dong and Yang, NAS-Bench-201, ICLR 2020";

/** Which cells are to be trained; it stays as it is while the drawer is closed. */
export const useLineup = create<{
  readonly wanted: Readonly<Record<SourceName, boolean>>;
  /** Number of the random cell. */
  readonly draw: number;
  /** Which published genotype stands in the line-up. */
  readonly published: string;
  /** Cells drawn by hand, by space. */
  readonly drawn: Readonly<Record<string, Choices>>;
}>(() => ({
  wanted: { pick: true, argmax: true, known: true, random: false, hand: false },
  draw: 1,
  published: "DARTS_V2",
  drawn: {},
}));

/** Random cells among which the first that is connected is taken. */
const TRIES = 32;

/** The cells on offer, of the space on screen. */
export function useOffers(): Offer[] {
  const moment = useMoment();
  const { settings } = useRecording();
  const selection = useSelection(({ latest }) => latest);
  const { draw, published, drawn } = useLineup();
  const { space, step } = moment;
  const picked = selection?.request.space === space.id ? selection.progress.result?.winner : null;
  const random = uniformGroup(space, TRIES, draw).candidates[0];
  const offers: (Offer | null)[] = [
    picked
      ? {
          source: "pick",
          title: "Pick",
          note: `of the selection, ${selection?.source.title}`,
          choices: space.parse(picked.architecture),
        }
      : null,
    { source: "argmax", title: "Argmax", note: `${nameOf(settings)}, step ${count(step)}`, choices: moment.choices },
    knownOf(space, published),
    random ? { source: "random", title: "Random", note: `uniform, number ${draw}`, choices: random.choices } : null,
    { source: "hand", title: "By hand", note: "as you draw it", choices: handOf(moment, drawn) },
  ];
  return offers.filter((offer) => offer !== null);
}

/** The cell drawn by hand; before anything is drawn, the argmax. */
export function handOf({ space, choices }: Moment, drawn: Readonly<Record<string, Choices>>): Choices {
  return drawn[space.id] ?? choices;
}

/** What DARTS, or another paper, found in a space; null where nothing is known. */
function knownOf(space: SearchSpace, published: string): Offer | null {
  const source = "known";
  if (space.id === NAS_BENCH_201.id) {
    return { source, title: "DARTS", note: "where its search ends", reference: ALL_SKIP_REFERENCE, choices: ALL_SKIP };
  }
  const genotype = space.id === DARTS.id && PUBLISHED_GENOTYPES.find(({ id }) => id === published);
  if (!genotype) return null;
  return {
    source,
    title: genotype.title,
    note: "as published",
    reference: `${genotype.paper}; code: ${genotype.source}`,
    choices: genotype.choices,
  };
}

/** The offers that are wanted; one that is there twice is trained once, under both names. */
export function lineUp(offers: readonly Offer[], wanted: Readonly<Record<SourceName, boolean>>): Entrant[] {
  const cells = new Map<string, Entrant>();
  for (const { source, title, note, choices } of offers) {
    if (!wanted[source]) continue;
    const known = cells.get(choices.join());
    cells.set(choices.join(), known ? { ...known, title: `${known.title}, ${title}` } : { title, note, choices });
  }
  return [...cells.values()];
}
