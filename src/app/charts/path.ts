export type Point = readonly [x: number, y: number];

const text = (value: number) => value.toFixed(1);

/** SVG path data of a polyline. */
export function polyline(points: readonly Point[]): string {
  let path = "";
  for (const [x, y] of points) path += `${path ? "L" : "M"}${text(x)} ${text(y)}`;
  return path;
}

/** SVG path data of the area between two polylines over the same x. */
export function band(upper: readonly Point[], lower: readonly Point[]): string {
  return `${polyline(upper)}${polyline([...lower].reverse()).replace("M", "L")}Z`;
}
