import type { Engine, GroupEngine, SupernetSpec } from "./engine";
import type { ProbePlan } from "./plan/probe";
import type { Prober } from "./probe";

/** Where a page's words do not fit. */
export const IN_NODE = typeof process !== "undefined" && process.versions?.node !== undefined;

/** Kernels compiled so far, and all. */
export type Progress = (done: number, total: number) => void;

/** A device that can make engines. */
export interface OpenDevice {
  /** What the browser says of the hardware, for people. */
  readonly description: string;
  /** Most bytes that the compiled step's arena may take here; absent where another engine runs. */
  readonly arenaLimit?: number;
  /** Measures the best matrix product, GFLOP/s, with as many threads as that network runs on; absent where nobody has measured it. */
  matmulPeak?(spec: SupernetSpec): Promise<number>;
  /**
   * @param weights all weights, in the order of `parameterLayout`
   * @param onProgress hears of kernels where they are compiled first
   */
  createEngine(spec: SupernetSpec, weights: Float32Array, onProgress?: Progress): Promise<Engine>;
  /**
   * Trains discrete networks of one space, sizes and batch side by side; absent where another engine runs.
   * @param weights of each network, in the order of `parameterLayout`, or a whole state
   * @throws {InputError} where they do not go together, or are too large together
   */
  createGroup?(
    specs: readonly SupernetSpec[],
    weights: readonly Float32Array[],
    onProgress?: Progress,
  ): Promise<GroupEngine>;
  /** Looks into discrete networks of one batch; absent where another engine runs. @throws {InputError} where one is too large */
  createProber?(plans: readonly ProbePlan[]): Promise<Prober>;
  /** Calls back once, with a sentence for people, when the device is lost or reports an error: what its engines return is void then. */
  onLost(callback: (reason: string) => void): void;
  /** Gives the device back. Dispose its engines first. */
  close(): void;
}

/** A device that is not there; the message is the reason, for people. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** Remembers that a device was lost, for those who ask before and those who ask after. */
export class LossSignal {
  private reason: string | null = null;
  private readonly callbacks: ((reason: string) => void)[] = [];

  /** Only the first report counts: what follows a loss is its echo. */
  report(reason: string): void {
    if (this.reason !== null) return;
    this.reason = reason;
    for (const callback of this.callbacks) callback(reason);
  }

  readonly onLost = (callback: (reason: string) => void): void => {
    if (this.reason !== null) callback(this.reason);
    else this.callbacks.push(callback);
  };
}
