import type { Settings } from "../controls";
import type { Method } from "../method";
import { RandomStream } from "../random";
import { edgesOf, type Row, type SearchSpace } from "../space";
import { Balenas } from "./balenas";
import { BetaDarts } from "./beta-darts";
import { Darts } from "./darts";
import { DartsEs } from "./darts-es";
import { DrNas } from "./drnas";
import { Gdas } from "./gdas";
import { PcDarts } from "./pc-darts";
import { Rsps } from "./rsps";
import { SdartsAdv } from "./sdarts-adv";
import { SdartsRs } from "./sdarts-rs";
import { Snas } from "./snas";

/** Standard deviation of the initial architecture parameters, as DARTS and the author's code draw them. */
const INITIAL_SPREAD = 1e-3;

type Constructor = new (rows: readonly Row[], settings: Settings, start: Float64Array) => Method;

/** All but random search and PC-DARTS see rows alone. */
const METHODS: Readonly<Record<Exclude<Settings["method"], "rsps" | "pc-darts">, Constructor>> = {
  balenas: Balenas,
  darts: Darts,
  gdas: Gdas,
  snas: Snas,
  drnas: DrNas,
  "sdarts-rs": SdartsRs,
  "sdarts-adv": SdartsAdv,
  "beta-darts": BetaDarts,
  "darts-es": DartsEs,
};

/** The chosen method before its first step. Under one seed every method starts from the same architecture parameters. */
export function createMethod(settings: Settings, space: SearchSpace): Method {
  const drawn = (name: string, size: number) =>
    new RandomStream(settings.seed, name).normals(size).map((x) => INITIAL_SPREAD * x);
  const start = drawn("architecture start", space.size);
  if (settings.method === "rsps") return new Rsps(space, settings, start);
  if (settings.method === "pc-darts") {
    const edges = edgesOf(space);
    return new PcDarts({ ...space, edges }, settings, start, drawn("edge start", edges.length));
  }
  return new METHODS[settings.method](space.rows, settings, start);
}
