import { useId } from "react";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { Swatch } from "../charts/Swatch";
import type { Series } from "../charts/series";
import { useTurn } from "../charts/useTurn";
import { fixed } from "../format";
import { ProxyPlot } from "./ProxyPlot";
import SamplesChart from "./SamplesChart";
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

const PICK: readonly Series[] = [
  { key: "test", name: "CIFAR-10 test", colour: "var(--accent)", width: 2, dots: "joined" },
];

/** The pick's accuracy with the first samples alone. */
function SamplesPlot({ result: { curve, argmax, control } }: Omit<Props, "request">) {
  const id = useId();
  const data = curve.map((point) => ({ samples: point.samples, test: accuracyOf(point) }));
  const references = [
    { key: "argmax", value: accuracyOf(argmax), dash: "5 3" },
    { key: "random control", value: control ? accuracyOf(control) : Number.NaN, dash: "1.5 3" },
  ].filter(({ value }) => Number.isFinite(value));
  const words = data.map(({ samples, test }) => `${fixed(test, 2)} % of ${samples}`).join(", ");
  return (
    <section aria-labelledby={id}>
      <div className="select-plot-head">
        <h3 id={id}>Accuracy of the pick, %, by number of samples</h3>
      </div>
      <SamplesChart
        label={`CIFAR-10 test accuracy of the pick by the number of samples: ${words}.`}
        data={data}
        series={PICK}
        references={references}
      />
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
