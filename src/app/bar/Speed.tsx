import { setWhenHidden, useWhenHidden, type WhenHidden } from "../hidden";
import { type Segment, SegmentsInside } from "../Segments";
import { objectiveOf, setSpeed, useApp } from "../store";
import { Popover } from "./Popover";

/** Steps a second; null for as many as there can be. */
const SPEEDS = [5, 20, 100, null].map((rate): Segment<number | null> => ({ value: rate, label: rate ?? "Full" }));

const HIDDEN: readonly Segment<WhenHidden>[] = [
  { value: "run", label: "keep running" },
  { value: "pause", label: "pause" },
];

/** How fast the run goes, and whether it does so unseen. */
export function Speed() {
  const speed = useApp((state) => state.speeds[objectiveOf(state)]);
  const { choice } = useWhenHidden();
  return (
    <Popover
      className="button speed"
      label={`Speed ${speed === null ? "full" : `${speed}/s`}`}
      button={
        <>
          <span className="speed-word">Speed</span> <b>{speed === null ? "full" : `${speed}/s`}</b>
        </>
      }
    >
      {() => (
        <div className="speed-panel small">
          <fieldset>
            <legend>Steps a second</legend>
            <SegmentsInside name="speed" options={SPEEDS} value={speed} onChange={setSpeed} />
          </fieldset>
          <fieldset>
            <legend>When the tab is hidden</legend>
            <SegmentsInside name="when-hidden" options={HIDDEN} value={choice} onChange={setWhenHidden} />
          </fieldset>
        </div>
      )}
    </Popover>
  );
}
