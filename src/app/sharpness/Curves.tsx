import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import { roundReach, timeEnd } from "../charts/scale";
import type { Datum, Series } from "../charts/series";
import { fixed } from "../format";
import { useCursor, useRecording } from "../history";
import { useMarks } from "../marks";
import { digitsFor } from "./words";

const line = (key: string, name: string): readonly Series[] => [
  { key, name: "", colour: "var(--ink)", quiet: true },
  { key: `${key}Point`, name, colour: "var(--ink)", dots: true },
];
const EIGENVALUE = line("eigenvalue", "λ");
const PENALTY: readonly Series[] = line("penalty", "½ tr(σ²H)");

/** Both figures through the search on screen, where they were measured. */
export function Curves() {
  const { sharpness, steps, settings } = useRecording();
  const marks = useMarks();
  const cursor = useCursor();
  const data = useMemo(
    () =>
      sharpness.map(
        ({ step, eigenvalue, penalty }): Datum => ({
          step,
          eigenvalue,
          eigenvaluePoint: eigenvalue,
          penalty,
          penaltyPoint: penalty,
        }),
      ),
    [sharpness],
  );
  const common = { marks, cursor, end: timeEnd(steps, settings.steps), data };
  const hasPenalty = data.length === 0 || data.some(({ penalty }) => penalty !== null);
  return (
    <div className={`sharpness-curves ${hasPenalty ? "" : "single"}`}>
      <section>
        <h3>Eigenvalue of largest size, nats per logit²</h3>
        <Chart
          {...common}
          label={words("Dominant eigenvalue of the Hessian through the search", data, "eigenvalue")}
          series={EIGENVALUE}
          {...axisOf(data, "eigenvalue")}
          empty={data.length === 0 ? EMPTY : null}
        />
      </section>
      {hasPenalty && (
        <section>
          <h3>What the noise costs: ½ tr(σ²H), nats</h3>
          <Chart
            {...common}
            label={words("Half the trace of the Hessian times the variances through the search", data, "penalty")}
            series={PENALTY}
            {...axisOf(data, "penalty")}
            empty={data.length === 0 ? EMPTY : null}
          />
        </section>
      )}
    </div>
  );
}

const EMPTY = "Each measurement will appear here";

/** Around zero, which tells a valley from a ridge. */
function axisOf(data: readonly Datum[], key: string) {
  const values = data.flatMap((datum) => datum[key] ?? []);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const least = 0.1 * Math.max(high, -low, 1e-6);
  const reach = (value: number) => (value > 0 ? roundReach(Math.max(value, least)) : 0);
  const domain = [low < 0 ? -reach(-low) : 0, reach(high)] as const;
  const digits = digitsFor(Math.max(high, -low)) + 1;
  return { domain: domain[0] === domain[1] ? ([0, 0.1] as const) : domain, digits };
}

function words(what: string, data: readonly Datum[], key: string): string {
  const points = data.map(({ step, [key]: value }) =>
    value === null ? "" : `${fixed(value, digitsFor(value))} at step ${step}`,
  );
  return `${what}: ${points.length > 0 ? points.join(", ") : "not measured yet"}.`;
}
