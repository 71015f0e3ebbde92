import { useEffect } from "react";
import { PauseIcon, PlayIcon } from "../bar/icons";
import { linear, niceTicks } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { DrawerButtons } from "../drawer/Drawer";
import { count } from "../format";
import { useRecording, useShownStep } from "../history";
import { moveTo, scrubTo, toggleReplay, useApp } from "../store";
import { flagsOf } from "./flags";
import "./timeline.css";

/** A replay takes about this long, however long the run, seconds. */
const REPLAY_SECONDS = 20;
/** Frames a second of a replay. */
const REPLAY_RATE = 20;
/** Room for half a thumb at either end of the track, px. */
const INSET = 8;

/** The run from end to end: move along it, replay it, and every panel follows. */
export function Timeline() {
  const recording = useRecording();
  const { steps, settings } = recording;
  const step = useShownStep();
  const live = useApp((state) => state.scrub === null);
  const playing = useApp((state) => state.replaying);
  const [ref, { width }] = useSize<HTMLDivElement>();
  useReplay(playing, steps);

  const end = Math.max(settings.steps, steps);
  const x = linear(0, end, INSET, Math.max(INSET, width - INSET));
  const flags = flagsOf(recording);
  return (
    <section className="timeline" aria-label="Timeline">
      <button
        type="button"
        className="button slim"
        disabled={steps === 0}
        onClick={toggleReplay}
        aria-label={playing ? "Stop the replay" : "Replay the run"}
        title={playing ? "Stop the replay (P)" : "Replay the run (P)"}
        aria-keyshortcuts="P"
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
        Replay
      </button>
      <div className="track-area" ref={ref}>
        <input
          type="range"
          min={0}
          max={Math.max(1, end)}
          step={1}
          value={step}
          aria-label="Step on screen"
          aria-valuetext={`step ${count(step)} of ${count(steps)}`}
          disabled={steps === 0}
          onChange={(event) => moveTo(Math.min(steps, Number(event.target.value)))}
        />
        {width > 0 && (
          <svg width={width} height={34} aria-hidden="true">
            <line className="whole" x1={INSET} x2={width - INSET} y1={10} y2={10} />
            <line className="done" x1={x(0)} x2={x(steps)} y1={10} y2={10} />
            {flags.epochs.map((at) => (
              <line key={at} className="epoch" x1={x(at)} x2={x(at)} y1={4} y2={16} />
            ))}
            {flags.marks.map(({ step: at, kind, text }) => (
              <path key={`${at} ${text}`} className={`flag ${kind}`} d={`M${x(at)} 10v-8l6 2.5-6 2.5`}>
                <title>{text}</title>
              </path>
            ))}
            {niceTicks(0, end, width < 480 ? 4 : 8).map((tick) => (
              <text key={tick} x={x(tick)} y={31} textAnchor={tick === 0 ? "start" : tick === end ? "end" : "middle"}>
                {count(tick)}
              </text>
            ))}
            {steps > 0 && <circle className="thumb" cx={x(step)} cy={10} r={6} />}
          </svg>
        )}
      </div>
      <p className="where small" role="status">
        {steps === 0 ? (
          <span className="muted">Every step of the run will be kept here</span>
        ) : live ? (
          <span className="muted">at the latest step</span>
        ) : (
          <>
            step <b>{count(step)}</b>
          </>
        )}
      </p>
      <button
        type="button"
        className="button slim"
        disabled={live}
        onClick={() => moveTo(null)}
        title="Back to the latest step (L)"
        aria-keyshortcuts="L"
      >
        Latest
      </button>
      <DrawerButtons />
    </section>
  );
}

/** Moves the shown step along while `playing`; stops at the last one. */
function useReplay(playing: boolean, steps: number): void {
  useEffect(() => {
    if (!playing) return;
    const stride = Math.max(1, steps / (REPLAY_SECONDS * REPLAY_RATE));
    let at = useApp.getState().scrub ?? 0;
    const timer = setInterval(() => {
      at += stride;
      if (at < steps) scrubTo(Math.round(at));
      else moveTo(null);
    }, 1000 / REPLAY_RATE);
    return () => clearInterval(timer);
  }, [playing, steps]);
}
