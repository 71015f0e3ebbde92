import type { OneShotSpace } from "../../core/nasbench1shot1";
import { type GraphCellFigures, type NasBench101, openNasBench101 } from "../../core/nasbench101-figures";
import type { EstimateReport } from "../../core/nasbench101-quality";
import type { Choices } from "../../core/space";
import { Figures, type Loaded, read, useFigures } from "./load";

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

const SAMPLE = new Figures(async (): Promise<GraphBenchmark> => {
  const [table, report] = await Promise.all([openNasBench101(read), read("benchmarks/nasbench101-estimate.json")]);
  return { table, report: JSON.parse(new TextDecoder().decode(report)) as EstimateReport };
});

/** What is known of cells within NAS-Bench-101. @param wanted as in `useFigures` */
export function useGraphBenchmark(wanted: boolean): Loaded<GraphBenchmark> {
  return useFigures(SAMPLE, wanted);
}
