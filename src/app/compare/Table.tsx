import type { Benchmark } from "../../core/benchmark";
import { SETS } from "../benchmark/sets";
import { count, duration, fixed } from "../format";
import { methodName } from "../runs/summary";
import { Badge } from "./Badge";
import { ENTROPY_TITLE } from "./Charts";
import { curvesOf, type EntropyOf } from "./curves";
import { type Compared, type Group, statisticOf } from "./groups";

interface Figure {
  readonly title: string;
  readonly of: (run: Compared) => number;
  readonly format: (value: number) => string;
}

/** The final figures of every run; of several seeds their mean, and the lowest and highest. */
export function Table(props: {
  groups: readonly Group[];
  tabled: boolean;
  benchmark: Benchmark | null;
  entropyOf: EntropyOf;
}) {
  const { groups, tabled, benchmark, entropyOf } = props;
  const nodes = groups.every(({ runs }) => runs.every(({ recording }) => recording.space.rowsAre === "nodes"));
  const cell = ({ recording }: Compared) =>
    benchmark?.figures(recording.space.discretise(recording.mean(recording.steps)));
  const accuracies: Figure[] = [
    ...SETS.map(({ set, title }) => ({
      title: `${title} test, %`,
      of: (run: Compared) => cell(run)?.accuracy[set].test ?? Number.NaN,
      format: (value: number) => fixed(value, 2),
    })),
    {
      title: "Rank on CIFAR-10 of 15,625",
      of: (run) => cell(run)?.rank.cifar10 ?? Number.NaN,
      format: count,
    },
  ];
  const rows: Figure[] = [
    ...(tabled ? accuracies : []),
    { title: "Steps", of: ({ recording }) => recording.steps, format: count },
    { title: "Time", of: ({ recording }) => recording.seconds || Number.NaN, format: duration },
    {
      title: `${ENTROPY_TITLE[entropyOf]}, bit ${nodes ? "a choice" : "an edge"}`,
      of: ({ recording }) => {
        const curves = curvesOf(recording);
        return curves.hasEntropy(recording.steps, entropyOf) ? curves.entropy(recording.steps, entropyOf) : Number.NaN;
      },
      format: (value) => fixed(value, 3),
    },
  ];
  return (
    <table className="compare-table">
      <caption>
        Final figures
        {groups.some(({ runs }) => runs.length > 1) && (
          <span className="muted"> · of several seeds: mean, and lowest to highest</span>
        )}
      </caption>
      <thead>
        <tr>
          <td />
          {groups.map((group) => (
            <th scope="col" key={group.style}>
              <Badge group={group} letters={group.letters} />
              <span className="small">
                {methodName(group.runs[0].recording.settings)}
                {group.runs.length > 1 && `, n = ${group.runs.length}`}
              </span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ title, of, format }) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            {groups.map(({ style, runs }) => (
              <Value key={style} values={runs.map(of)} format={format} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ values, format }: { values: readonly number[]; format: Figure["format"] }) {
  const { mean, low, high } = statisticOf(values);
  if (Number.isNaN(mean)) return <td>–</td>;
  return (
    <td>
      {format(mean)}
      {low !== high && (
        <span className="small muted range">
          {format(low)} to {format(high)}
        </span>
      )}
    </td>
  );
}
