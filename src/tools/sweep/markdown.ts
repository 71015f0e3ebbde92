import { deviation, mean } from "../../core/statistics";

/** Lines of a table whose first column is text and whose others are numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

/** Mean of paired differences ± its standard error; empty for fewer than two. */
export const difference = (values: readonly number[]) =>
  values.length < 2 ? "" : `${signed(mean(values))} ± ${(deviation(values) / Math.sqrt(values.length)).toFixed(2)}`;

/** Mean ± standard deviation. */
export const spread = (values: readonly number[]) =>
  `${mean(values).toFixed(2)}${values.length > 1 ? ` ± ${deviation(values).toFixed(2)}` : ""}`;

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
