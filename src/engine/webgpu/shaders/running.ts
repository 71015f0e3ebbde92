import { NORM_EPSILON, RUNNING_MOMENTUM } from "../../network";
import type { Arguments } from "../../plan/kernels";
import { type Dispatch, dispatch, LANES, shader, vector } from "../shader";

/** Running statistics of batch norms, one invocation a vector of channels. */

const trackShader = shader({
  name: "track",
  fields: ["stats", "positions", "vectors", "running"],
  body: `
  let v = id.x;
  if (v >= vectors) { return; }
  let n = positions * BATCH;
  let inverse = m[stats + 2 * v + 1];
  let variance = max(1.0 / (inverse * inverse) - ${NORM_EPSILON}, vec4f()) * f32(n) / f32(max(1, n - 1));
  m[running + v] += ${RUNNING_MOMENTUM} * (m[stats + 2 * v] - m[running + v]);
  m[running + vectors + v] += ${RUNNING_MOMENTUM} * (variance - m[running + vectors + v]);`,
});

const runningStatsShader = shader({
  name: "runningStats",
  fields: ["running", "vectors", "stats"],
  body: `
  let v = id.x;
  if (v >= vectors) { return; }
  m[stats + 2 * v] = m[running + v];
  m[stats + 2 * v + 1] = 1.0 / sqrt(m[running + vectors + v] + ${NORM_EPSILON});`,
});

export function track({ stats, positions, vectors, running }: Arguments<"track">): Dispatch {
  const values = { stats: vector(stats), positions, vectors, running: vector(running) };
  return dispatch(trackShader, values, [Math.ceil(vectors / LANES), 1, 1]);
}

export function runningStats({ running, vectors, stats }: Arguments<"runningStats">): Dispatch {
  const values = { running: vector(running), vectors, stats: vector(stats) };
  return dispatch(runningStatsShader, values, [Math.ceil(vectors / LANES), 1, 1]);
}
