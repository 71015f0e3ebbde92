import { type ReactNode, useMemo } from "react";
import type { Benchmark } from "../../core/benchmark";
import { SETS } from "../benchmark/sets";
import { fixed } from "../format";
import { Button, FigureButtons, useAct } from "../share/actions";
import { download } from "../share/download";
import { Badge } from "./Badge";
import { type Group, statisticOf } from "./groups";
import { bestOf, csvOf, PARTS, type ResultRow, resultRows } from "./rows";
import type { SelectedGroup } from "./selections";

/** The figures of a paper's table: the paper's own, those of the runs here, and the best there is. */
export function Results(props: {
  groups: readonly Group[];
  selections: readonly SelectedGroup[];
  benchmark: Benchmark;
}) {
  const { groups, selections, benchmark } = props;
  const best = useMemo(() => bestOf(benchmark), [benchmark]);
  const rows = useMemo(() => resultRows(groups, selections, benchmark, best), [groups, selections, benchmark, best]);
  return (
    <div className="results-scroll">
      <table className="compare-table results">
        <caption>
          Results on NAS-Bench-201, accuracy, %
          {rows.some(({ values }) => values.cifar10.test.length > 1) && (
            <span className="muted"> · mean ± standard deviation over n seeds</span>
          )}
        </caption>
        <thead>
          <tr>
            <td />
            {SETS.map(({ set, short }) => (
              <th key={set} scope="colgroup" colSpan={2}>
                {short}
              </th>
            ))}
          </tr>
          <tr>
            <td />
            {SETS.map(({ set }) =>
              PARTS.map((part) => (
                <th key={set + part} scope="col">
                  {part}
                </th>
              )),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.title} ${row.note} ${row.style}`}>
              <th scope="row">
                {row.style !== null && <Badge style={row.style} letter={row.letter} />} {row.title}{" "}
                <span className="small muted">
                  {row.note}
                  {row.values.cifar10.test.length > 1 && `, n = ${row.values.cifar10.test.length}`}
                </span>
              </th>
              {SETS.map(({ set }) => PARTS.map((part) => <Value key={set + part} values={row.values[set][part]} />))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="small muted">
        In the paper: Zhang et al., BaLeNAS, CVPR 2022 (<a href="https://arxiv.org/abs/2111.13204">arXiv 2111.13204</a>
        ). All others are the benchmark's, Dong and Yang, ICLR 2020: a cell trained for 200 epochs, mean of its runs.
      </p>
      <Save rows={rows} />
    </div>
  );
}

/** The charts and the table as files. */
function Save({ rows }: { rows: readonly ResultRow[] }) {
  const { said, act } = useAct();
  return (
    <div className="compare-save small">
      Save the charts:
      <FigureButtons name="comparison" title="Charts of the comparison" selector=".compare-charts" act={act} />
      the results:
      <Button onClick={() => act("Results saved.", () => download("results.csv", csvOf(rows), "text/csv"))}>CSV</Button>
      <span className="muted" role="status">
        {said}
      </span>
    </div>
  );
}

function Value({ values }: { values: readonly number[] }) {
  return <Spread values={values} format={(value) => fixed(value, 2)} />;
}

/** A cell of a table: the mean of some values, and below it their standard deviation where there is one. */
export function Spread({
  values,
  format,
}: {
  values: readonly number[];
  format: (value: number) => string;
}): ReactNode {
  const { mean, deviation } = statisticOf(values);
  if (Number.isNaN(mean)) return <td>–</td>;
  return (
    <td>
      {format(mean)}
      {!Number.isNaN(deviation) && format(deviation) !== "0" && (
        <span className="small muted range">± {format(deviation)}</span>
      )}
    </td>
  );
}
