import type { Choices } from "../../core/space";
import type { History } from "../history";

/** A cell that was the most probable one from this step on. */
export interface Stay {
  readonly step: number;
  readonly choices: Choices;
}

/** Follows which cell is the most probable one, step by step, and looks at every step once. */
export class Trajectory {
  stays: Stay[] = [];
  private seen = -1;
  private run = -1;

  follow({ run, recording }: Pick<History, "run" | "recording">): readonly Stay[] {
    if (run !== this.run) {
      this.run = run;
      this.stays = [];
      this.seen = -1;
    }
    const added: Stay[] = [];
    let last = String(this.stays.at(-1)?.choices);
    for (let step = this.seen + 1; step <= recording.steps; step++) {
      const choices = recording.space.discretise(recording.mean(step));
      if (String(choices) !== last) added.push({ step, choices });
      last = String(choices);
    }
    this.seen = recording.steps;
    if (added.length > 0) this.stays = [...this.stays, ...added];
    return this.stays;
  }
}

/** Of the recording on screen. */
export const trajectory = new Trajectory();
