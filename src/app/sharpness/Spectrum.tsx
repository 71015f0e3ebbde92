import { useId } from "react";
import type { SharpnessFound } from "../../worker/protocol";
import { Rungs } from "../charts/Rungs";
import { linear, niceTicks } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { fixed } from "../format";
import { digitsFor } from "./words";

const MARGIN = { left: 40, right: 4, top: 6, bottom: 6 };

/** The eigenvalues as bars, the largest first; those of the slice's directions stand out. */
export function Spectrum({ found: { eigenvalues, leading, whole } }: { found: SharpnessFound }) {
  const id = useId();
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const most = Math.max(...eigenvalues);
  const least = Math.min(...eigenvalues);
  const y = linear(Math.min(0, least), Math.max(0, most), height - MARGIN.bottom, MARGIN.top);
  const x = linear(0, eigenvalues.length, MARGIN.left, width - MARGIN.right);
  const negative = eigenvalues.filter((value) => value < 0).length;
  const said = (value: number) => fixed(value, digitsFor(value));
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{whole ? `All ${eigenvalues.length} eigenvalues` : "Outermost eigenvalues"}, nats per logit²</h3>
      <div
        className="sharpness-spectrum"
        ref={ref}
        role="img"
        aria-label={`Eigenvalues of the Hessian from ${said(most)} to ${said(least)}, ${negative} of ${eigenvalues.length} negative.`}
      >
        {width > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            <Rungs
              ticks={niceTicks(Math.min(0, least), Math.max(0, most), 5)}
              y={y}
              left={MARGIN.left}
              right={width - MARGIN.right}
            />
            {eigenvalues.map((value, i) => (
              <rect
                key={String(i)}
                className={leading.values.includes(value) ? "leading" : ""}
                x={x(i) + 1}
                width={Math.max(1, x(1) - x(0) - 2)}
                y={Math.min(y(value), y(0))}
                height={Math.max(0.5, Math.abs(y(value) - y(0)))}
              >
                <title>{`${i + 1} of ${eigenvalues.length}: ${said(value)}`}</title>
              </rect>
            ))}
            <line className="zero" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(0)} y2={y(0)} />
          </svg>
        )}
      </div>
    </section>
  );
}
