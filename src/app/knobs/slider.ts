import type { NumberControl } from "../../core/controls";

/** On a logarithmic slider that reaches zero, the smallest value above it is this share of the largest. */
const ABOVE_ZERO = 1e-5;

const stepOf = ({ multipleOf, integer }: NumberControl) => multipleOf ?? (integer ? 1 : 0);

/** How many places a slider has, less one: every whole number where they are few, else 200. */
export function notches(control: NumberControl): number {
  const step = stepOf(control);
  const values = step > 0 && control.scale === "linear" ? (control.max - control.min) / step : Number.POSITIVE_INFINITY;
  return values <= 200 ? Math.round(values) : 200;
}

/** Where on the slider a value sits, 0..notches. */
export function toSlider(value: number, control: NumberControl): number {
  const { min, max, scale } = control;
  const last = notches(control);
  if (scale === "linear") return Math.round((last * (value - min)) / (max - min));
  const low = min > 0 ? min : max * ABOVE_ZERO;
  return value < low ? 0 : Math.round((last * Math.log(value / low)) / Math.log(max / low));
}

/** The value at a place: two significant digits on a logarithmic slider, and always one that the control accepts. */
export function fromSlider(place: number, control: NumberControl): number {
  const { min, max, scale } = control;
  const last = notches(control);
  if (place <= 0) return min;
  if (place >= last) return max;
  const share = place / last;
  const low = min > 0 ? min : max * ABOVE_ZERO;
  const raw = scale === "linear" ? min + share * (max - min) : Number((low * (max / low) ** share).toPrecision(2));
  const step = stepOf(control);
  const rounded = step > 0 ? step * Math.round(raw / step) : Number(raw.toPrecision(3));
  return Math.min(max, Math.max(min, rounded));
}
