import { useId } from "react";
import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { Swatch } from "../charts/Swatch";
import { niceTicks } from "../charts/scale";
import { TICK } from "../charts/style";
import { useSize } from "../charts/useSize";
import { useTurn } from "../charts/useTurn";
import { count, fixed } from "../format";
import { ProxyPlot } from "./ProxyPlot";
import { LEAST_RANGE, rangeOf } from "./range";
import { accuracyOf } from "./scores";

interface Props {
  request: SelectionRequest;
  result: SelectionResult;
}

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

/** The pick's accuracy with the first samples alone. */
function SamplesPlot({ result: { curve, argmax, control } }: Omit<Props, "request">) {
  const id = useId();
  const [ref, { width, height }] = useSize<HTMLDivElement>();
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
      <div className="chart">
        <div
          className="series-chart"
          ref={ref}
          role="img"
          aria-label={`CIFAR-10 test accuracy of the pick by the number of samples: ${words}.`}
        >
          {width > 0 && height > 0 && (
            <LineChart width={width} height={height} data={data} margin={MARGIN} accessibilityLayer={false}>
              <CartesianGrid vertical={false} stroke="var(--grid)" />
              <XAxis dataKey="samples" tick={TICK} tickLine={false} axisLine={{ stroke: "var(--line)" }} height={20} />
              <YAxis
                type="number"
                domain={y}
                ticks={niceTicks(y[0], y[1], 4)}
                tick={TICK}
                tickLine={false}
                axisLine={false}
                width={34}
              />
              {references.map(({ key, value, dash }) => (
                <ReferenceLine
                  key={key}
                  y={value}
                  stroke="var(--line-strong)"
                  strokeDasharray={dash}
                  strokeWidth={1.5}
                />
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
        </div>
      </div>
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
