import type { Settings } from "../../core/controls";
import type { NetworkCost, NetworkSizes } from "../../core/space";
import { SPACES } from "../../core/spaces";

/** A multiply-accumulate is two operations. */
const OPERATIONS = 2;
/** Work in forward passes: forward, backward by data, and by weights where those learn. */
const WEIGHT_HALF = 3;
const ARCHITECTURE_HALF = 2;

export interface SearchCost {
  /** Trainable weights of the supernet, to within its batch norms. */
  readonly weights: number;
  /** Floating-point operations of one search step, about. */
  readonly step: number;
  /** Passes over each half of the images. */
  readonly epochs: number;
}

/** What a search will cost, before it runs. */
export function searchCost(settings: Settings): SearchCost {
  const { channels, cells, image, batch, images, steps, samples, method } = settings;
  const space = SPACES[settings.space];
  const sizes: NetworkSizes = { channels, cells, image, imageChannels: 1, classes: 10 };
  const supernet = supernetCost(settings.space, sizes);
  const passes = WEIGHT_HALF + ARCHITECTURE_HALF * (method === "balenas" ? samples : 1);
  return {
    weights: supernet.parameters + space.size,
    step: passes * batch * supernet.flops * OPERATIONS,
    epochs: (steps * batch) / images,
  };
}

/** Every operation on every edge at once: costs add over edges, so each operation counts by what it adds to the empty cell. */
function supernetCost(id: Settings["space"], sizes: NetworkSizes): NetworkCost {
  const space = SPACES[id];
  const empty = space.rows.map(() => 0);
  const base = space.cost(empty, sizes);
  let { parameters, flops } = base;
  for (const [row, { choices }] of space.rows.entries()) {
    for (let choice = 1; choice < choices.length; choice++) {
      const one = space.cost(empty.with(row, choice), sizes);
      parameters += one.parameters - base.parameters;
      flops += one.flops - base.flops;
    }
  }
  return { parameters, flops };
}
