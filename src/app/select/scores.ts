import { PROXIES, type ProxyName } from "../../core/proxies";
import type { SelectionRequest, SelectionResult } from "../../worker/protocol";
import { fixed, plain, short } from "../format";

/** "NASWOT and FLOPs". */
export function rankingTitle(names: readonly ProxyName[]): string {
  return names.map((name) => PROXIES[name].title).join(" and ");
}

/** The proxies that a selection measures: those of the ranking first. */
export function measured({ rankBy, proxies }: SelectionRequest): ProxyName[] {
  return [...new Set([...rankBy, ...proxies])];
}

/** A score as short as tells candidates apart. */
export function scoreText(name: ProxyName, value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (name === "one_shot") return `${fixed(100 * value, 1)} %`;
  if (name === "params" || name === "flops") return short(value);
  return plain(Number(value.toPrecision(4)));
}

/** Test accuracy on CIFAR-10, %; not a number without a table. */
export function accuracyOf({ benchmark }: Pick<SelectionResult["candidates"][number], "benchmark">): number {
  return benchmark?.cifar10.test ?? Number.NaN;
}
