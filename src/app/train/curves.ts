import { wilsonInterval } from "../../core/statistics";
import type { NetworkProgress } from "../../worker/protocol";
import type { Datum, Series } from "../charts/series";
import { RUN_STYLES } from "../charts/style";
import { LETTERS } from "./letters";

/** Lines of networks side by side. @param band whether around each there is an interval */
export function linesOf(networks: readonly NetworkProgress[], band: boolean): Series[] {
  return networks.map((_, i) => ({
    key: LETTERS[i],
    name: LETTERS[i],
    ...RUN_STYLES[i],
    ...(band && { band: [`${LETTERS[i]} low`, `${LETTERS[i]} high`] as const }),
  }));
}

/** Training losses by epochs behind the networks. */
export function lossPoints(networks: readonly NetworkProgress[]): Datum[] {
  return merged(
    networks.map(({ losses }, i) => losses.map(([epochs, loss]) => ({ step: epochs, [LETTERS[i]]: loss }))),
  );
}

/** Test accuracies after each epoch, %, within Wilson's intervals of 95 %. */
export function accuracyPoints(networks: readonly NetworkProgress[], testImages: number): Datum[] {
  return merged(
    networks.map(({ records }, i) =>
      records.map(({ epoch, testAccuracy }) => {
        const [low, high] = wilsonInterval(Math.round(testAccuracy * testImages), testImages);
        const key = LETTERS[i];
        return { step: epoch, [key]: 100 * testAccuracy, [`${key} low`]: 100 * low, [`${key} high`]: 100 * high };
      }),
    ),
  );
}

/** Points of several curves, those of a step together. */
function merged(curves: readonly (readonly Datum[])[]): Datum[] {
  const steps = new Map<number, Datum>();
  for (const point of curves.flat()) steps.set(point.step, { ...steps.get(point.step), ...point });
  return [...steps.values()].sort((a, b) => a.step - b.step);
}
