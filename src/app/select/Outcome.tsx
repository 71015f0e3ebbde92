import { BALENAS_TF, type BenchmarkSet, type CellFigures } from "../../core/benchmark";
import type { SelectionResult } from "../../worker/protocol";
import { SETS } from "../benchmark/sets";
import { fixed } from "../format";
import { CellButton } from "./CellButton";
import type { Source } from "./selection";

interface Line {
  readonly title: string;
  readonly note: string;
  readonly architecture: string | null;
  readonly test: (set: BenchmarkSet) => number | undefined;
}

/** The pick beside what it has to beat and what it could have been. */
export function Outcome({ source, result }: { source: Source; result: SelectionResult }) {
  const { winner, argmax, control, oracle, candidates, training } = result;
  const pick = training ? (training.candidates[0] ?? null) : winner;
  const same = pick?.architecture === argmax.architecture;
  const of = (accuracy: CellFigures["accuracy"] | null | undefined) => (set: BenchmarkSet) => accuracy?.[set].test;
  const looked = (title: string, note: string, cell: typeof winner): Line => ({
    title,
    note,
    architecture: cell?.architecture ?? null,
    test: of(cell?.benchmark),
  });
  const lines: readonly Line[] = [
    training
      ? looked("Pick", pick ? `best of ${training.candidates.length} trained` : "training comes last", pick)
      : looked("Pick", pick ? `best ranked of ${candidates.length}` : "none scored yet", pick),
    ...(training ? [looked("By proxies", "best ranked, not trained", winner)] : []),
    looked("Argmax", same ? "of the mean: the pick itself" : "of the mean", argmax),
    training
      ? looked("Random control", "trained alike", training.control[0] ?? null)
      : looked("Random control", control ? `best ranked of ${control.candidates} uniform` : "scored last", control),
    ...(training && control
      ? [looked("Random by proxies", `best ranked of ${control.candidates} uniform`, control)]
      : []),
    { title: "Oracle", note: "best of the group", architecture: null, test: (set) => oracle?.[set].test },
    { title: "BaLeNAS-TF", note: "in the paper", architecture: null, test: (set) => BALENAS_TF[set].test },
  ];
  return (
    <table className="select-outcome">
      <caption className="hidden">Test accuracy of the pick, the argmax, the random control and the oracle</caption>
      <thead>
        <tr>
          <th scope="col">test, %</th>
          <td />
          {SETS.map(({ set, short }) => (
            <th key={set} scope="col">
              {short}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ title, note, architecture, test }) => (
          <tr key={title} className={title === "Pick" ? "pick" : ""}>
            <th scope="row">
              {title} <span className="select-note">{note}</span>
            </th>
            <td>
              {architecture && <CellButton source={source} architecture={architecture} title={title.toLowerCase()} />}
            </td>
            {SETS.map(({ set }) => {
              const value = test(set);
              return <td key={set}>{value === undefined ? "–" : fixed(value, 2)}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
