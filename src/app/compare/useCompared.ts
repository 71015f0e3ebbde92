import { useEffect, useMemo, useState } from "react";
import { messageOf } from "../../core/errors";
import type { Recording } from "../recording";
import { idOf, recordingOf, useRuns } from "../runs/runs";
import { nameOf } from "../runs/summary";
import { liveRecording } from "../session";
import { useApp } from "../store";
import { commonSteps, curvesOf, type EntropyOf } from "./curves";
import type { Compared } from "./groups";

/** A run under way is drawn anew this often, milliseconds. */
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
    return found.map(({ id, recording }, i) => {
      const name = kept?.find((run) => run.id === id)?.name ?? nameOf(recording.settings);
      const current = idOf(liveRecording()) === id ? " (current run)" : "";
      return { id, recording, letter: "ABCD"[i], name: name + current };
    });
  }, [selected, recordings, kept, turn, phase]);
}

/** Works out the entropies of the runs a slice at a time, and says whose they are; the turn moves when they are there. */
export function useEntropies(compared: readonly Compared[]): { of: EntropyOf; turn: number } {
  const of = compared.every(({ recording }) => recording.scale(0) !== null) ? "wins" : "mixing";
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const recordings = compared.map(({ recording }) => recording);
    const steps = commonSteps(recordings);
    const missing = recordings.flatMap((recording) => {
      const curves = curvesOf(recording);
      return steps
        .filter((step) => step <= recording.steps && !curves.hasEntropy(step, of))
        .map((step) => ({ curves, step }));
    });
    if (missing.length === 0) return;
    let timer: ReturnType<typeof setTimeout>;
    const slice = () => {
      const until = performance.now() + SLICE;
      for (let next = missing.pop(); next; next = missing.pop()) {
        next.curves.entropy(next.step, of);
        if (performance.now() > until) break;
      }
      if (missing.length > 0) timer = setTimeout(slice);
      else setTurn((old) => old + 1);
    };
    timer = setTimeout(slice);
    return () => clearTimeout(timer);
  }, [compared, of]);
  return { of, turn };
}
