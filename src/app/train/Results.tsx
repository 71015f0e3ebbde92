import { oneShotOf } from "../../core/nasbench1shot1";
import type { Choices, SearchSpace } from "../../core/space";
import type { NetworkProgress } from "../../worker/protocol";
import { useBenchmark } from "../benchmark/load";
import { graphFigures, useGraphBenchmark } from "../benchmark/oneshot";
import { LineBadge } from "../charts/LineBadge";
import { RUN_STYLES } from "../charts/style";
import { fixed, short } from "../format";
import { CellButton } from "../gallery/CellButton";
import { LETTERS } from "./letters";
import type { Training } from "./training";

/** What each cell has come to, and what it costs. */
export function Results({ training: { request, lineup, progress } }: { training: Training }) {
  const { moment, entrants } = lineup;
  const { space } = moment;
  const figures = useTableFigures(space);
  const sizes = { ...request, imageChannels: 1, classes: progress.classes.length };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls what is wider than the page
    <section className="train-scroll" tabIndex={0} aria-label="Trained cells">
      <table className="train-table">
        <caption className="hidden">Cells side by side: size, loss and accuracy</caption>
        <thead>
          <tr>
            <th scope="col" colSpan={2}>
              cell
            </th>
            <th scope="col">
              test, %<span className="muted"> · 95 %</span>
            </th>
            <th scope="col">train loss</th>
            <th scope="col">parameters</th>
            <th scope="col" title="Multiply-accumulates of one image">
              FLOPs
            </th>
            {figures && (
              <th scope="col" title={figures.help}>
                {figures.title}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {entrants.map(({ title, note, choices }, i) => {
            const cost = space.cost(choices, sizes);
            const network = progress.networks[i];
            const last = network.losses.at(-1);
            return (
              <tr key={choices.join()}>
                <th scope="row" title={note}>
                  <LineBadge style={RUN_STYLES[i]} letters={LETTERS[i]} /> {title}
                </th>
                <td>
                  <CellButton moment={moment} choices={choices} title={title} note={note} />
                </td>
                <td>{network.problem === null ? <Accuracy network={network} /> : <Given up={network.problem} />}</td>
                <td>{last ? fixed(last[1], 3) : "–"}</td>
                <td>{short(cost.parameters)}</td>
                <td>{short(cost.flops)}</td>
                {figures && <td>{figures.of(choices)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Accuracy({ network: { tested } }: { network: NetworkProgress }) {
  if (!tested) return "–";
  const [low, high] = tested.interval.map((share) => fixed(100 * share, 1));
  return (
    <>
      <b>{fixed(100 * tested.accuracy, 2)}</b>
      <span className="small muted">
        {low} to {high}
      </span>
    </>
  );
}

function Given({ up }: { up: string }) {
  return (
    <span className="train-given-up" title={up}>
      given up: {up}
    </span>
  );
}

interface TableFigures {
  readonly title: string;
  readonly help: string;
  readonly of: (choices: Choices) => string;
}

/** What the benchmark of a space says of its cells; null where there is none. */
function useTableFigures(space: SearchSpace): TableFigures | null {
  const oneShot = oneShotOf(space);
  const { benchmark: table } = useBenchmark(space.tabled);
  const { benchmark: graph } = useGraphBenchmark(oneShot !== null);
  if (space.tabled) {
    return {
      title: "CIFAR-10, %",
      help: `Test accuracy in ${space.title}, after 200 epochs at its own size`,
      of: (choices) => (table ? fixed(table.figures(choices).accuracy.cifar10.test, 2) : "…"),
    };
  }
  if (!oneShot) return null;
  return {
    title: "CIFAR-10 valid, %",
    help: "Validation accuracy in NAS-Bench-101 after 108 epochs at its own size; ≈ where it is estimated",
    of: (choices) => {
      if (!graph) return "…";
      const { exact, validAccuracy } = graphFigures(oneShot, graph, choices);
      return `${exact ? "" : "≈ "}${fixed(validAccuracy, 2)}`;
    },
  };
}
