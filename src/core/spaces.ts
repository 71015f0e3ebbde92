import type { Settings } from "./controls";
import { DARTS } from "./darts";
import { NAS_BENCH_201 } from "./nasbench201";
import type { SearchSpace } from "./space";

/** Every search space by its id. */
export const SPACES: Readonly<Record<Settings["space"], SearchSpace>> = {
  nasbench201: NAS_BENCH_201,
  darts: DARTS,
};
