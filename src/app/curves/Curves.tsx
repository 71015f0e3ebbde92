import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import { timeEnd } from "../charts/scale";
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

/** How the supernet learns: loss and accuracy on the two halves of the training images. */
export function Curves() {
  const version = useHistoryVersion();
  const marks = useMarks();
  const cursor = useCursor();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the history
  const { loss, accuracy } = useMemo(draw, [version]);
  const end = timeEnd(history.recording.steps, history.recording.settings.steps);
  const common = { marks, end, cursor };
  return (
    <section className="panel curves" aria-labelledby="curves-title">
      <div className="panel-head">
        <h2 id="curves-title">Supernet</h2>
        <span className="key small muted">
          <Swatch dash="5 3" colour="var(--muted)" /> weights <Swatch colour="var(--ink)" /> architecture
        </span>
      </div>
      <h3 className="small muted">Loss on each half's batches, nats</h3>
      <Chart
        {...common}
        label={words("Loss", loss, 3, "")}
        data={loss}
        series={LINES}
        domain={[0, lossTop(loss)]}
        digits={3}
        empty={loss.length === 0 ? "The loss of both halves of the images will appear here" : null}
      />
      <h3 className="small muted">
        Accuracy, %; <Ring /> evaluated at the mean
      </h3>
      <Chart
        {...common}
        label={words("Accuracy", accuracy, 1, " %")}
        data={accuracy}
        series={WITH_EVALUATIONS}
        domain={[0, 100]}
        digits={1}
        unit=" %"
        empty={accuracy.length === 0 ? "The accuracy of both halves will appear here" : null}
      />
    </section>
  );
}

const lossCurve = new Curve("trainLoss", "validLoss", 1);
const accuracyCurve = new Curve("trainAccuracy", "validAccuracy", 100);

function draw(): { loss: Datum[]; accuracy: Datum[] } {
  const loss = [...lossCurve.follow(history).values()];
  const accuracy = accuracyCurve.follow(history);
  for (const { step, validAccuracy } of history.recording.evaluations) {
    accuracy.set(step, { ...accuracy.get(step), step, evaluated: 100 * validAccuracy });
  }
  return { loss, accuracy: [...accuracy.values()].sort((a, b) => a.step - b.step) };
}

/** The axis begins at the loss of guessing among ten classes, and grows in halves when a run is worse. */
function lossTop(points: readonly Datum[]): number {
  let top = 2.4;
  for (const { trainRaw, validRaw } of points) top = Math.max(top, trainRaw ?? 0, validRaw ?? 0);
  return top <= 2.4 ? 2.4 : Math.ceil(2 * top) / 2;
}

function words(what: string, points: readonly Datum[], digits: number, unit: string): string {
  const last = points.findLast(({ train, valid }) => train !== undefined && valid !== undefined);
  if (!last) return `${what} of the supernet through time: no steps yet`;
  const value = (number: number | null) => (number === null ? "none" : `${fixed(number, digits)}${unit}`);
  return `${what} of the supernet through time. Near step ${last.step}: weight half ${value(last.train)}, architecture half ${value(last.valid)}.`;
}

function Swatch({ colour, dash }: { colour: string; dash?: string }) {
  return (
    <svg width="18" height="8" aria-hidden="true">
      <line x1="0" x2="18" y1="4" y2="4" stroke={colour} strokeWidth="2" strokeDasharray={dash} />
    </svg>
  );
}

function Ring() {
  return (
    <svg width="8" height="8" aria-hidden="true">
      <circle cx="4" cy="4" r="3" fill="none" stroke="var(--ink)" strokeWidth="1.6" />
    </svg>
  );
}
