import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** Width and height of an element, CSS pixels, kept up to date; zero before it is laid out. */
export function useSize<E extends Element>(): [RefObject<E | null>, { width: number; height: number }] {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    // The observer speaks once at the start, after the layout that the browser makes anyway; to measure here would force one for each
    // element.
    const observer = new ResizeObserver(([{ borderBoxSize }]) => {
      const [{ inlineSize: width, blockSize: height }] = borderBoxSize;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}
