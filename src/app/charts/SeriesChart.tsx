import { Area, CartesianGrid, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import { fixed } from "../format";
import { niceTicks } from "./scale";
import type { Datum, Series, SeriesChartProps } from "./series";
import { ACROSS, POINTER, UP } from "./style";
import { useSize } from "./useSize";

/** Lines over the steps of a run. Fills its parent. */
export default function SeriesChart(props: SeriesChartProps) {
  const { label, data, series, references = [], marks, cursor = null, end, domain, digits, unit = "" } = props;
  const { across = "step" } = props;
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const yTicks = niceTicks(domain[0], domain[1], height < 120 ? 3 : 4);
  const yDigits = Math.max(0, ...yTicks.map((tick) => (String(tick).split(".")[1] ?? "").length));
  return (
    <div className="series-chart" ref={ref} role="img" aria-label={label}>
      {width > 0 && height > 0 && (
        <ComposedChart
          width={width}
          height={height}
          data={data as Datum[]}
          margin={{ top: 6, right: 10, bottom: 0, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid vertical={false} stroke="var(--grid)" />
          <XAxis
            dataKey="step"
            type="number"
            domain={[0, end]}
            ticks={niceTicks(0, end, 4)}
            {...ACROSS}
            allowDataOverflow
          />
          <YAxis domain={[...domain]} ticks={yTicks} tickFormatter={(value: number) => fixed(value, yDigits)} {...UP} />
          {references.map(({ value, label: text, below, dash }) => (
            <ReferenceLine
              key={text}
              y={value}
              stroke="var(--line-strong)"
              strokeDasharray={dash}
              label={{
                value: text,
                position: below ? "insideBottomRight" : "insideTopRight",
                ...REFERENCE_TEXT,
                dy: below ? 17 : -17,
              }}
            />
          ))}
          {marks.map(({ step, text }) => (
            <ReferenceLine key={`${step} ${text}`} x={step} stroke="var(--accent)" />
          ))}
          {cursor !== null && <ReferenceLine x={cursor} stroke="var(--line-strong)" />}
          <Tooltip
            {...POINTER}
            content={({ active, payload, label: step }) =>
              active && payload && payload.length > 0 ? (
                <div className="chart-tip">
                  <p className="muted">
                    {across} {step}
                  </p>
                  {payload.map((item) => {
                    const one = series.find(({ key }) => key === item.dataKey);
                    if (!one || one.quiet || typeof item.value !== "number") return null;
                    return (
                      <p key={one.key}>
                        {one.name} <b>{fixed(item.value, digits)}</b>
                        {unit}
                        {one.band && <BandWords band={one.band} datum={item.payload} digits={digits} />}
                      </p>
                    );
                  })}
                  {marks
                    .filter((mark) => mark.step === step)
                    .map(({ text }) => (
                      <p key={text}>{text}</p>
                    ))}
                </div>
              ) : null
            }
          />
          {series.map(area)}
          {series.map(line)}
        </ComposedChart>
      )}
    </div>
  );
}

type Values = { readonly [key: string]: number | null };

/** What a band holds at the pointer. */
export function BandWords(props: { band: readonly [string, string]; datum: Values; digits: number }) {
  const { band, datum, digits } = props;
  const [low, high] = band.map((key) => datum[key]);
  if (typeof low !== "number" || typeof high !== "number") return null;
  return (
    <span className="muted">
      {" "}
      ({fixed(low, digits)} to {fixed(high, digits)})
    </span>
  );
}

/** With a rim of the ground, so that a curve behind a label does not strike it through. */
const REFERENCE_TEXT = {
  fontSize: 11,
  fill: "var(--muted)",
  style: { paintOrder: "stroke", stroke: "var(--page)", strokeWidth: 4, strokeLinejoin: "round" },
} as const;

/** The band of a series, if it has one. */
export function area({ key, colour, band, stepped }: Series) {
  if (!band) return null;
  const [low, high] = band;
  const edges = (datum: Values) =>
    typeof datum[low] === "number" && typeof datum[high] === "number" ? [datum[low], datum[high]] : null;
  return (
    <Area
      key={`${key} band`}
      dataKey={edges}
      type={stepped ? "stepAfter" : "linear"}
      stroke="none"
      fill={colour}
      fillOpacity={0.18}
      activeDot={false}
      connectNulls
      isAnimationActive={false}
    />
  );
}

const DOT = { strokeWidth: 1.6, strokeDasharray: "none", clipDot: false };

/** The line of a series. */
export function line({ key, name, colour, dash, width = 1.6, opacity = 1, dots, stepped, quiet }: Series) {
  return (
    <Line
      key={key}
      dataKey={key}
      name={name}
      type={stepped ? "stepAfter" : "linear"}
      stroke={dots === true ? "none" : colour}
      strokeWidth={width}
      strokeOpacity={opacity}
      strokeDasharray={dash}
      dot={dots ? { r: 3, fill: dots === true ? "var(--page)" : colour, ...DOT, stroke: colour } : false}
      activeDot={quiet ? false : { r: 3, fill: colour, stroke: "none" }}
      connectNulls={dots !== true}
      isAnimationActive={false}
    />
  );
}
