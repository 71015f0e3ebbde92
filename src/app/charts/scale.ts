/** Maps numbers to pixels on a straight axis. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  (value: number): number;
}

export function linear(min: number, max: number, from: number, to: number): Scale {
  const slope = max > min ? (to - from) / (max - min) : 0;
  return Object.assign((value: number) => from + slope * (value - min), { min, max });
}

/** Round numbers inside a range, `about` of them, a step of 1, 2 or 5 times a power of ten apart. */
export function niceTicks(min: number, max: number, about: number): number[] {
  if (!(max > min)) return [min];
  const raw = (max - min) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The smallest of a few round half-widths that holds `reach`, so that an axis moves seldom and in clear jumps. */
export function roundReach(reach: number): number {
  const sizes = [1, 1.5, 2, 3, 4, 5, 6, 8];
  let power = 1;
  while (power * 8 < reach) power *= 10;
  while (power >= reach) power /= 10;
  // Powers of ten by division are off in the last digit, which would show in a label.
  return Number((power * (sizes.find((size) => power * size >= reach) ?? 10)).toPrecision(12));
}

/** End of a time axis: the whole search, or a part of it that grows fourfold while the search is young. */
export function timeEnd(step: number, steps: number): number {
  let end = steps;
  while (end > 160 && step <= end / 4) end = Math.ceil(end / 4);
  return Math.max(end, step);
}

/**
 * Steps to draw out of 0..last: at most about `most`, a power of two apart, so that points stay where they are as the run grows; the
 * last one always.
 */
export function stepsToDraw(last: number, most: number): number[] {
  let stride = 1;
  while (last / stride > most) stride *= 2;
  const steps = [];
  for (let step = 0; step < last; step += stride) steps.push(step);
  steps.push(last);
  return steps;
}
