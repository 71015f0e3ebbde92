import { useMemo } from "react";
import type { Benchmark } from "../../core/benchmark";
import { oneShotOf } from "../../core/nasbench1shot1";
import type { GraphCellFigures } from "../../core/nasbench101-figures";
import { useBenchmark } from "../benchmark/load";
import { graphFigures, useGraphBenchmark } from "../benchmark/oneshot";
import { SETS } from "../benchmark/sets";
import { count, fixed, frequency, short } from "../format";
import { type Moment, probabilityOf } from "../moment";
import "./gallery.css";
import type { Choices } from "../../core/space";
import { DRAWS, type SampledCell, showSample, useSamples, useShownSample } from "./samples";
import { Thumbnail } from "./Thumbnail";

/** Cells drawn from the posterior on screen, as small multiples of the one drawing. */
export function Gallery() {
  const { cells, moment } = useSamples();
  const shown = useShownSample().choices.join();
  const { space, scale } = moment;
  const { benchmark } = useBenchmark(space.tabled);
  const oneShot = oneShotOf(space);
  const graph = useGraphBenchmark(oneShot !== null).benchmark;
  return (
    <div className="gallery-pane">
      <ul className="gallery" aria-label={`${DRAWS} cells drawn from the ${scale ? "posterior" : "mixing weights"}`}>
        {cells.map((cell) => (
          <li key={cell.number}>
            <Card
              cell={cell}
              moment={moment}
              benchmark={benchmark}
              graph={oneShot && graph && graphFigures(oneShot, graph, cell.choices)}
              shown={shown === cell.choices.join()}
            />
          </li>
        ))}
      </ul>
      <p className="small muted">
        {!scale
          ? "A point estimate has no posterior: drawn from its mixing weights."
          : space.tabled
            ? `${DRAWS} draws. CIFAR-10 test, rank of 15,625, probability.`
            : oneShot
              ? `${DRAWS} draws. NAS-Bench-101 validation, ≈ where estimated; parameters, probability.`
              : `${DRAWS} draws. Parameters, FLOPs; no table of accuracies.`}
      </p>
    </div>
  );
}

interface CardProps {
  cell: SampledCell;
  moment: Moment;
  benchmark: Benchmark | null;
  /** Of a cell within NAS-Bench-101, once loaded. */
  graph: GraphCellFigures | null;
  shown: boolean;
}

function Card({ cell: { choices, count: times, number }, moment, benchmark, graph, shown }: CardProps) {
  const figures = benchmark?.figures(choices);
  const often = oftenOf(moment, choices);
  const words = [
    `Sample ${number}${times > 1 ? `, drawn ${times} times` : ""}`,
    ...(figures
      ? SETS.map(
          ({ set, short: title }) =>
            `${title} ${fixed(figures.accuracy[set].test, 2)} % test, rank ${count(figures.rank[set])}`,
        )
      : []),
    ...(graph ? [graphWords(graph)] : []),
    sizeOf(moment, choices),
    ...(often ? [`probability ${often}`] : []),
  ];
  return (
    <button
      type="button"
      className="sample"
      aria-pressed={shown}
      title={words.join("\n")}
      onClick={() => showSample(number)}
    >
      <span className="hidden">{words[0]}; </span>
      <Thumbnail moment={moment} choices={choices} />
      {moment.space.tabled ? (
        <>
          <span className="accuracy">
            {figures ? fixed(figures.accuracy.cifar10.test, 2) : "–"} %
            {times > 1 && <span className="times">×{times}</span>}
          </span>
          <span className="muted">rank {figures ? count(figures.rank.cifar10) : "–"}</span>
        </>
      ) : (
        <Size moment={moment} choices={choices} graph={graph} />
      )}
      {often && <span className="muted">{often}</span>}
      <span className="hidden">; {words.slice(1).join("; ")}</span>
    </button>
  );
}

/** What the benchmark and the posterior say of the sample that is drawn large. */
export function SampleFigures({ moment }: { moment: Moment }) {
  const { number, choices } = useShownSample();
  const { benchmark } = useBenchmark(moment.space.tabled);
  const figures = useMemo(() => benchmark?.figures(choices), [benchmark, choices]);
  const oneShot = oneShotOf(moment.space);
  const graph = useGraphBenchmark(oneShot !== null).benchmark;
  const often = oftenOf(moment, choices);
  return (
    <div className="sample-figures small" data-testid="sample-figures">
      {moment.space.tabled && (
        <dl>
          {SETS.map(({ set, short: title }) => (
            <div key={set}>
              <dt className="muted">{title}</dt>
              <dd>{figures ? fixed(figures.accuracy[set].test, 2) : "–"} %</dd>
              <dd className="muted">rank {figures ? count(figures.rank[set]) : "–"}</dd>
            </div>
          ))}
        </dl>
      )}
      {oneShot && (
        <p>{graph ? graphWords(graphFigures(oneShot, graph, choices)) : "Loading the benchmark's figures"}</p>
      )}
      <p className="muted">{sizeOf(moment, choices)}</p>
      <p className="muted">
        Sample {number}
        {often && `, probability ${often}`}
      </p>
    </div>
  );
}

function oftenOf(moment: Moment, choices: Choices): string | null {
  const probability = probabilityOf(moment, choices);
  return probability === null ? null : frequency(probability);
}

interface SizeProps {
  moment: Moment;
  choices: Choices;
  graph: GraphCellFigures | null;
}

function Size({ moment: { space }, choices, graph }: SizeProps) {
  const { parameters, flops } = space.cost(choices, space.published);
  if (oneShotOf(space)) {
    return (
      <>
        <span className="accuracy">{graph ? graphAccuracy(graph) : "–"} %</span>
        <span className="muted">{short(parameters)}</span>
      </>
    );
  }
  return (
    <>
      <span className="accuracy">{short(parameters)}</span>
      <span className="muted">{short(flops)}</span>
    </>
  );
}

/** "94.21", and "≈ 94.21" of an estimate. */
function graphAccuracy({ validAccuracy, exact }: GraphCellFigures): string {
  return `${exact ? "" : "≈ "}${fixed(validAccuracy, 2)}`;
}

function graphWords(figures: GraphCellFigures): string {
  return `${graphAccuracy(figures)} % valid in NAS-Bench-101${figures.exact ? "" : ", estimated"}`;
}

/** Of the network that the benchmark, or the paper, trains. */
function sizeOf({ space }: Moment, choices: Choices): string {
  const { parameters, flops } = space.cost(choices, space.published);
  return `${short(parameters)} parameters, ${short(flops)} FLOPs`;
}
