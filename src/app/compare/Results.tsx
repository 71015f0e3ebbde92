import type { ReactNode } from "react";
import { SETS } from "../benchmark/sets";
import { fixed } from "../format";
import { Badge } from "./Badge";
import { statisticOf } from "./groups";
import { PARTS, type ResultRow } from "./rows";

/** The figures of a paper's table: the paper's own, those of the runs here, and the best there is. */
export function Results({ rows }: { rows: readonly ResultRow[] }) {
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
      {!Number.isNaN(deviation) && <span className="small muted range">± {format(deviation)}</span>}
    </td>
  );
}
