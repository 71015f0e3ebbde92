import { changeText } from "../marks";
import type { Recording } from "../recording";

export interface Flag {
  readonly step: number;
  readonly kind: "edit" | "recovery";
  readonly text: string;
}

/** Most epochs that are marked; more would be a grey bar. */
const MOST_EPOCHS = 60;

/** What happened along a run: steps at which an epoch began, and edits and recoveries. */
export function flagsOf(recording: Recording): { epochs: readonly number[]; marks: readonly Flag[] } {
  return {
    epochs: epochsOf(recording),
    marks: recording.changes.map((change) => ({
      step: change.step,
      kind: change.recovered ? "recovery" : "edit",
      text: changeText(change),
    })),
  };
}

/** Steps that open an epoch, the first apart; found by halving, since epochs only rise. */
function epochsOf(recording: Recording): number[] {
  const { steps } = recording;
  const at = (step: number) => recording.scalar(step, "epoch");
  const found: number[] = [];
  let epoch = steps > 0 ? at(1) : 0;
  for (let from = 1; steps > 0 && at(steps) > epoch && found.length <= MOST_EPOCHS; ) {
    let [low, high] = [from, steps];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at(middle) > epoch) high = middle;
      else low = middle;
    }
    found.push(high);
    from = high;
    epoch = at(high);
  }
  return found.length > MOST_EPOCHS ? [] : found;
}
