import { create } from "zustand";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { PROXIES, PROXY_NAMES, TRAINING_FREE } from "../../core/proxies";
import { parseRanking, SHORT_TRAINING, standardFor } from "../../core/selection";
import type { SelectionRequest } from "../../worker/protocol";
import { NAMES } from "../bar/Device";
import { clock, count } from "../format";
import { useRecording } from "../history";
import { Choice } from "../knobs/Choice";
import { type Moment, useMoment } from "../moment";
import { methodName } from "../runs/summary";
import { supernetOnScreen } from "../session";
import { useApp } from "../store";
import { rankingTitle } from "./scores";
import { cancelSelection, select, useSelection } from "./selection";

const SAMPLES = [10, 20, 50, 100, 200, 500, 1000];
/** How many a short training may decide between. */
const TRAINED = [10, 50, SHORT_TRAINING.candidates, 300];
const TEMPERATURES = [0.5, 1, 1.5, 2, 3, 5, 10];
const RANKINGS = [...new Set([standardFor(0).ranking, standardFor(1).ranking, ...PROXY_NAMES])];

interface KnobValues {
  readonly samples: number;
  /** Null, here and below: what is best before what follows. */
  readonly temperature: number | null;
  readonly ranking: string | null;
  readonly every: boolean;
  readonly train: number;
}

/** They stay as they are while the drawer is closed. */
const useKnobs = create<KnobValues>(() => ({
  samples: 100,
  temperature: null,
  ranking: null,
  every: false,
  train: 0,
}));
const set = useKnobs.setState;

/** What is drawn and how it is ranked; starts, cancels and resumes it. */
export function Knobs() {
  const { settings } = useRecording();
  const moment = useMoment();
  const { samples, every, train, ...chosen } = useKnobs();
  const standard = standardFor(train);
  const ranking = chosen.ranking ?? standard.ranking;
  const temperature = chosen.temperature ?? standard.temperature;
  const latest = useSelection((state) => state.latest);
  const running = useApp((state) => state.phase === "running");
  const preparing = useApp((state) => state.phase === "preparing");
  const supernet = supernetOnScreen();
  const obstacle = useObstacle(moment, supernet === null && parseRanking(ranking, "the ranking").includes("one_shot"));

  const { channels, cells, image, space, data, seed } = settings;
  const request = (): SelectionRequest => ({
    space,
    data,
    posterior: { mean: Array.from(moment.mean), scale: moment.scale && Array.from(moment.scale) },
    samples,
    temperature,
    seed,
    rankBy: parseRanking(ranking, "the ranking"),
    proxies: every ? (supernet === null ? TRAINING_FREE : PROXY_NAMES) : ["params", "flops"],
    sizes: { channels, cells, image },
    train,
    supernet,
  });
  const state = latest?.progress.state;
  const start = () => select(request(), { moment, settings, title: `${methodName(settings)}, seed ${seed}` });
  return (
    <section className="choices select-knobs" aria-label="Selection">
      <Choice label="Samples" value={samples} onChange={(value) => set({ samples: Number(value) })}>
        {SAMPLES.map((value) => (
          <option key={value} value={value}>
            {count(value)}
          </option>
        ))}
      </Choice>
      <Choice
        label={moment.scale ? "Scale σ times" : "Temperature"}
        value={temperature}
        onChange={(value) => set({ temperature: Number(value) === standard.temperature ? null : Number(value) })}
      >
        {TEMPERATURES.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </Choice>
      <Choice
        label="Rank by"
        value={ranking}
        onChange={(value) => set({ ranking: value === standard.ranking ? null : value })}
      >
        {RANKINGS.map((value) => (
          <option key={value} value={value}>
            {rankingTitle(parseRanking(value, "the ranking"))}
          </option>
        ))}
      </Choice>
      <Choice
        label="Measure"
        value={every ? "every" : "ranked"}
        onChange={(value) => set({ every: value === "every" })}
      >
        <option value="ranked">that alone</option>
        <option value="every">every proxy</option>
      </Choice>
      <Choice label="Then train" value={train} onChange={(value) => set({ train: Number(value) })}>
        <option value={0}>none</option>
        {TRAINED.map((value) => (
          <option key={value} value={value}>
            the best {value}, briefly
          </option>
        ))}
      </Choice>
      <div className="choices-actions">
        {state === "running" ? (
          <button type="button" className="button" onClick={cancelSelection}>
            Cancel
          </button>
        ) : (
          <>
            {latest && state === "cancelled" && !obstacle && (
              <button
                type="button"
                className="button primary"
                disabled={preparing}
                onClick={() => select(latest.request, latest.source)}
              >
                Resume
              </button>
            )}
            <button
              type="button"
              className={`button ${state === "cancelled" ? "" : "primary"}`}
              disabled={preparing || obstacle !== null}
              onClick={start}
            >
              Start
            </button>
          </>
        )}
        <Where note={obstacle ?? (running ? "Start pauses the search; what it learned stays as it is." : null)} />
      </div>
      {ranking !== standard.ranking && <p className="small muted select-help">{helpOf(ranking)}</p>}
      {train > 0 && <p className="small muted select-help">{trainingHelp()}</p>}
    </section>
  );
}

/** What a short training does. */
function trainingHelp(): string {
  const { image, channels, steps, rounds } = SHORT_TRAINING;
  const networks = `Small networks (${image} px, ${channels} channels) with the same initial weights see the same batches`;
  const halving = `after ${steps} steps the half stays whose places by the proxies and by the training loss are best together, ${rounds} rounds in all`;
  const why = "A loss so early tells how easily a cell learns, the proxies how much it can";
  return `${networks}; ${halving}. ${why}. Successive halving: Jamieson and Talwalkar, AISTATS 2016; training loss as the measure: Ru et al., NeurIPS 2021.`;
}

function helpOf(ranking: string): string {
  return parseRanking(ranking, "the ranking")
    .map(
      (name) =>
        `${PROXIES[name].help} ${PROXIES[name].higherIsBetter ? "" : "Less is better. "}${PROXIES[name].source}.`,
    )
    .join(" ");
}

/**
 * Why nothing can be selected here; null where something can.
 * @param lacksSupernet the ranking asks one that is not there
 */
function useObstacle({ space }: Moment, lacksSupernet: boolean): string | null {
  const device = useApp((state) => state.device);
  if (space.id !== NAS_BENCH_201.id) {
    return `Training-free proxies rank cells of ${NAS_BENCH_201.title} only: choose that space, or show a run of it.`;
  }
  if (device && device.engine !== "compiled") {
    return `Proxies need the compiled engine, which runs on WebGPU or WebAssembly; here searches run on ${NAMES[device.device]} by another.`;
  }
  if (lacksSupernet) {
    return "One-shot accuracy asks the supernet of the run under way, and there is none on screen: run a search on the supernet, or rank by another proxy.";
  }
  return null;
}

/** How far the selection is, or what is to be known before it. */
function Where({ note }: { note: string | null }) {
  const progress = useSelection((state) => state.latest?.progress);
  const testing = useApp((state) => state.progress);
  if (!progress) return <p className="small muted">{note}</p>;
  const { state, scored, total, training, remaining, problem } = progress;
  const share = training ? training.done / training.total : scored / Math.max(1, total);
  const far = training
    ? `Training ${count(training.networks)} of the ${training.of === "group" ? "group" : "random control"}, round ${training.round}`
    : `${count(scored)} of ${count(total)} scored`;
  const left = remaining === null ? "" : ` · ${clock(Math.ceil(remaining))} left`;
  const words = {
    running: total === 0 ? `${testing?.what ?? "Drawing the group"}…` : `${far}${left}`,
    cancelled: training ? "Stopped in the short training" : `Stopped with ${far}`,
    finished: `All ${count(total)} scored${training ? ", the best trained" : ""}: the group and the random control`,
    failed: "",
  }[state];
  return (
    <>
      {state === "running" && (
        <progress
          aria-label={training ? "Short training" : "Candidates scored"}
          max={1}
          value={total > 0 ? share : undefined}
        />
      )}
      {state === "failed" ? (
        <p className="notice danger" role="alert">
          <strong>Nothing could be selected.</strong> {problem}.
        </p>
      ) : (
        <p className="small muted">{words}</p>
      )}
      {note && state !== "running" && <p className="small muted">{note}</p>}
      <p className="hidden" role="status">
        {state === "running"
          ? training
            ? "Training the best."
            : "Scoring candidates."
          : state === "failed"
            ? ""
            : `Selection ${state}.`}
      </p>
    </>
  );
}
