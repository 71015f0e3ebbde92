/** A piece of a line, for a chart's key. */
export function Swatch({ colour, dash }: { colour: string; dash?: string }) {
  return (
    <svg width="18" height="8" aria-hidden="true">
      <line x1="0" x2="18" y1="4" y2="4" stroke={colour} strokeWidth="2" strokeDasharray={dash} />
    </svg>
  );
}
