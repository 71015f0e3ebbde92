/**
 * Which text reads on the accent mixed into the surface, by its share: black or white, whichever stands 4.5:1 off it. The accent is dark on
 * a light page and light on a dark one, so that between the two limits it is black on both.
 */
const BLACK_FROM = 0.66;
const BLACK_TO = 0.815;

export function depthClass(depth: number): "pale" | "middle" | "deep" {
  if (depth < BLACK_FROM) return "pale";
  return depth < BLACK_TO ? "middle" : "deep";
}
