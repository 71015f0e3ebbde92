import { useEffect, useRef, useState } from "react";

const MILLISECONDS = 320;

/** A number that glides to its target; at once where reduced motion is asked for. */
export function useMorph(target: number): number {
  const [value, setValue] = useState(target);
  const current = useRef(target);
  useEffect(() => {
    const start = current.current;
    if (start === target) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      current.current = target;
      setValue(target);
      return;
    }
    const begun = performance.now();
    let frame = requestAnimationFrame(function tick(now) {
      const t = Math.min(1, Math.max(0, (now - begun) / MILLISECONDS));
      const eased = t * t * (3 - 2 * t);
      current.current = start + (target - start) * eased;
      setValue(current.current);
      if (t < 1) frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [target]);
  return value;
}
