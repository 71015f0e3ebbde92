/** Accuracies nearer than this look alike, percentage points: they are as uncertain. */
export const LEAST_RANGE = 1;

/** Range of an axis: that of the values and a twentieth more on either side, at least so much in all. */
export function rangeOf(values: readonly number[], least = 1e-3): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = Math.max(0.05 * (high - low), (least - (high - low)) / 2);
  return [low - room, high + room];
}
