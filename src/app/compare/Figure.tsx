import { type ReactNode, useId } from "react";

interface Props {
  readonly title: ReactNode;
  /** What bands and lines are. */
  readonly note?: string | null;
  readonly className?: string;
  /** Its place is kept until its turn comes. */
  readonly isShown: boolean;
  /** What will appear. */
  readonly empty?: string;
  readonly children: ReactNode;
}

/** A chart under its title. */
export function Figure({ title, note, className, isShown, empty, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={className}>
      <h3 id={id}>
        {title}
        {note && <span className="muted"> · {note}</span>}
      </h3>
      {isShown ? children : <div className="chart">{empty && <p className="chart-empty small">{empty}</p>}</div>}
    </section>
  );
}
