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

export function useBenchmark(): Loaded {
  const [state, setState] = useState<Omit<Loaded, "retry">>({ benchmark: null, failure: null });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt loads again
  useEffect(() => {
    let wanted = true;
    loadBenchmark().then(
      (benchmark) => wanted && setState({ benchmark, failure: null }),
      (error) => {
        loading = null;
        if (wanted) setState({ benchmark: null, failure: messageOf(error) });
      },
    );
    return () => {
      wanted = false;
    };
  }, [attempt]);
  return { ...state, retry: () => setAttempt(attempt + 1) };
}
