import type { Settings } from "./controls";
import { DARTS } from "./darts";
import { NAS_BENCH_1SHOT1 } from "./nasbench1shot1";
import { NAS_BENCH_201 } from "./nasbench201";
import type { SearchSpace } from "./space";

const [S1, S2, S3] = NAS_BENCH_1SHOT1;

/** Every search space by its id. */
export const SPACES: Readonly<Record<Settings["space"], SearchSpace>> = {
  nasbench201: NAS_BENCH_201,
  darts: DARTS,
  "1shot1-s1": S1,
  "1shot1-s2": S2,
  "1shot1-s3": S3,
};
