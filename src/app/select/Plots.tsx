import { type ReactNode, useId, useState } from "react";
import { CartesianGrid, Line, LineChart, ReferenceLine, Scatter, ScatterChart, Tooltip, XAxis, YAxis } from "recharts";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { PROXIES, type ProxyName } from "../../core/proxies";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { Swatch } from "../charts/Swatch";
import { niceTicks } from "../charts/scale";
import { TICK } from "../charts/style";
import { useSize } from "../charts/useSize";
import { useTurn } from "../charts/useTurn";
import { count, fixed, plain, short } from "../format";
import { useApp } from "../store";
import { showCell } from "./CellButton";
import { accuracyOf, measured, rankingTitle } from "./scores";

interface Props {
  request: SelectionRequest;
  result: SelectionResult;
}

type Axis = ProxyName | "rank";

/** What a proxy is worth here, and what more samples would be. */
export default function Plots({ request, result }: Props) {
  const drawn = useTurn(result);
  return (
    <div className="select-plots">
      <ProxyPlot request={request} result={drawn} />
      <SamplesPlot result={drawn} />
    </div>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly architecture: string;
  readonly kind: "pick" | "argmax" | "other" | "shown";
}

/** Values are spread over their logarithms where the largest is so many times the smallest. */
const WIDE = 50;

/** A proxy, or the ranking, against the accuracy. */
function ProxyPlot({ request, result }: Props) {
  const [wanted, setAxis] = useState<Axis>("rank");
  const names = measured(request);
  const axis = wanted === "rank" || names.includes(wanted) ? wanted : "rank";
  const shown = useApp(({ exhibit }) => exhibit?.choices.join());
  const { points, logarithmic } = pointsOf(result, axis, shown);
  const correlation = result.rankCorrelation?.[axis] ?? null;
  const ofRanking = rankingTitle(request.rankBy);
  const title = axis === "rank" ? `mean rank by ${ofRanking}` : PROXIES[axis].title;
  const words = correlation === null ? "no rank correlation yet" : `rank correlation ${fixed(correlation, 2)}`;
  const id = useId();
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [x, y] = [rangeOf(xs), rangeOf(ys, LEAST_RANGE)];
  const value = (at: number) => (logarithmic ? 10 ** at : at);
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
        </select>
      </div>
      <Framed label={`CIFAR-10 test accuracy of ${points.length} candidates against ${title}: ${words}.`}>
        {(width, height) => (
          <ScatterChart width={width} height={height} margin={MARGIN} accessibilityLayer={false}>
            <CartesianGrid stroke="var(--grid)" />
            <XAxis
              {...AXIS}
              dataKey="x"
              reversed={axis === "rank"}
              domain={x}
              ticks={niceTicks(x[0], x[1], 4)}
              tickFormatter={(at: number) => tickText(value(at))}
              height={20}
            />
            <YAxis {...AXIS} dataKey="y" domain={y} ticks={niceTicks(y[0], y[1], 4)} axisLine={false} width={34} />
            <Tooltip
              isAnimationActive={false}
              cursor={false}
              content={({ active, payload }) => {
                const point = payload?.[0]?.payload as Point | undefined;
                return active && point ? (
                  <div className="chart-tip">
                    <p className="muted">{point.title}</p>
                    <p>
                      {title} <b>{tickText(value(point.x))}</b>
                    </p>
                    <p>
                      CIFAR-10 test <b>{fixed(point.y, 2)}</b> %
                    </p>
                  </div>
                ) : null;
              }}
            />
            <Scatter
              data={points}
              isAnimationActive={false}
              shape={mark}
              onClick={({ payload }) => showCell(payload as Point)}
            />
          </ScatterChart>
        )}
      </Framed>
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

function pointsOf(
  { candidates, argmax }: SelectionResult,
  axis: Axis,
  shown?: string,
): { points: Point[]; logarithmic: boolean } {
  const raw = candidates.map((row) => (axis === "rank" ? row.meanRank : Number(row.scores[axis])));
  const finite = raw.filter(Number.isFinite);
  const logarithmic = Math.min(...finite) > 0 && Math.max(...finite) > WIDE * Math.min(...finite) && axis !== "rank";
  const points = candidates.map((row, i): Point => {
    const other = NAS_BENCH_201.parse(row.architecture).join() === shown ? "shown" : "other";
    const kind = row.rank === 1 ? "pick" : row.architecture === argmax.architecture ? "argmax" : other;
    return {
      x: logarithmic ? Math.log10(raw[i]) : raw[i],
      y: accuracyOf(row),
      title: `candidate ${row.rank}`,
      architecture: row.architecture,
      kind,
    };
  });
  // The pick is drawn last, above the others.
  return { points: points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)).reverse(), logarithmic };
}

/** The pick's accuracy with the first samples alone. */
function SamplesPlot({ result: { curve, argmax, control } }: Omit<Props, "request">) {
  const id = useId();
  const data = curve.map((point) => ({ samples: point.samples, test: accuracyOf(point) }));
  const references = [
    { key: "argmax", value: accuracyOf(argmax), dash: "5 3" },
    { key: "random control", value: control ? accuracyOf(control) : Number.NaN, dash: "1.5 3" },
  ].filter(({ value }) => Number.isFinite(value));
  const y = rangeOf([...data.map(({ test }) => test), ...references.map(({ value }) => value)], LEAST_RANGE);
  const words = data.map(({ samples, test }) => `${fixed(test, 2)} % of ${samples}`).join(", ");
  return (
    <section aria-labelledby={id}>
      <div className="select-plot-head">
        <h3 id={id}>Accuracy of the pick, %, by number of samples</h3>
      </div>
      <Framed label={`CIFAR-10 test accuracy of the pick by the number of samples: ${words}.`}>
        {(width, height) => (
          <LineChart width={width} height={height} data={data} margin={MARGIN} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--grid)" />
            <XAxis dataKey="samples" tick={TICK} tickLine={false} axisLine={{ stroke: "var(--line)" }} height={20} />
            <YAxis {...AXIS} domain={y} ticks={niceTicks(y[0], y[1], 4)} axisLine={false} width={34} />
            {references.map(({ key, value, dash }) => (
              <ReferenceLine key={key} y={value} stroke="var(--line-strong)" strokeDasharray={dash} strokeWidth={1.5} />
            ))}
            <Tooltip
              isAnimationActive={false}
              cursor={{ stroke: "var(--line-strong)", strokeDasharray: "2 2" }}
              content={({ active, payload, label }) =>
                active && typeof payload?.[0]?.value === "number" ? (
                  <div className="chart-tip">
                    <p className="muted">{count(Number(label))} samples</p>
                    <p>
                      CIFAR-10 test <b>{fixed(payload[0].value, 2)}</b> %
                    </p>
                  </div>
                ) : null
              }
            />
            <Line
              dataKey="test"
              type="linear"
              stroke="var(--accent)"
              strokeWidth={2}
              dot={{ r: 3, fill: "var(--accent)", stroke: "none" }}
              isAnimationActive={false}
            />
          </LineChart>
        )}
      </Framed>
      <p className="small muted select-key">
        <Swatch colour="var(--accent)" /> pick
        {references.map(({ key, value, dash }) => (
          <span key={key} className="select-key-line">
            <Swatch colour="var(--line-strong)" dash={dash} /> {key} {fixed(value, 2)}
          </span>
        ))}
      </p>
    </section>
  );
}

const MARGIN = { top: 8, right: 12, bottom: 0, left: 0 };
const AXIS = {
  type: "number",
  tick: TICK,
  tickLine: false,
  axisLine: { stroke: "var(--line)" },
} as const;

/** A box that tells what is drawn in it how large it is. */
function Framed({ label, children }: { label: string; children: (width: number, height: number) => ReactNode }) {
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  return (
    <div className="chart">
      <div className="series-chart" ref={ref} role="img" aria-label={label}>
        {width > 0 && height > 0 && children(width, height)}
      </div>
    </div>
  );
}

/** Accuracies nearer than this look alike, percentage points: they are as uncertain. */
const LEAST_RANGE = 1;

/** Range of an axis: that of the values and a twentieth more on either side, at least so much in all. */
function rangeOf(values: readonly number[], least = 1e-3): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = Math.max(0.05 * (high - low), (least - (high - low)) / 2);
  return [low - room, high + room];
}

function tickText(value: number): string {
  return Math.abs(value) >= 1e4 ? short(value) : plain(Number(value.toPrecision(3)));
}

const LOOKS: Readonly<Record<Point["kind"], { r: number; fill: string; stroke: string; opacity: number }>> = {
  pick: { r: 5, fill: "var(--accent)", stroke: "var(--surface)", opacity: 1 },
  argmax: { r: 4.5, fill: "var(--surface)", stroke: "var(--ink)", opacity: 1 },
  shown: { r: 4.5, fill: "var(--muted)", stroke: "var(--accent)", opacity: 1 },
  other: { r: 3, fill: "var(--muted)", stroke: "none", opacity: 0.55 },
};

function Mark({ kind, cx, cy }: { kind: Point["kind"]; cx: number; cy: number }) {
  const { opacity, ...look } = LOOKS[kind];
  return <circle cx={cx} cy={cy} {...look} fillOpacity={opacity} strokeWidth={1.6} cursor="pointer" />;
}

function mark({ cx, cy, payload }: { cx?: number; cy?: number; payload?: Point }) {
  return <Mark kind={payload?.kind ?? "other"} cx={cx ?? 0} cy={cy ?? 0} />;
}

function Dot({ kind }: { kind: Point["kind"] }) {
  return (
    <svg width="12" height="12" aria-hidden="true">
      <Mark kind={kind} cx={6} cy={6} />
    </svg>
  );
}
