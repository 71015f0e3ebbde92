import { useEffect, useState } from "react";
import { type Benchmark, decodeBenchmark } from "../../core/benchmark";
import { messageOf } from "../../core/errors";
import { idle } from "../idle";

let loading: Promise<Benchmark> | null = null;

/** The figures of all cells, fetched once and only when a panel asks, after the first paint. */
function loadBenchmark(): Promise<Benchmark> {
  loading ??= (async () => {
    await idle();
    const response = await fetch("./benchmarks/nasbench201.bin");
    if (!response.ok) throw new Error(`benchmarks/nasbench201.bin could not be loaded (HTTP ${response.status})`);
    return decodeBenchmark(await response.arrayBuffer());
  })();
  return loading;
}

export interface Loaded {
  readonly benchmark: Benchmark | null;
  /** Why there are no figures. */
  readonly failure: string | null;
  readonly retry: () => void;
}

const NOTHING = { benchmark: null, failure: null };

/** @param wanted is there a space on screen that has a table? Without one nothing is fetched. */
export function useBenchmark(wanted: boolean): Loaded {
  const [state, setState] = useState<Omit<Loaded, "retry">>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt loads again
  useEffect(() => {
    if (!wanted) return;
    let mounted = true;
    loadBenchmark().then(
      (benchmark) => mounted && setState({ benchmark, failure: null }),
      (error) => {
        loading = null;
        if (mounted) setState({ benchmark: null, failure: messageOf(error) });
      },
    );
    return () => {
      mounted = false;
    };
  }, [wanted, attempt]);
  return { ...(wanted ? state : NOTHING), retry: () => setAttempt(attempt + 1) };
}
