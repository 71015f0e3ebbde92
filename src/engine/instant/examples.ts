import type { Settings } from "../../core/controls";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import type { RandomStream, StreamState } from "../../core/random";
import type { Batch } from "../engine";

const ROWS = NAS_BENCH_201.rows.length;
/** Cells that differ from a cell in at most one row, itself included. */
const NEIGHBOURHOOD = 1 + NAS_BENCH_201.size - ROWS;

/**
 * An example of the instant objective is what chance decides of it, whatever the mixing weights: a uniform number for each row, which
 * picks the row's operation, then a standard normal for the cell so picked and for each that differs from it in one row, which says
 * how that cell's training went. It travels in a batch in the place of an image's pixels.
 */
export const DRAWS = { uniforms: ROWS, normals: NEIGHBOURHOOD, total: ROWS + NEIGHBOURHOOD } as const;

/** The batch that leaves nothing to chance: its score and gradient are expectations over all cells. */
export const EXACT: Batch = { images: new Float32Array(0), labels: new Uint8Array(1) };

/** Batches of the instant objective, without end: as many examples as `objectiveNoise` says, exact at 0. There are no epochs. */
export class Examples {
  readonly startsEpoch = false;

  /** @param random nobody else may draw from it */
  constructor(private readonly random: RandomStream) {}

  async next({ objectiveNoise: count }: Pick<Settings, "objectiveNoise">): Promise<{ batch: Batch; epoch: number }> {
    return { batch: count === 0 ? EXACT : this.draw(count), epoch: 1 };
  }

  save(): StreamState {
    return this.random.save();
  }

  restore(state: StreamState): void {
    this.random.restore(state);
  }

  private draw(count: number): Batch {
    const images = new Float32Array(count * DRAWS.total);
    for (let i = 0; i < images.length; i++) {
      images[i] = i % DRAWS.total < DRAWS.uniforms ? this.random.uniform() : this.random.normal();
    }
    return { images, labels: new Uint8Array(count) };
  }
}
