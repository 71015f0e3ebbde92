import type { ChangeRecord } from "../../worker/protocol";
import { niceTicks, type Scale } from "../charts/scale";
import { changeText } from "../marks";
import type { Bands } from "./bands";

/** The axis that all densities share. */
export function ValueAxis({ x, plot }: { x: Scale; plot: number }) {
  return (
    <svg className="axis" width={plot} height={18} aria-hidden="true">
      {niceTicks(x.min, x.max, 4).map((tick) => (
        <text key={tick} x={clampText(x(tick), String(tick), plot)} y={13} textAnchor="middle">
          {String(tick).replace("-", "−")}
        </text>
      ))}
    </svg>
  );
}

/** The time axis of the run, with a flag where a knob was turned. */
export function TimeAxis({ bands, plot, changes }: { bands: Bands; plot: number; changes: readonly ChangeRecord[] }) {
  return (
    <svg className="axis" width={plot} height={18} aria-hidden="true">
      {niceTicks(0, bands.x.max, plot < 200 ? 3 : 4).map((tick) => (
        <text key={tick} x={clampText(bands.x(tick), String(tick), plot)} y={13} textAnchor="middle">
          {tick}
        </text>
      ))}
      {changes.map((change, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows
        <path key={i} className="flag" d={`M${bands.x(change.step)} 0l3.5 5h-7z`}>
          <title>{changeText(change)}</title>
        </path>
      ))}
    </svg>
  );
}

/** Keeps a tick's text inside the drawing. */
function clampText(x: number, text: string, width: number): number {
  const half = 3.4 * text.length;
  return Math.min(width - half, Math.max(half, x));
}
