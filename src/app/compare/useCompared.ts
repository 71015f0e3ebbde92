import { useEffect, useMemo, useState } from "react";
import { messageOf } from "../../core/errors";
import type { Recording } from "../recording";
import { idOf, recordingOf, useRuns } from "../runs/runs";
import { nameOf } from "../runs/summary";
import { liveRecording } from "../session";
import { useApp } from "../store";
import { commonSteps, curvesOf, type EntropyOf } from "./curves";
import type { Compared } from "./groups";

/** Runs under way, and curves that are worked out, are drawn anew this often, milliseconds. */
const REDRAW = 1000;
/** Longest task on the page's thread, milliseconds. */
const SLICE = 12;

/** The ticked runs, those that are kept in files read in; redraws while one of them is under way. */
export function useCompared(): readonly Compared[] {
  const selected = useRuns((state) => state.selected);
  const kept = useRuns((state) => state.kept);
  const phase = useApp((state) => state.phase);
  const [recordings, setRecordings] = useState<ReadonlyMap<string, Recording>>(new Map());
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    if (phase !== "running") return;
    const timer = setInterval(() => setTurn((old) => old + 1), REDRAW);
    return () => clearInterval(timer);
  }, [phase]);

  useEffect(() => {
    let wanted = true;
    for (const id of selected) {
      recordingOf(id).then(
        (recording) => wanted && setRecordings((old) => new Map(old).set(id, recording)),
        (error) => {
          const { selected: now } = useRuns.getState();
          useRuns.setState({
            selected: now.filter((each) => each !== id),
            problem: `A run left the comparison: ${messageOf(error)}.`,
          });
        },
      );
    }
    return () => {
      wanted = false;
    };
  }, [selected]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: turn and phase stand for what a run under way has grown by
  return useMemo(() => {
    const found = selected.flatMap((id) => {
      const recording = recordings.get(id);
      return recording ? [{ id, recording }] : [];
    });
    return found.map(({ id, recording }) => {
      const name = kept?.find((run) => run.id === id)?.name ?? nameOf(recording.settings);
      const current = idOf(liveRecording()) === id ? " (current run)" : "";
      return { id, recording, name: name + current };
    });
  }, [selected, recordings, kept, turn, phase]);
}

/**
 * Works out the losses and entropies of the runs, and where a table knows their cells the samples of their distributions, a slice at a time, and
 * says whose entropies they are; the turn moves when there is more to draw.
 */
export function useCurves(compared: readonly Compared[], tabled: boolean): { of: EntropyOf; turn: number } {
  const of = compared.every(({ recording }) => recording.scale(0) !== null) ? "wins" : "mixing";
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const recordings = compared.map(({ recording }) => recording);
    const steps = commonSteps(recordings);
    const missing = recordings.flatMap((recording) => {
      const curves = curvesOf(recording);
      const within = steps.filter((step) => step <= recording.steps);
      return [
        ...(curves.hasLoss(recording.steps) ? [] : [() => void curves.loss(recording.steps)]),
        ...within.filter((step) => !curves.hasEntropy(step, of)).map((step) => () => void curves.entropy(step, of)),
        ...within.filter((step) => tabled && !curves.hasSamples(step)).map((step) => () => void curves.samples(step)),
      ];
    });
    if (missing.length === 0) return;
    let timer: ReturnType<typeof setTimeout>;
    let drawn = performance.now();
    const slice = () => {
      const begun = performance.now();
      for (let next = missing.pop(); next; next = missing.pop()) {
        next();
        if (performance.now() > begun + SLICE) break;
      }
      if (missing.length === 0 || begun > drawn + REDRAW) {
        drawn = begun;
        setTurn((old) => old + 1);
      }
      if (missing.length > 0) timer = setTimeout(slice);
    };
    timer = setTimeout(slice);
    return () => clearTimeout(timer);
  }, [compared, of, tabled]);
  return { of, turn };
}
