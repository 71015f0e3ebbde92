import { lazy, Suspense, useDeferredValue } from "react";
import "./charts.css";
import type { SeriesChartProps } from "./series";

/** Recharts comes after the first paint, in a chunk of its own. */
const SeriesChart = lazy(() => import("./SeriesChart"));

/** A chart in a box of fixed height; an empty one says what will appear. */
export function Chart({ empty, ...props }: SeriesChartProps & { empty: string | null }) {
  const calm = useDeferredValue(props);
  return (
    <div className="chart">
      <Suspense fallback={null}>
        <SeriesChart {...calm} />
      </Suspense>
      {empty && <p className="chart-empty small">{empty}</p>}
    </div>
  );
}
