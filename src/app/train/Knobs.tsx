import { create } from "zustand";
import { TRAINING } from "../../core/training";
import type { TrainingProgress, TrainingRequest } from "../../worker/protocol";
import { clock, count } from "../format";
import { useRecording } from "../history";
import { Choice } from "../knobs/Choice";
import { useMoment } from "../moment";
import { useApp } from "../store";
import type { Entrant } from "./training";
import { pauseTraining, train, useTraining } from "./training";

const EPOCHS = [1, 2, 5, 10, 20, 50];
const CHANNELS = [2, 4, 8, 16, 32];
const IMAGES = [1000, 5000, 10_000, 20_000];
const ALL = "all";

/** They stay as they are while the drawer is closed. */
const useKnobs = create(() => ({
  epochs: TRAINING.epochs as number,
  channels: TRAINING.channels as number,
  images: "10000",
}));
const set = useKnobs.setState;

/** How the cells are trained; starts, pauses and goes on. */
export function Knobs({ entrants }: { entrants: readonly Entrant[] }) {
  const { settings } = useRecording();
  const moment = useMoment();
  const { epochs, channels, images } = useKnobs();
  const latest = useTraining((state) => state.latest);
  const running = useApp((state) => state.phase === "running");
  const preparing = useApp((state) => state.phase === "preparing");
  const { cells, image, space, data, seed } = settings;
  const { batch, rate } = TRAINING;
  const request: TrainingRequest = {
    ...{ space, data, seed, cells, image, batch, rate, epochs, channels },
    images: images === ALL ? null : Number(images),
    architectures: entrants.map(({ choices }) => choices),
  };
  const state = latest?.progress.state;
  const note = running ? "Start pauses the search; what it learned stays as it is." : null;
  return (
    <section className="choices" aria-label="Training">
      <Choice label="Epochs" value={epochs} onChange={(value) => set({ epochs: Number(value) })}>
        {EPOCHS.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </Choice>
      <Choice label="Channels" value={channels} onChange={(value) => set({ channels: Number(value) })}>
        {CHANNELS.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </Choice>
      <Choice label="Training images" value={images} onChange={(value) => set({ images: value })}>
        {IMAGES.map((value) => (
          <option key={value} value={value}>
            {count(value)}
          </option>
        ))}
        <option value={ALL}>all</option>
      </Choice>
      <div className="choices-actions">
        {state === "running" ? (
          <button type="button" className="button" onClick={pauseTraining}>
            Pause training
          </button>
        ) : (
          <>
            {latest && state === "paused" && (
              <button
                type="button"
                className="button primary"
                disabled={preparing}
                onClick={() => train(latest.request, latest.lineup)}
              >
                Resume
              </button>
            )}
            <button
              type="button"
              className={`button ${state === "paused" ? "" : "primary"}`}
              disabled={preparing || entrants.length === 0}
              onClick={() => train(request, { entrants, moment })}
            >
              Start
            </button>
          </>
        )}
        <Where note={entrants.length === 0 ? "Choose a cell to train." : note} />
      </div>
      <p className="small muted train-wide">
        From scratch: {cells} cell{cells === 1 ? "" : "s"} a stage and {image} px images as in the search, batches of{" "}
        {batch}, seed {seed}, affine batch norm, images moved and mirrored, rate {rate} falling to 0 along a cosine. All
        see the same batches.
      </p>
    </section>
  );
}

/** How far the training is, or what is to be known before it. */
function Where({ note }: { note: string | null }) {
  const latest = useTraining((state) => state.latest);
  const testing = useApp((state) => state.progress);
  if (!latest) return <p className="small muted">{note}</p>;
  const { state, networks, done, problem } = latest.progress;
  return (
    <>
      {state === "running" && <progress aria-label="Training" max={1} value={networks.length > 0 ? done : undefined} />}
      {state === "failed" ? (
        <p className="notice danger" role="alert">
          <strong>The cells could not be trained.</strong> {problem}.
        </p>
      ) : (
        <p className="small muted">
          {state === "running" && networks.length === 0
            ? `${testing?.what ?? "Building the networks"}…`
            : words(latest.progress, latest.request.epochs)}
        </p>
      )}
      {note && state !== "running" && <p className="small muted">{note}</p>}
      <p className="hidden" role="status">
        {state === "running" ? "Training." : state === "failed" ? "" : `Training ${state}.`}
      </p>
    </>
  );
}

function words({ state, networks, testImages, done, remaining }: TrainingProgress, epochs: number): string {
  if (state === "finished") return `Trained and tested on ${count(testImages)} images`;
  const least = Math.min(...networks.map((network) => network.epochs));
  const far = `${Math.floor(100 * done)} %, epoch ${Math.min(epochs, Math.floor(least) + 1)} of ${epochs}`;
  if (state === "paused") return `Paused at ${far}`;
  return remaining === null ? far : `${far} · ${clock(Math.ceil(remaining))} left`;
}
