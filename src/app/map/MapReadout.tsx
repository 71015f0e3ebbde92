import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import type { Summary } from "../../core/cell-distribution";
import { cellOfCode, NAS_BENCH_201 } from "../../core/nasbench201";
import { count, fixed, frequency, short } from "../format";
import type { Moment } from "../moment";
import type { Plane } from "./plane";
import { SAMPLES } from "./samples";

interface Props {
  moment: Moment;
  benchmark: Benchmark | null;
  set: BenchmarkSet;
  plane: Plane | null;
  probabilities: Float64Array;
  summary: Summary | null;
  /** The cell that is pointed at, a `cellCode`. */
  read: number | null;
}

/** Lines in a fixed place: the cell that is pointed at, else what the marks are and how accurate the cells are that would be drawn. */
export function MapReadout({ moment, benchmark, set, plane, probabilities, summary, read }: Props) {
  return (
    <div className="map-readout small" data-testid="map-readout">
      {benchmark && read !== null ? (
        <Cell benchmark={benchmark} set={set} code={read} probability={probabilities[read]} />
      ) : (
        <>
          <Key />
          <p>
            <i className="swatch drawn" />
            {moment.scale ? "drawn from the posterior" : "drawn by mixing weights"} {summary && range(summary)}
          </p>
          <p className="muted">
            <i className="swatch" />
            picked at random {plane && range(plane.summary)}
          </p>
        </>
      )}
    </div>
  );
}

function range({ mean, low, high }: Summary) {
  return (
    <span title="Expected test accuracy, exact over all 15,625 cells; nine draws in ten lie in the range behind it">
      <b>{fixed(mean, 2)} %</b> ({fixed(low, 1)}–{fixed(high, 1)})
    </span>
  );
}

function Key() {
  return (
    <p className="key muted" aria-hidden="true">
      <span>
        <svg width="11" height="11" aria-hidden="true">
          <circle className="now" cx="5.5" cy="5.5" r="4" />
        </svg>
        most probable
      </span>
      <span>
        <svg width="8" height="11" aria-hidden="true">
          <circle className="sample" cx="4" cy="5.5" r="2.4" />
        </svg>
        {SAMPLES} draws
      </span>
      <span>
        <svg width="11" height="11" aria-hidden="true">
          <path className="best" d="M5.500 1l4.500 4.500-4.500 4.500-4.500-4.500z" />
        </svg>
        best
      </span>
      <span>
        <svg width="16" height="11" aria-hidden="true">
          <line className="paper" x1="0" x2="16" y1="5.5" y2="5.5" />
        </svg>
        paper
      </span>
    </p>
  );
}

function Cell(props: { benchmark: Benchmark; set: BenchmarkSet; code: number; probability: number }) {
  const { benchmark, set, code, probability } = props;
  const choices = cellOfCode(code);
  const nodes = NAS_BENCH_201.format(choices).split("+");
  // The last node's edges take a line of their own.
  const { accuracy, rank, parameters } = benchmark.figures(choices);
  return (
    <>
      <p>
        <b>{fixed(accuracy[set].test, 2)} %</b> · rank {count(rank[set])} · {short(parameters)} params ·{" "}
        <span title="How often a cell drawn from the posterior is this one">{drawn(probability)}</span>
      </p>
      <code>
        {nodes.slice(0, -1).join("+")}
        <br />+{nodes.at(-1)}
      </code>
    </>
  );
}

function drawn(probability: number): string {
  return probability < 1e-6 ? "hardly drawn" : frequency(probability);
}

/** A cell in words. */
export function inWords(benchmark: Benchmark, set: BenchmarkSet, code: number): string {
  const choices = cellOfCode(code);
  const { accuracy, rank, parameters } = benchmark.figures(choices);
  return `rank ${count(rank[set])}: ${fixed(accuracy[set].test, 2)} %, ${short(parameters)} parameters, ${NAS_BENCH_201.format(choices)}`;
}
