import type { Phase, StepPart } from "../../worker/protocol";
import * as session from "../session";
import { objectiveOf, obstacleOf, useApp } from "../store";
import { toggleTheme } from "../theme";
import "./bar.css";
import { Device } from "./Device";
import { ChevronIcon, PauseIcon, PlayIcon, ResetIcon, StepIcon, ThemeIcon } from "./icons";
import { Popover } from "./Popover";
import { Progress } from "./Progress";
import { Speed } from "./Speed";

const STEP_PARTS: readonly { part: StepPart; label: string }[] = [
  { part: "both", label: "Architecture, then weights" },
  { part: "architecture", label: "Architecture only" },
  { part: "weights", label: "Weights only" },
];

const RUN_LABEL: Readonly<Record<Phase, string>> = {
  starting: "Run",
  idle: "Run",
  preparing: "Preparing",
  running: "Pause",
  paused: "Continue",
  finished: "Run again",
  diverged: "Go back",
  failed: "Run again",
};

export function Bar() {
  const phase = useApp((state) => state.phase);
  const stuck = useApp((state) => state.applied === null && obstacleOf(state) !== null);

  const instant = useApp((state) => objectiveOf(state) === "instant");
  const canStep = !stuck && (phase === "starting" || phase === "idle" || phase === "paused");
  return (
    <header className="bar">
      <h1>
        <svg className="logo" viewBox="0 0 28 20" width="28" height="20" aria-hidden="true">
          <path d="M1 18C8 18 7 2 12 2s4 16 11 16" />
          <path d="M7 18c6 0 5-11 10-11s5 11 10 11" />
        </svg>
        <span>
          BaLeNAS <span className="second">Playground</span>
        </span>
      </h1>
      <div className="controls">
        <button
          type="button"
          className="button primary run"
          onClick={session.toggle}
          disabled={phase === "preparing" || stuck}
          title={phase === "running" ? "Pause (space)" : "Run (space)"}
          aria-keyshortcuts="Space"
        >
          {phase === "running" ? <PauseIcon /> : <PlayIcon />}
          {RUN_LABEL[phase]}
          <span className="shortcut" aria-hidden="true">
            space
          </span>
        </button>
        <Speed />
        <div className={instant ? "" : "split"}>
          <button
            type="button"
            className="button"
            onClick={() => session.step("both")}
            disabled={!canStep}
            aria-label="Step"
            title="One search step (S)"
            aria-keyshortcuts="S"
          >
            <StepIcon />
            <span className="step-word">Step</span>
            <span className="shortcut" aria-hidden="true">
              S
            </span>
          </button>
          {/* The instant objective has no weights: its steps have one half. */}
          {!instant && (
            <Popover label="Choose what to step" button={<ChevronIcon />} disabled={!canStep}>
              {(close) => (
                <ul className="menu">
                  {STEP_PARTS.map(({ part, label }) => (
                    <li key={part}>
                      <button
                        type="button"
                        onClick={() => {
                          session.step(part);
                          close();
                        }}
                      >
                        {label}
                      </button>
                    </li>
                  ))}
                </ul>
              )}
            </Popover>
          )}
        </div>
        <button
          type="button"
          className="button"
          onClick={session.reset}
          aria-label="Reset"
          title="Back to step 0 with the settings as they stand (R)"
          aria-keyshortcuts="R"
        >
          <ResetIcon />
          <span className="reset-word">Reset</span>
          <span className="shortcut" aria-hidden="true">
            R
          </span>
        </button>
      </div>
      <Progress />
      <div className="tail">
        <Device />
        <button
          type="button"
          className="button plain"
          onClick={toggleTheme}
          aria-label="Switch between light and dark"
          title="Light or dark"
        >
          <ThemeIcon />
        </button>
      </div>
    </header>
  );
}
