import { useEffect, useState } from "react";
import { type Benchmark, decodeBenchmark } from "../../core/benchmark";
import { messageOf } from "../../core/errors";
import { idle } from "../idle";

export interface Loaded<Known> {
  readonly benchmark: Known | null;
  /** Why there are no figures. */
  readonly failure: string | null;
  readonly retry: () => void;
}

const NOTHING = { benchmark: null, failure: null };

/** A file of the page's own. @throws naming the file that is not there */
export async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`./${path}`);
  if (!response.ok) throw new Error(`${path} could not be loaded (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Figures that are fetched once, after the first paint; again after a failure. */
export class Figures<Known> {
  private loading: Promise<Known> | null = null;

  constructor(private readonly open: () => Promise<Known>) {}

  async load(): Promise<Known> {
    this.loading ??= idle().then(this.open);
    try {
      return await this.loading;
    } catch (error) {
      this.loading = null;
      throw error;
    }
  }
}

/** @param wanted is there a space on screen that has such figures? Without one nothing is fetched. */
export function useFigures<Known>(figures: Figures<Known>, wanted: boolean): Loaded<Known> {
  const [state, setState] = useState<Omit<Loaded<Known>, "retry">>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt loads again
  useEffect(() => {
    if (!wanted) return;
    let mounted = true;
    figures.load().then(
      (benchmark) => mounted && setState({ benchmark, failure: null }),
      (error) => mounted && setState({ benchmark: null, failure: messageOf(error) }),
    );
    return () => {
      mounted = false;
    };
  }, [figures, wanted, attempt]);
  return { ...(wanted ? state : NOTHING), retry: () => setAttempt(attempt + 1) };
}

const TABLE = new Figures(async () => decodeBenchmark((await read("benchmarks/nasbench201.bin")).buffer));

/** The figures of all cells of NAS-Bench-201. @param wanted as in `useFigures` */
export function useBenchmark(wanted: boolean): Loaded<Benchmark> {
  return useFigures(TABLE, wanted);
}
