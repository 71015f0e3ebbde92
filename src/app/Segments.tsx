import type { ReactNode } from "react";

export interface Segment<Value> {
  readonly value: Value;
  readonly label: ReactNode;
  /** For whoever points at it. */
  readonly title?: string;
  /** Its name where the label is a symbol. */
  readonly spoken?: string;
}

interface Props<Value> {
  /** Names the radio buttons' group in the document. */
  name: string;
  options: readonly Segment<Value>[];
  value: Value;
  onChange: (value: Value) => void;
}

/** One choice out of a few, side by side, under a name of its own. */
export function Segments<Value>(props: Props<Value> & { label: string; className?: string }) {
  return (
    <fieldset className={`segments ${props.className ?? ""}`} aria-label={props.label}>
      <Options {...props} />
    </fieldset>
  );
}

/** The same for a fieldset that has a legend. */
export function SegmentsInside<Value>(props: Props<Value>) {
  return (
    <div className="segments">
      <Options {...props} />
    </div>
  );
}

function Options<Value>({ name, options, value, onChange }: Props<Value>) {
  return options.map((option, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: options stand where they stand
    <label key={i} title={option.title}>
      <input
        type="radio"
        name={name}
        aria-label={option.spoken}
        checked={option.value === value}
        onChange={() => onChange(option.value)}
      />
      {option.label}
    </label>
  ));
}
