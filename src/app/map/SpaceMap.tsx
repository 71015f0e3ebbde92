import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { BALENAS_TF, type Benchmark, type BenchmarkSet } from "../../core/benchmark";
import { cellProbabilities, type Summary, summarise } from "../../core/cell-distribution";
import { CELLS, cellCode } from "../../core/nasbench201";
import { trajectory } from "../benchmark/trajectory";
import { useSize } from "../charts/useSize";
import { fixed } from "../format";
import { useSampleStore } from "../gallery/samples";
import { history } from "../history";
import type { Moment } from "../moment";
import { useFocus } from "../store";
import { useTheme } from "../theme";
import { Distributions } from "./Distributions";
import { inWords, MapReadout } from "./MapReadout";
import { Marks } from "./Marks";
import "./map.css";
import { paintCells } from "./paint";
import { MARGIN, nearestCell, type Plane, planeOf } from "./plane";
import { samplesOf } from "./samples";

interface Props {
  moment: Moment;
  benchmark: Benchmark | null;
  set: BenchmarkSet;
}

/** Where the posterior sits among all cells: accuracy against parameters, and how accurate the cells are that it draws. */
export function SpaceMap({ moment, benchmark, set }: Props) {
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const plane = useMemo(
    () => (benchmark && width > 0 && height > 0 ? planeOf(benchmark, set, width, height) : null),
    [benchmark, set, width, height],
  );
  const probabilities = useMemo(() => cellProbabilities(moment.share), [moment]);
  const summary = useMemo(() => plane && summarise(plane.accuracy, probabilities, plane.order), [plane, probabilities]);
  const [read, setRead] = useState<number | null>(null);
  const shown = plane && benchmark && summary;
  return (
    <>
      <div className="map" ref={ref}>
        {shown ? (
          <Picture {...{ moment, benchmark, set, plane, probabilities, summary, read, setRead }} />
        ) : (
          <p className="chart-empty small">Loading the benchmark's figures</p>
        )}
      </div>
      <MapReadout {...{ moment, benchmark, set, plane, probabilities, summary, read }} />
    </>
  );
}

interface PictureProps extends Props {
  benchmark: Benchmark;
  plane: Plane;
  probabilities: Float64Array;
  summary: Summary;
  read: number | null;
  setRead: (code: number | null) => void;
}

function Picture({ moment, benchmark, set, plane, probabilities, summary, read, setRead }: PictureProps) {
  const { width, height } = plane;
  const now = cellCode(moment.choices);
  const focus = useFocus();
  const seed = useSampleStore((state) => state.seed);
  const samples = useMemo(() => samplesOf(moment, seed), [moment, seed]);
  const path = trajectory.follow(history).filter(({ step }) => step <= moment.step);
  const point = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setRead(nearestCell(plane, event.clientX - box.left, event.clientY - box.top));
  };
  const press = (event: KeyboardEvent) => {
    const place = CELLS - 1 - plane.order.indexOf(read ?? now);
    const moves: Record<string, number> = {
      ArrowUp: place - 1,
      ArrowLeft: place - 1,
      ArrowDown: place + 1,
      ArrowRight: place + 1,
      PageUp: place - 100,
      PageDown: place + 100,
      Home: 0,
      End: CELLS - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setRead(plane.order[CELLS - 1 - Math.min(CELLS - 1, Math.max(0, to))]);
  };
  const at = read ?? now;
  return (
    <>
      <p className="hidden" role="img" aria-label={describe({ moment, benchmark, set, plane, summary, now })} />
      <Canvas plane={plane} />
      <svg className="over" width={width} height={height} aria-hidden="true">
        <Axes plane={plane} />
        <Marks {...{ plane, benchmark, set, samples, path, now, read, focus }} />
        <Distributions plane={plane} probabilities={probabilities} mean={summary.mean} />
      </svg>
      <div
        className="map-reach"
        role="slider"
        tabIndex={0}
        aria-label="Cells by rank"
        aria-orientation="vertical"
        aria-valuemin={1}
        aria-valuemax={CELLS}
        aria-valuenow={benchmark.testRank(set)[at]}
        aria-valuetext={inWords(benchmark, set, at)}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={(event) => event.pointerType !== "touch" && setRead(null)}
        onFocus={(event) => event.currentTarget.matches(":focus-visible") && setRead(now)}
        onBlur={() => setRead(null)}
        onKeyDown={press}
      />
    </>
  );
}

/** All cells, drawn anew only when the data set, the theme or the size changes. */
function Canvas({ plane }: { plane: Plane }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme stands for the colour
  useEffect(() => {
    // In a task of its own, after the one that laid the cells out.
    const timer = setTimeout(() => ref.current && paintCells(ref.current, plane, devicePixelRatio));
    return () => clearTimeout(timer);
  }, [plane, theme]);
  return <canvas ref={ref} style={{ width: plane.width, height: plane.height }} />;
}

function Axes({ plane: { ticks, upOf, acrossOf, width, height } }: { plane: Plane }) {
  const right = width - MARGIN.right;
  return (
    <g className="axes">
      {ticks.map((tick) => (
        <text key={tick} x={MARGIN.left - 6} y={upOf(tick) + 4} textAnchor="end">
          {tick}
        </text>
      ))}
      <line x1={MARGIN.left} x2={right} y1={height - MARGIN.bottom} y2={height - MARGIN.bottom} />
      <line x1={MARGIN.left} x2={MARGIN.left} y1={MARGIN.top} y2={height - MARGIN.bottom} />
      <text x={MARGIN.left - 6} y={MARGIN.top - 5} textAnchor="end">
        %
      </text>
      {[0.1, 0.2, 0.5, 1].map((millions) => (
        <text key={millions} x={acrossOf(1e6 * millions)} y={height - 5} textAnchor="middle">
          {millions} M
        </text>
      ))}
      <text x={right + 8} y={height - 5}>
        parameters
      </text>
    </g>
  );
}

/** The picture in words. */
function describe(of: Omit<PictureProps, "probabilities" | "read" | "setRead"> & { now: number }): string {
  const { moment, benchmark, set, plane, summary, now } = of;
  const inRange = ({ mean, low, high }: Summary) =>
    `${fixed(mean, 2)} % expected, nine in ten from ${fixed(low, 2)} to ${fixed(high, 2)}`;
  return [
    `All 15,625 cells by parameters and test accuracy. The most probable one after step ${moment.step}: ${inWords(benchmark, set, now)}`,
    `A cell drawn from ${moment.scale ? "the posterior" : "the mixing weights"}: ${inRange(summary)}`,
    `A cell picked at random: ${inRange(plane.summary)}`,
    `Best cell: ${fixed(benchmark.optimum(set).test, 2)} %`,
    `BaLeNAS-TF in the paper: ${fixed(BALENAS_TF[set].test, 2)} %.`,
  ].join(". ");
}
