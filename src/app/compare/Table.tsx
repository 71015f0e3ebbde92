import type { Benchmark } from "../../core/benchmark";
import { count, duration, fixed } from "../format";
import { methodName } from "../runs/summary";
import { Badge } from "./Badge";
import { ENTROPY_TITLE } from "./Charts";
import { curvesOf, type EntropyOf } from "./curves";
import type { Compared, Group } from "./groups";
import { Spread } from "./Results";

interface Figure {
  readonly title: string;
  readonly of: (run: Compared) => number;
  readonly format: (value: number) => string;
}

/** What the runs were worth and took; of several seeds the mean and the standard deviation. */
export function Table(props: {
  groups: readonly Group[];
  tabled: boolean;
  benchmark: Benchmark | null;
  entropyOf: EntropyOf;
}) {
  const { groups, tabled, benchmark, entropyOf } = props;
  const nodes = groups.every(({ runs }) => runs.every(({ recording }) => recording.space.rowsAre === "nodes"));
  const rank = ({ recording }: Compared) =>
    benchmark?.figures(recording.space.discretise(recording.mean(recording.steps))).rank.cifar10 ?? Number.NaN;
  const rows: Figure[] = [
    ...(tabled ? [{ title: "Rank on CIFAR-10 of 15,625", of: rank, format: count }] : []),
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
          <span className="muted"> · mean ± standard deviation over n seeds</span>
        )}
      </caption>
      <thead>
        <tr>
          <td />
          {groups.map((group) => (
            <th scope="col" key={group.style}>
              <Badge style={group.style} letter={group.letter} />
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
              <Spread key={style} values={runs.map(of)} format={format} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
