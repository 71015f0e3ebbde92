import { useState } from "react";
import { PROXIES } from "../../core/proxies";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { count, fixed } from "../format";
import { CellButton } from "./CellButton";
import { accuracyOf, measured, scoreText } from "./scores";
import type { Source } from "./selection";

/** Rows shown until all are asked for. */
const SHOWN = 30;

interface Props {
  request: SelectionRequest;
  source: Source;
  result: SelectionResult;
}

/** "0.5123 · 400 steps". */
function lossText(row: { readonly loss: number; readonly steps: number } | undefined): string {
  return row ? `${Number.isFinite(row.loss) ? fixed(row.loss, 3) : "diverged"} · ${row.steps} steps` : "–";
}

/** The candidates from the best to the worst, as far as they are scored. */
export function Candidates({ request, source, result }: Props) {
  const [all, setAll] = useState(false);
  const { training } = result;
  const trained = new Map(training?.candidates.map((row) => [row.architecture, row]));
  const placeOf = ({ architecture }: { architecture: string }) =>
    trained.get(architecture)?.place ?? Number.POSITIVE_INFINITY;
  // What was trained comes first; the rest as ranked.
  const candidates = result.candidates.toSorted((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b)));
  // Parameters stand beside the accuracy, whether the ranking uses them or not.
  const columns = measured(request).filter((name) => name !== "params");
  const argmax = result.argmax.architecture;
  return (
    <div>
      <h3 id="select-candidates">
        Candidates <span className="muted">· press one to draw it</span>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls what is wider than the page */}
      <section className="select-scroll" tabIndex={0} aria-labelledby="select-candidates">
        <table className="select-table">
          <thead>
            <tr>
              <th scope="col">rank</th>
              <th scope="col" className="cell-column">
                cell
              </th>
              <th scope="col" title="How many of the samples it is, isomorphs merged">
                draws
              </th>
              <th scope="col" title="Test accuracy in the benchmark; not seen by the ranking">
                CIFAR-10, %
              </th>
              {training && (
                <th scope="col" title="Mean training loss over the last half of so many steps; more steps come first">
                  loss after training
                </th>
              )}
              <th scope="col">parameters</th>
              {columns.map((name) => (
                <th
                  key={name}
                  scope="col"
                  className={request.rankBy.includes(name) ? "ranking" : ""}
                  title={PROXIES[name].help}
                >
                  {PROXIES[name].title}
                  {!PROXIES[name].higherIsBetter && " ↓"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {candidates.slice(0, all ? undefined : SHOWN).map((row) => (
              <tr key={row.architecture}>
                <td>{row.rank}</td>
                <th scope="row" className="cell-column">
                  <CellButton source={source} architecture={row.architecture} title={`candidate ${row.rank}`} />
                </th>
                <td>
                  {row.architecture === argmax && <span className="muted">argmax </span>}
                  {row.draws}
                </td>
                <td>{Number.isFinite(accuracyOf(row)) ? fixed(accuracyOf(row), 2) : "–"}</td>
                {training && <td>{lossText(trained.get(row.architecture))}</td>}
                <td>{scoreText("params", row.scores.params)}</td>
                {columns.map((name) => (
                  <td key={name}>{scoreText(name, row.scores[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {candidates.length > SHOWN && (
        <button type="button" className="button slim" onClick={() => setAll(!all)}>
          {all ? `Show the best ${SHOWN}` : `Show all ${count(candidates.length)}`}
        </button>
      )}
    </div>
  );
}
