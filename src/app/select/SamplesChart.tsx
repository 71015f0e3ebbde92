import { CartesianGrid, ComposedChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import { area, BandWords, line } from "../charts/SeriesChart";
import { niceTicks } from "../charts/scale";
import type { Series } from "../charts/series";
import { ACROSS, POINTER, UP } from "../charts/style";
import { useSize } from "../charts/useSize";
import { count, fixed } from "../format";
import { LEAST_RANGE, rangeOf } from "./range";

/** Values after so many samples, by the keys of their series. */
export type SamplesDatum = { readonly samples: number } & { readonly [key: string]: number };

interface Props {
  readonly label: string;
  readonly data: readonly SamplesDatum[];
  readonly series: readonly Series[];
  /** Horizontal lines, explained below the chart. */
  readonly references?: readonly { readonly key: string; readonly value: number; readonly dash: string }[];
}

/** Accuracy of what is picked, %, by the number of samples that it is picked from. */
export default function SamplesChart({ label, data, series, references = [] }: Props) {
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const values = data.flatMap(({ samples: _, ...rest }) => Object.values(rest));
  const y = rangeOf([...values, ...references.map(({ value }) => value)], LEAST_RANGE);
  return (
    <div className="chart">
      <div className="series-chart" ref={ref} role="img" aria-label={label}>
        {width > 0 && height > 0 && (
          <ComposedChart
            width={width}
            height={height}
            data={data as SamplesDatum[]}
            margin={MARGIN}
            accessibilityLayer={false}
          >
            <CartesianGrid vertical={false} stroke="var(--grid)" />
            <XAxis dataKey="samples" scale="point" {...ACROSS} />
            <YAxis domain={y} ticks={niceTicks(y[0], y[1], 4)} {...UP} />
            {references.map(({ key, value, dash }) => (
              <ReferenceLine key={key} y={value} stroke="var(--line-strong)" strokeDasharray={dash} strokeWidth={1.5} />
            ))}
            <Tooltip
              {...POINTER}
              content={({ active, payload, label: samples }) =>
                active && payload && payload.length > 0 ? (
                  <div className="chart-tip">
                    <p className="muted">{count(Number(samples))} samples</p>
                    {series.map(({ key, name, band }) => {
                      const datum = payload[0].payload as SamplesDatum;
                      if (datum[key] === undefined) return null;
                      return (
                        <p key={key}>
                          {name} <b>{fixed(datum[key], 2)}</b> %
                          {band && <BandWords band={band} datum={datum} digits={2} />}
                        </p>
                      );
                    })}
                  </div>
                ) : null
              }
            />
            {series.map(area)}
            {series.map(line)}
          </ComposedChart>
        )}
      </div>
    </div>
  );
}

const MARGIN = { top: 8, right: 12, bottom: 0, left: 0 };
