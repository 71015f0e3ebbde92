import type { Engine } from "../../src/engine/engine";
import { Search, type SearchParts } from "../../src/search/search";

const batch = { images: new Float32Array(0), labels: new Uint8Array(1) };
const refuse = () => Promise.reject(new Error("not wanted"));

/** An engine without weights that refuses whatever it isn't told how to do. */
export function standIn(own: Partial<Engine> & Pick<Engine, "spec">): Engine {
  return {
    weightStep: refuse,
    architectureGradient: refuse,
    weightGradient: refuse,
    evaluate: refuse,
    predict: refuse,
    exportState: async () => new Float32Array(0),
    importState: () => {},
    dispose: () => {},
    ...own,
  };
}

/** A search on an engine that looks at no image. */
export function searchOn(
  engine: Engine,
  parts: Pick<SearchParts, "settings" | "space" | "method"> & Partial<Pick<SearchParts, "nasBench101">>,
  evaluationBatches: SearchParts["evaluationBatches"] = async () => [batch],
): Search {
  const stream = { startsEpoch: false, next: async () => ({ batch, epoch: 1 }), save: () => null, restore: () => {} };
  return new Search({
    data: "none",
    engine,
    device: { device: "cpu", engine: "reference" },
    weightBatches: stream,
    architectureBatches: stream,
    evaluationBatches,
    benchmark: null,
    ...parts,
  });
}
