import { type ReactNode, useEffect, useId, useRef, useState } from "react";

/** A button that opens a small panel below it; Escape or a press elsewhere closes it. */
export function Popover(props: {
  label: string;
  button: ReactNode;
  className?: string;
  align?: "start" | "end";
  disabled?: boolean;
  children: (close: () => void) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    // The focus of the keyboard goes back to the button; a mouse leaves none behind.
    if (root.current?.querySelector(":focus-visible")) trigger.current?.focus();
    setOpen(false);
  };

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      trigger.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", onEscape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", onEscape);
    };
  }, [open]);

  return (
    <div className="popover" ref={root}>
      <button
        type="button"
        ref={trigger}
        className={props.className ?? "button"}
        aria-label={props.label}
        aria-expanded={open}
        aria-controls={id}
        disabled={props.disabled}
        onClick={() => setOpen(!open)}
      >
        {props.button}
      </button>
      <div id={id} className={`popover-panel ${props.align ?? "start"}`} hidden={!open}>
        {open && props.children(close)}
      </div>
    </div>
  );
}
