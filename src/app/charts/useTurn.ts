import { useEffect, useRef, useState } from "react";

/** Between two charts that redraw, milliseconds. */
const PAUSE = 150;

const waiting: (() => void)[] = [];
let idle = true;

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setTimeout(next, PAUSE);
  else idle = true;
}

/** The latest value, when it is this chart's turn: charts redraw one after the other, so that none holds up a frame for all. */
export function useTurn<T>(value: T): T {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const queued = useRef(false);
  useEffect(() => {
    latest.current = value;
    if (queued.current) return;
    queued.current = true;
    waiting.push(() => {
      queued.current = false;
      setShown(latest.current);
    });
    if (!idle) return;
    idle = false;
    setTimeout(next, PAUSE);
  }, [value]);
  return shown;
}
