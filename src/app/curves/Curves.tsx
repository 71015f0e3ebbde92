import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import { Swatch } from "../charts/Swatch";
import { roundReach, stepsToDraw, timeEnd } from "../charts/scale";
import type { Datum, Series } from "../charts/series";
import { fixed } from "../format";
import { history, useCursor, useHistoryVersion } from "../history";
import { useMarks } from "../marks";
import "./curves.css";
import { Curve } from "./curves";

const TRAIN = { colour: "var(--muted)", dash: "5 3" };
const VALID = { colour: "var(--ink)" };
const LINES: readonly Series[] = [
  { key: "trainRaw", name: "", ...TRAIN, dash: undefined, width: 1, opacity: 0.25, quiet: true },
  { key: "validRaw", name: "", ...VALID, width: 1, opacity: 0.22, quiet: true },
  { key: "train", name: "weight half", ...TRAIN },
  { key: "valid", name: "architecture half", ...VALID },
];
const WITH_EVALUATIONS: readonly Series[] = [
  ...LINES,
  { key: "evaluated", name: "supernet at the mean", colour: "var(--ink)", dots: true },
];

/** The instant objective has no weights, and so neither their half nor a supernet to evaluate. */
const INSTANT_LINES: readonly Series[] = [LINES[1], { ...LINES[3], name: "objective" }];
const INSTANT_ACCURACY: readonly Series[] = [
  ...INSTANT_LINES,
  { key: "evaluated", name: "exact, at the mean", colour: "var(--ink)", dots: true },
];

/** What the search learns by: loss and accuracy of the supernet on the two halves of the training images, or of the instant objective. */
export function Curves() {
  const version = useHistoryVersion();
  const marks = useMarks();
  const cursor = useCursor();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the history
  const { loss, accuracy } = useMemo(draw, [version]);
  const end = timeEnd(history.recording.steps, history.recording.settings.steps);
  const common = { marks, end, cursor };
  const instant = history.recording.settings.objective === "instant";
  const top = instant ? roundReach(Math.max(0.1, topOf(loss))) : lossTop(topOf(loss));
  const words = instant ? instantWords : supernetWords;
  return (
    <section className="panel curves" aria-labelledby="curves-title">
      <div className="panel-head">
        <h2 id="curves-title">{instant ? "Objective" : "Supernet"}</h2>
        {!instant && (
          <span className="key small muted">
            <Swatch dash="5 3" colour="var(--muted)" /> weights <Swatch colour="var(--ink)" /> architecture
          </span>
        )}
      </div>
      <h3 className="small muted">{instant ? "Loss: expected error, in nats" : "Loss on each half's batches, nats"}</h3>
      <Chart
        {...common}
        label={words("Loss", loss, 3, "")}
        data={loss}
        series={instant ? INSTANT_LINES : LINES}
        domain={[0, top]}
        digits={3}
        empty={loss.length === 0 ? EMPTY[instant ? "instant" : "supernet"].loss : null}
      />
      <h3 className="small muted">
        {instant ? "Expected accuracy, %;" : "Accuracy, %;"} <Ring />{" "}
        {instant ? "exact, at the mean" : "evaluated at the mean"}
      </h3>
      <Chart
        {...common}
        label={words("Accuracy", accuracy, 1, " %")}
        data={accuracy}
        series={instant ? INSTANT_ACCURACY : WITH_EVALUATIONS}
        domain={[instant ? accuracyBottom(accuracy) : 0, 100]}
        digits={instant ? 2 : 1}
        unit=" %"
        empty={accuracy.length === 0 ? EMPTY[instant ? "instant" : "supernet"].accuracy : null}
      />
    </section>
  );
}

const EMPTY = {
  supernet: {
    loss: "The loss of both halves of the images will appear here",
    accuracy: "The accuracy of both halves will appear here",
  },
  instant: { loss: "The objective's loss will appear here", accuracy: "The expected accuracy will appear here" },
} as const;

/** Most evaluations drawn. */
const RINGS = 40;

const lossCurve = new Curve("trainLoss", "validLoss", 1);
const accuracyCurve = new Curve("trainAccuracy", "validAccuracy", 100);

function draw(): { loss: Datum[]; accuracy: Datum[] } {
  const loss = [...lossCurve.follow(history).values()];
  const accuracy = accuracyCurve.follow(history);
  const { evaluations } = history.recording;
  // None of an empty list, and no more rings than can be told apart.
  for (const i of evaluations.length > 0 ? stepsToDraw(evaluations.length - 1, RINGS) : []) {
    const { step, validAccuracy } = evaluations[i];
    accuracy.set(step, { ...accuracy.get(step), step, evaluated: 100 * validAccuracy });
  }
  return { loss, accuracy: [...accuracy.values()].sort((a, b) => a.step - b.step) };
}

function topOf(points: readonly Datum[]): number {
  let top = 0;
  for (const { trainRaw, validRaw } of points) top = Math.max(top, trainRaw ?? 0, validRaw ?? 0);
  return top;
}

/** The axis begins at the loss of guessing among ten classes, and grows in halves when a run is worse. */
function lossTop(top: number): number {
  return top <= 2.4 ? 2.4 : Math.ceil(2 * top) / 2;
}

/** The accuracies of all but a few cells lie in the upper half. */
function accuracyBottom(points: readonly Datum[]): number {
  let bottom = 80;
  for (const { validRaw, evaluated } of points) bottom = Math.min(bottom, validRaw ?? 100, evaluated ?? 100);
  return 10 * Math.floor(bottom / 10);
}

const value = (number: number | null, digits: number, unit: string) =>
  number === null ? "none" : `${fixed(number, digits)}${unit}`;

function supernetWords(what: string, points: readonly Datum[], digits: number, unit: string): string {
  const last = points.findLast(({ train, valid }) => train !== undefined && valid !== undefined);
  if (!last) return `${what} of the supernet through time: no steps yet`;
  return `${what} of the supernet through time. Near step ${last.step}: weight half ${value(last.train, digits, unit)}, architecture half ${value(last.valid, digits, unit)}.`;
}

function instantWords(what: string, points: readonly Datum[], digits: number, unit: string): string {
  const last = points.findLast(({ valid }) => valid !== undefined);
  if (!last) return `${what} of the instant objective through time: no steps yet`;
  return `${what} of the instant objective through time. Near step ${last.step}: ${value(last.valid, digits, unit)}.`;
}

function Ring() {
  return (
    <svg width="8" height="8" aria-hidden="true">
      <circle cx="4" cy="4" r="3" fill="none" stroke="var(--ink)" strokeWidth="1.6" />
    </svg>
  );
}
