import { useEffect, useId } from "react";
import { controlOf, type NumberControl } from "../../core/controls";
import { PauseIcon, PlayIcon } from "../bar/icons";
import { NumberField } from "../knobs/NumberField";
import { useReducedMotion } from "../motion";
import { drawWith, nextSample, useSampleStore } from "./samples";

/** Between two samples of a play, milliseconds: time enough to see each, few enough to feel how often things come up. */
const INTERVAL = 400;

const SEED = controlOf("seed") as NumberControl;

/** The draw's seed, a new draw, and a play of one sample after the other: a hypothetical outcome plot (Hullman et al. 2015). */
export function SampleControls() {
  const seed = useSampleStore((state) => state.seed);
  const playing = useSampleStore((state) => state.playing);
  const still = useReducedMotion();
  const id = useId();

  useEffect(() => {
    if (!playing || still) return;
    const timer = setInterval(nextSample, INTERVAL);
    return () => clearInterval(timer);
  }, [playing, still]);
  useEffect(() => () => useSampleStore.setState({ playing: false }), []);

  return (
    <div className="sample-controls small">
      <div className="field">
        <label htmlFor={id}>Sample seed</label>
        <NumberField
          id={id}
          helpId={`${id}-help`}
          name="seed"
          control={SEED}
          value={seed}
          slider={false}
          commit={drawWith}
        />
        <span className="hidden" id={`${id}-help`}>
          Under the same seed the same posterior gives the same samples.
        </span>
      </div>
      <button
        type="button"
        className="button slim"
        title="Draw other samples, with the next seed"
        onClick={() => drawWith(seed < SEED.max ? seed + 1 : SEED.min)}
      >
        Draw
      </button>
      {still ? (
        <button type="button" className="button slim" onClick={nextSample}>
          Next sample
        </button>
      ) : (
        <button
          type="button"
          className="button slim"
          title="Redraw the large cell with one sample after the other"
          onClick={() => useSampleStore.setState({ playing: !playing })}
        >
          {playing ? <PauseIcon /> : <PlayIcon />}
          {playing ? "Stop samples" : "Play samples"}
        </button>
      )}
    </div>
  );
}
