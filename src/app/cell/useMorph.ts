import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { reducedMotion } from "../motion";

const MILLISECONDS = 320;

/**
 * What to show on the way to a target: it glides there when the key changes, and follows at once while the key stays; at once always
 * where reduced motion is asked for.
 */
export function useMorph<T>(target: T, key: string, mix: (from: T, to: T, share: number) => T): T {
  const shown = useRef(target);
  const [glide, setGlide] = useState({ key, from: target, share: 1 });
  if (glide.key !== key) setGlide({ key, from: shown.current, share: reducedMotion() ? 1 : 0 });

  useEffect(() => {
    const begun = performance.now();
    let frame = requestAnimationFrame(function tick(now) {
      const t = Math.min(1, Math.max(0, (now - begun) / MILLISECONDS));
      setGlide((old) => (old.key === key && old.share < 1 ? { ...old, share: t * t * (3 - 2 * t) } : old));
      if (t < 1) frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [key]);

  const value = glide.key !== key || glide.share === 1 ? target : mix(glide.from, target, glide.share);
  useLayoutEffect(() => {
    if (glide.key === key) shown.current = value;
  });
  return value;
}
