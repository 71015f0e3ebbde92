import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import { valuesOf } from "../charts/values";
import { fixed } from "../format";
import { rangeOf } from "../select/range";
import { accuracyPoints, linesOf, lossPoints } from "./curves";
import { LETTERS } from "./letters";
import type { Training } from "./training";

/** How the networks learn. */
export function Curves({ training: { request, progress } }: { training: Training }) {
  const { networks, testImages } = progress;
  const plots = useMemo(() => {
    const losses = lossPoints(networks);
    const accuracies = accuracyPoints(networks, testImages);
    return {
      losses: { data: losses, series: linesOf(networks, false), domain: [0, rangeOf(valuesOf(losses))[1]] as const },
      accuracies: {
        data: accuracies,
        series: linesOf(networks, true),
        domain: rangeOf(valuesOf(accuracies), LEAST_RANGE),
      },
    };
  }, [networks, testImages]);
  const common = { marks: [], end: request.epochs, across: "epoch" };
  const ends = (value: (i: number) => number | undefined, digits: number, unit: string) =>
    networks
      .map((_, i) => {
        const last = value(i);
        return `${LETTERS[i]} ${last === undefined ? "none yet" : `${fixed(last, digits)}${unit}`}`;
      })
      .join("; ");
  return (
    <div className="train-charts">
      <section aria-labelledby="train-accuracy">
        <h3 id="train-accuracy">
          Test accuracy after each epoch, % <span className="muted">· bands: 95 %</span>
        </h3>
        <Chart
          {...common}
          {...plots.accuracies}
          label={`Test accuracy by epoch: ${ends((i) => networks[i].records.at(-1)?.testAccuracy, 4, "")}.`}
          digits={2}
          unit=" %"
          empty={plots.accuracies.data.length === 0 ? "Tested after every epoch" : null}
        />
      </section>
      <section aria-labelledby="train-loss">
        <h3 id="train-loss">Training loss, nats, by epoch</h3>
        <Chart
          {...common}
          {...plots.losses}
          label={`Training loss by epoch: ${ends((i) => networks[i].losses.at(-1)?.[1], 3, " nats")}.`}
          digits={3}
          empty={plots.losses.data.length === 0 ? "A point every tenth of an epoch" : null}
        />
      </section>
    </div>
  );
}

/** Accuracies nearer than this look alike, percentage points. */
const LEAST_RANGE = 4;
