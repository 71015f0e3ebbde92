import { setWhenHidden, useWhenHidden, type WhenHidden } from "../hidden";
import { objectiveOf, setSpeed, useApp } from "../store";
import { Popover } from "./Popover";

/** Steps a second; null for as many as there can be. */
const SPEEDS: readonly (number | null)[] = [5, 20, 100, null];

const HIDDEN: readonly { choice: WhenHidden; label: string }[] = [
  { choice: "run", label: "keep running" },
  { choice: "pause", label: "pause" },
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
            <div className="segments">
              {SPEEDS.map((each) => (
                <label key={each}>
                  <input type="radio" name="speed" checked={each === speed} onChange={() => setSpeed(each)} />
                  {each ?? "Full"}
                </label>
              ))}
            </div>
          </fieldset>
          <fieldset>
            <legend>When the tab is hidden</legend>
            <div className="segments">
              {HIDDEN.map((each) => (
                <label key={each.choice}>
                  <input
                    type="radio"
                    name="when-hidden"
                    checked={each.choice === choice}
                    onChange={() => setWhenHidden(each.choice)}
                  />
                  {each.label}
                </label>
              ))}
            </div>
          </fieldset>
        </div>
      )}
    </Popover>
  );
}
