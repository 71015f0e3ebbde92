/** What work beside a run is told. */
export interface Turn {
  /** It is to stop as soon as it can. */
  readonly stopped: boolean;
}

/** Work beside a run, one piece at a time. */
export class Turns {
  private turn: { stopped: boolean } | null = null;
  private loop: Promise<void> = Promise.resolve();

  /** Begins work in place of that before it, which stops first. Returns once it has begun. @param work never rejects */
  async start(work: (turn: Turn) => Promise<void>): Promise<void> {
    const turn = { stopped: false };
    if (this.turn) this.turn.stopped = true;
    this.turn = turn;
    await this.loop;
    if (this.turn !== turn) return;
    this.loop = work(turn).finally(() => {
      if (this.turn === turn) this.turn = null;
    });
  }

  /** False for work that was left behind, or that other work is to follow: nobody wants to hear of it. */
  holds(turn: Turn): boolean {
    return this.turn === turn;
  }

  /** Resolves when the work under way, if any, stands still. */
  async stop(): Promise<void> {
    if (this.turn) this.turn.stopped = true;
    await this.loop;
  }

  /** Leaves work behind that may never end, because its device is gone. Was there any? */
  leave(): boolean {
    const underWay = this.turn !== null;
    this.turn = null;
    this.loop = Promise.resolve();
    return underWay;
  }
}

/** Seconds to go by the pace since it was made; null where there is no telling. */
export function pace(): (done: number, total: number) => number | null {
  const begun = performance.now();
  return (done, total) => {
    const remaining = ((performance.now() - begun) / 1000 / done) * (total - done);
    return Number.isFinite(remaining) ? remaining : null;
  };
}
