import { type ReactNode, useId } from "react";
import "./choice.css";

interface Props {
  label: string;
  value: string | number;
  onChange: (value: string) => void;
  /** The options. */
  children: ReactNode;
}

/** A drop-down list under its name, for a drawer. */
export function Choice({ label, value, onChange, children }: Props) {
  const id = useId();
  return (
    <div className="choice">
      <label htmlFor={id} className="small">
        {label}
      </label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </div>
  );
}
