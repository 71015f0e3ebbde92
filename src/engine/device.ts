import type { Engine, SupernetSpec } from "./engine";

/** A device that can make engines. */
export interface OpenDevice {
  /** What the browser says of the hardware, for people. */
  readonly description: string;
  /** The WebGPU device behind it, for engines that share it; null on other devices. */
  readonly gpu: GPUDevice | null;
  /** Most bytes that the compiled step's arena may take here; absent where another engine runs. */
  readonly arenaLimit?: number;
  /** @param weights all weights, in the order of `parameterLayout` */
  createEngine(spec: SupernetSpec, weights: Float32Array): Promise<Engine>;
  /** Measures the best matrix product, GFLOP/s, with as many threads as that network runs on; absent where nobody has measured it. */
  matmulPeak?(spec: SupernetSpec): Promise<number>;
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
