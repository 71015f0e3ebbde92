import { lazy, memo, Suspense, useMemo } from "react";
import "./charts.css";
import { idle } from "../idle";
import type { SeriesChartProps } from "./series";
import { useTurn } from "./useTurn";

/** Recharts comes after the first paint, in a chunk of its own. */
const SeriesChart = memo(lazy(() => idle().then(() => import("./SeriesChart"))));

/** A chart in a box of fixed height; an empty one says what will appear. */
export function Chart({ empty, ...props }: SeriesChartProps & { empty: string | null }) {
  const { data, end, cursor, marks, references } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the props are new objects every time; what they draw is the data
  const drawing = useMemo(() => props, [data, end, cursor, marks.length, references]);
  const drawn = useTurn(drawing);
  return (
    <div className="chart">
      <Suspense fallback={null}>
        <SeriesChart {...drawn} />
      </Suspense>
      {empty && <p className="chart-empty small">{empty}</p>}
    </div>
  );
}
