/** How far a loop may fall behind its rate and still catch up, milliseconds. */
const SLACK = 100;

/** Keeps a loop from running faster than a rate, without holding up the thread. */
export class Pacer {
  private rate: number | null = null;
  private due = 0;
  private wake: (() => void) | null = null;

  /** @param rate turns a second at most; null for no limit */
  setRate(rate: number | null): void {
    this.rate = rate;
    this.due = performance.now();
    this.interrupt();
  }

  /** Lets a turn that is waited for come at once. */
  interrupt(): void {
    this.wake?.();
  }

  /** Resolves when the next turn may begin, at once where nothing holds it back. */
  async turn(): Promise<void> {
    if (this.rate === null) return;
    const now = performance.now();
    this.due = Math.max(this.due + 1000 / this.rate, now - SLACK);
    if (this.due <= now) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.due - now);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }
}

/** Lets waiting messages in. A channel, because timers of a busy worker are held back by 4 ms. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
