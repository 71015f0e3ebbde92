import { type PointerEvent, useId, useMemo, useState } from "react";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { PROXIES, type ProxyName } from "../../core/proxies";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { Rungs } from "../charts/Rungs";
import { linear, niceTicks } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { fixed, plain, short } from "../format";
import { useApp } from "../store";
import { showCell } from "./CellButton";
import { LEAST_RANGE, rangeOf } from "./range";
import { accuracyOf, measured, rankingTitle } from "./scores";

type Axis = ProxyName | "rank" | "training";

interface Point {
  /** Of a logarithmic axis the logarithm. */
  readonly across: number;
  readonly up: number;
  readonly title: string;
  readonly architecture: string;
  readonly kind: "pick" | "argmax" | "shown" | "other";
}

/** Values are spread over their logarithms where the largest is so many times the smallest. */
const WIDE = 50;

/** A proxy, or the ranking, against the accuracy. */
export function ProxyPlot({ request, result }: { request: SelectionRequest; result: SelectionResult }) {
  const [wanted, setAxis] = useState<Axis>("rank");
  const names = measured(request);
  const trained = result.training && result.training.candidates.length > 0;
  const offered: Axis[] = [...names, ...(trained ? (["training"] as const) : [])];
  const axis = offered.includes(wanted) ? wanted : "rank";
  const shown = useApp(({ exhibit }) => exhibit?.choices.join());
  const { points, logarithmic } = useMemo(() => pointsOf(result, axis, shown), [result, axis, shown]);
  const correlation = (axis === "training" ? result.training?.rankCorrelation : result.rankCorrelation?.[axis]) ?? null;
  const title =
    axis === "rank"
      ? `mean rank by ${rankingTitle(request.rankBy)}`
      : axis === "training"
        ? "place after the short training"
        : PROXIES[axis].title;
  const words = correlation === null ? "no rank correlation yet" : `rank correlation ${fixed(correlation, 2)}`;
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="select-plot-head">
        <h3 id={id}>Accuracy, %, against</h3>
        <select
          aria-label="Proxy on the horizontal axis"
          value={axis}
          onChange={(event) => setAxis(event.target.value as Axis)}
        >
          <option value="rank">the ranking</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {PROXIES[name].title}
            </option>
          ))}
          {trained && <option value="training">the short training</option>}
        </select>
      </div>
      <div className="chart">
        <div className="series-chart" ref={ref}>
          <p
            className="hidden"
            role="img"
            aria-label={`CIFAR-10 test accuracy of ${points.length} candidates against ${title}: ${words}.`}
          />
          {width > 0 && height > 0 && (
            <Picture
              {...{ points, logarithmic, title, width, height }}
              reversed={axis === "rank" || axis === "training"}
            />
          )}
        </div>
      </div>
      <p className="small muted select-key">
        <b data-testid="rank-correlation">{words}</b>
        <Dot kind="pick" /> pick
        {points.some(({ kind }) => kind === "argmax") && (
          <>
            <Dot kind="argmax" /> argmax
          </>
        )}
      </p>
    </section>
  );
}

function pointsOf({ candidates, argmax, training }: SelectionResult, axis: Axis, shown?: string) {
  const places = new Map(training?.candidates.map(({ architecture, place }) => [architecture, place]));
  const ordinal = axis === "rank" || axis === "training";
  const raw = candidates.map((row) => {
    if (axis === "rank") return row.meanRank;
    return axis === "training" ? (places.get(row.architecture) ?? Number.NaN) : Number(row.scores[axis]);
  });
  const pick = training?.candidates[0]?.architecture ?? candidates[0]?.architecture;
  const finite = raw.filter(Number.isFinite);
  const logarithmic = !ordinal && Math.min(...finite) > 0 && Math.max(...finite) > WIDE * Math.min(...finite);
  const points = candidates.map(({ rank, architecture, ...row }, i): Point => {
    const other = NAS_BENCH_201.parse(architecture).join() === shown ? "shown" : "other";
    return {
      across: logarithmic ? Math.log10(raw[i]) : raw[i],
      up: accuracyOf(row),
      title: `candidate ${rank}`,
      architecture,
      kind: architecture === pick ? "pick" : architecture === argmax.architecture ? "argmax" : other,
    };
  });
  // The pick is drawn last, above the others.
  return { points: points.filter(({ across, up }) => Number.isFinite(across + up)).reverse(), logarithmic };
}

const MARGIN = { left: 34, right: 12, top: 8, bottom: 20 };
/** How near the pointer must be to a point, px. */
const REACH = 14;

interface PictureProps {
  points: readonly Point[];
  logarithmic: boolean;
  reversed: boolean;
  title: string;
  width: number;
  height: number;
}

/** Drawn like the map of the space, without a library of charts: up to a thousand points, a few times a second. */
function Picture({ points, logarithmic, reversed, title, width, height }: PictureProps) {
  const [read, setRead] = useState<Point | null>(null);
  const [low, high] = rangeOf(points.map(({ across }) => across));
  const [bottom, top] = rangeOf(
    points.map(({ up }) => up),
    LEAST_RANGE,
  );
  const ends = [MARGIN.left, width - MARGIN.right];
  const [from, to] = reversed ? ends.reverse() : ends;
  const x = linear(low, high, from, to);
  const y = linear(bottom, top, height - MARGIN.bottom, MARGIN.top);
  const value = (across: number) => tickText(logarithmic ? 10 ** across : across);
  const find = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const distance = ({ across, up }: Point) =>
      Math.hypot(x(across) - (event.clientX - box.left), y(up) - (event.clientY - box.top));
    const near = points.filter((point) => distance(point) < REACH);
    const found = near.length > 0 ? near.reduce((a, b) => (distance(b) <= distance(a) ? b : a)) : null;
    setRead(found);
    return found;
  };
  const current = read && (points.find(({ architecture }) => architecture === read.architecture) ?? null);
  return (
    <>
      <svg
        className={`select-picture ${current ? "on-point" : ""}`}
        width={width}
        height={height}
        aria-hidden="true"
        onPointerMove={find}
        onPointerLeave={() => setRead(null)}
        onPointerDown={(event) => {
          const found = find(event);
          if (found) showCell(found);
        }}
      >
        <Rungs ticks={niceTicks(bottom, top, 4)} y={y} left={MARGIN.left} right={width - MARGIN.right} />
        {niceTicks(low, high, 4).map((tick) => (
          <g key={tick}>
            <line className="grid" x1={x(tick)} x2={x(tick)} y1={MARGIN.top} y2={height - MARGIN.bottom} />
            <text x={x(tick)} y={height - 5} textAnchor="middle">
              {value(tick)}
            </text>
          </g>
        ))}
        {points.map(({ architecture, kind, across, up }) => (
          <Mark key={architecture} kind={kind} x={x(across)} y={y(up)} />
        ))}
      </svg>
      {current && (
        <div
          className={`chart-tip select-tip ${x(current.across) > width / 2 ? "to-left" : ""}`}
          style={{ left: x(current.across), top: y(current.up) }}
        >
          <p className="muted">{current.title}</p>
          <p>
            {title} <b>{value(current.across)}</b>
          </p>
          <p>
            CIFAR-10 test <b>{fixed(current.up, 2)}</b> %
          </p>
        </div>
      )}
    </>
  );
}

function tickText(value: number): string {
  return Math.abs(value) >= 1e4 ? short(value) : plain(Number(value.toPrecision(3)));
}

const LOOKS: Readonly<Record<Point["kind"], { r: number; fill: string; stroke: string; fillOpacity: number }>> = {
  pick: { r: 5, fill: "var(--accent)", stroke: "var(--surface)", fillOpacity: 1 },
  argmax: { r: 4.5, fill: "var(--surface)", stroke: "var(--ink)", fillOpacity: 1 },
  shown: { r: 4.5, fill: "var(--muted)", stroke: "var(--accent)", fillOpacity: 1 },
  other: { r: 3, fill: "var(--muted)", stroke: "none", fillOpacity: 0.55 },
};

function Mark({ kind, x, y }: { kind: Point["kind"]; x: number; y: number }) {
  return <circle cx={x} cy={y} strokeWidth={1.6} {...LOOKS[kind]} />;
}

function Dot({ kind }: { kind: Point["kind"] }) {
  return (
    <svg width="12" height="12" aria-hidden="true">
      <Mark kind={kind} x={6} y={6} />
    </svg>
  );
}
