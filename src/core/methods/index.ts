import type { Settings } from "../controls";
import type { Method } from "../method";
import { RandomStream } from "../random";
import type { SearchSpace } from "../space";
import { Balenas } from "./balenas";
import { Darts } from "./darts";

/** Standard deviation of the initial architecture parameters, as DARTS and the author's code draw them. */
const INITIAL_SPREAD = 1e-3;

/** The chosen method before its first step. Under one seed every method starts from the same architecture parameters. */
export function createMethod(settings: Settings, space: SearchSpace): Method {
  const mean = new RandomStream(settings.seed, "architecture start").normals(space.size).map((x) => INITIAL_SPREAD * x);
  return settings.method === "balenas"
    ? new Balenas(space.rows, settings, mean)
    : new Darts(space.rows, settings, mean);
}
