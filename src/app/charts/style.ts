import type { Series } from "./series";

/** Text of an axis. */
const TICK = { fontSize: 11, fill: "var(--muted)" } as const;

/** Horizontal axis, vertical axis and pointer of every chart. */
export const ACROSS = { tick: TICK, tickLine: false, axisLine: { stroke: "var(--line)" }, height: 20 } as const;
export const UP = {
  type: "number",
  tick: TICK,
  tickLine: false,
  axisLine: false,
  width: 34,
  allowDataOverflow: true,
} as const;
export const POINTER = {
  isAnimationActive: false,
  cursor: { stroke: "var(--line-strong)", strokeDasharray: "2 2" },
} as const;

export type RunStyle = Pick<Series, "colour" | "dash" | "width">;

/** Lines of what stands side by side, each in a colour that is no operation's; neighbours differ in their dashes too. */
export const RUN_STYLES: readonly RunStyle[] = [
  { colour: "var(--run-1)", width: 2 },
  { colour: "var(--run-2)", dash: "7 3", width: 2 },
  { colour: "var(--run-3)", dash: "2 2.5", width: 2.2 },
  { colour: "var(--run-4)", dash: "10 3 2 3", width: 2 },
  { colour: "var(--run-5)", width: 2 },
  { colour: "var(--run-6)", dash: "7 3", width: 2 },
  { colour: "var(--run-7)", dash: "2 2.5", width: 2.2 },
  { colour: "var(--run-8)", dash: "10 3 2 3", width: 2 },
];
