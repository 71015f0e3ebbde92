import type { SearchSpace } from "../../core/space";
import { lookOf } from "../operations";
import { hover, pin, useApp } from "../store";

/** Above so many operations there is no room for their full names. */
const FULL_NAMES = 6;

/** The operations with their hue and dash; pointing at one lights it everywhere, pressing keeps it lit. */
export function Legend({ space }: { space: SearchSpace }) {
  const pinned = useApp((state) => state.pinned.operation);
  const operations = [...new Set(space.rows.flatMap((row) => row.choices))];
  const brief = operations.length > FULL_NAMES;
  return (
    <fieldset className={`legend ${brief ? "brief" : ""}`} aria-label="Operations" onPointerLeave={() => hover({})}>
      {operations.map((id) => {
        const look = lookOf(id);
        return (
          <button
            key={id}
            type="button"
            title={brief ? `${look.name}: ${look.note}` : look.note}
            aria-pressed={pinned === id}
            onPointerEnter={() => hover({ operation: id })}
            onFocus={() => hover({ operation: id })}
            onBlur={() => hover({})}
            onClick={() => pin({ operation: id })}
          >
            <svg width={brief ? 14 : 20} height="8" aria-hidden="true">
              <line
                x1="0"
                x2="20"
                y1="4"
                y2="4"
                stroke={look.colour}
                strokeWidth="3"
                strokeDasharray={look.dash || undefined}
              />
            </svg>
            {brief ? look.short : look.name}
          </button>
        );
      })}
    </fieldset>
  );
}
