import { useEffect, useState } from "react";
import { messageOf } from "../../core/errors";
import type { OneShotSpace } from "../../core/nasbench1shot1";
import { type GraphCellFigures, type NasBench101, openNasBench101 } from "../../core/nasbench101-figures";
import type { EstimateReport } from "../../core/nasbench101-quality";
import type { Choices } from "../../core/space";
import { idle } from "../idle";

/** What is known of cells within NAS-Bench-101, and how well the estimate of the others does. */
export interface GraphBenchmark {
  readonly table: NasBench101;
  readonly report: EstimateReport;
}

/** Cells whose figures are kept: an estimate takes a millisecond. */
const MOST_KNOWN = 5000;
const known = new Map<string, GraphCellFigures>();

/** The figures of an architecture; worked out once. */
export function graphFigures(space: OneShotSpace, { table }: GraphBenchmark, choices: Choices): GraphCellFigures {
  const key = `${space.id} ${choices}`;
  const found = known.get(key);
  if (found) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const figures = table.figures(space.toCell(choices));
  known.set(key, figures);
  return figures;
}

let loading: Promise<GraphBenchmark> | null = null;

async function read(path: string): Promise<Uint8Array> {
  const response = await fetch(`./${path}`);
  if (!response.ok) throw new Error(`${path} could not be loaded (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Fetched once, and only when a space that has such cells is on screen. */
function load(): Promise<GraphBenchmark> {
  loading ??= (async () => {
    await idle();
    const [table, report] = await Promise.all([openNasBench101(read), read("benchmarks/nasbench101-estimate.json")]);
    return { table, report: JSON.parse(new TextDecoder().decode(report)) as EstimateReport };
  })();
  return loading;
}

export interface LoadedGraphBenchmark {
  readonly benchmark: GraphBenchmark | null;
  /** Why there are no figures. */
  readonly failure: string | null;
  readonly retry: () => void;
}

/** @param wanted is a space of such cells on screen? */
export function useGraphBenchmark(wanted: boolean): LoadedGraphBenchmark {
  const [state, setState] = useState<Omit<LoadedGraphBenchmark, "retry">>({ benchmark: null, failure: null });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt loads again
  useEffect(() => {
    if (!wanted) return;
    let mounted = true;
    load().then(
      (benchmark) => mounted && setState({ benchmark, failure: null }),
      (error) => {
        loading = null;
        if (mounted) setState({ benchmark: null, failure: messageOf(error) });
      },
    );
    return () => {
      mounted = false;
    };
  }, [wanted, attempt]);
  return { ...state, retry: () => setAttempt(attempt + 1) };
}
