import { lazy, memo, Suspense, useMemo } from "react";
import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { SETS } from "../benchmark/sets";
import type { Series } from "../charts/series";
import { fixed } from "../format";
import { FileButton } from "../runs/FileButton";
import { openDrawer } from "../store";
import { Badge } from "./Badge";
import { styleOf } from "./curves";
import { Figure } from "./Figure";
import { forget, type SelectedGroup, selectionPoints } from "./selections";

const SamplesChart = memo(lazy(() => import("../select/SamplesChart")));

interface Props {
  groups: readonly SelectedGroup[];
  benchmark: Benchmark;
  set: BenchmarkSet;
  isShown: boolean;
}

/** Accuracy of what is selected by the number of samples that it is selected from. */
export function SelectionFigure({ groups, benchmark, set, isShown }: Props) {
  const { data, series, label } = useMemo(() => plotOf(groups, benchmark, set), [groups, benchmark, set]);
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const { title } = SETS.find((each) => each.set === set) ?? SETS[0];
  return (
    <>
      <Figure
        title={`Accuracy of the pick on ${title}, %, by number of samples`}
        note={seeds > 1 ? "mean ± s.d. over seeds" : null}
        className="whole"
        isShown={isShown && series.length > 0}
        empty="Finished selections are drawn here"
      >
        <Suspense fallback={<div className="chart" />}>
          <SamplesChart label={label} data={data} series={series} />
        </Suspense>
      </Figure>
      <div className="whole selections small">
        <ul aria-label="Selections in this comparison">
          {groups.map((group) => (
            <li key={group.title + group.style}>
              <Badge style={group.style} letter="" />{" "}
              <span>
                {group.title}
                <span className="muted">{seedsText(group)}</span>
              </span>
              <button
                type="button"
                className="button plain slim"
                aria-label={`Take out: ${group.title}`}
                onClick={() => forget(group)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <div className="actions">
          <button type="button" className="button slim" onClick={() => openDrawer("select")}>
            Select…
          </button>
          <FileButton
            title="Open selections…"
            what="Selections"
            hint="What nas select printed; or drop it anywhere on the page"
          />
        </div>
      </div>
    </>
  );
}

const seedsText = ({ runs }: SelectedGroup) =>
  runs.length === 1 ? ` · seed ${runs[0].seed}` : ` · ${runs.length} seeds`;

function plotOf(groups: readonly SelectedGroup[], benchmark: Benchmark, set: BenchmarkSet) {
  const data = selectionPoints(groups, benchmark, set);
  const curved = groups.filter(({ runs }) => runs.some(({ curve }) => curve.length > 0));
  const series = curved.map(({ style, title, runs }): Series => {
    const key = `g${style}`;
    const band = runs.length > 1 ? ([`${key}low`, `${key}high`] as const) : undefined;
    return { key, name: title, ...styleOf(style), dots: "joined", band };
  });
  const words = curved.map(({ style, title }) => {
    const points = data.filter((datum) => datum[`g${style}`] !== undefined);
    return `${title}: ${points.map((datum) => `${fixed(datum[`g${style}`], 2)} % of ${datum.samples}`).join(", ")}`;
  });
  return { data, series, label: `Test accuracy of the pick by the number of samples. ${words.join("; ")}.` };
}
