import { Popover } from "../bar/Popover";
import type { Moment } from "../moment";
import { edgeName, lookOf } from "../operations";
import { hover, pin, useApp, useFocus } from "../store";
import { isOfKind, useCellKind } from "./kinds";
import { brief, discarded, effectsOf, isDropped, leading, reasonOf, standing } from "./reasons";

/** One line in a fixed place below the drawing: why the operation that is pointed at leads or lost, and all reasons on a press. */
export function Reasons({ moment }: { moment: Moment }) {
  const { row, operation } = useFocus();
  const kind = useCellKind(moment.space);
  return (
    <div className="reasons small">
      <p className="muted" data-testid="reason">
        {row !== null
          ? reasonOf(moment, row, operation ? moment.space.rows[row].choices.indexOf(operation) : moment.leaders[row])
          : operation !== null
            ? lookOf(operation).note
            : (effectsOf(moment, kind) ?? "Point at a strand to read why its operation leads or was discarded.")}
      </p>
      <Popover label="Why these operations" className="button plain slim" align="end" button="Why?">
        {() => <AllReasons moment={moment} />}
      </Popover>
    </div>
  );
}

/** Every edge with its discarded operations; the focus lights each in every panel. */
function AllReasons({ moment }: { moment: Moment }) {
  const { space } = moment;
  const kind = useCellKind(space);
  const pinned = useApp((state) => state.pinned);
  return (
    <section className="all-reasons small" aria-label="Why each operation leads or was discarded">
      {space.rows.map(
        ({ name, choices: operations }, row) =>
          isOfKind(kind, row) && (
            <div key={name}>
              <h3>
                {edgeName(space, row)}{" "}
                {leading(moment, row)
                  .map((choice) => lookOf(operations[choice]).name)
                  .join(" + ")}
                <span className="muted">
                  {" "}
                  {isDropped(moment, row) && "dropped, "}
                  {leading(moment, row)
                    .map((choice) => standing(moment, row, choice))
                    .join("; ")}
                </span>
              </h3>
              <ul>
                {discarded(moment, row).map((choice) => {
                  const operation = operations[choice];
                  const look = lookOf(operation);
                  return (
                    <li key={operation}>
                      <button
                        type="button"
                        aria-label={reasonOf(moment, row, choice)}
                        aria-pressed={pinned.row === row && pinned.operation === operation}
                        onPointerEnter={() => hover({ row, operation })}
                        onPointerLeave={() => hover({})}
                        onFocus={() => hover({ row, operation })}
                        onBlur={() => hover({})}
                        onClick={() => pin({ row, operation })}
                      >
                        <svg width="16" height="8" aria-hidden="true">
                          <line
                            x2="16"
                            y1="4"
                            y2="4"
                            stroke={look.colour}
                            strokeWidth="3"
                            strokeDasharray={look.dash}
                          />
                        </svg>
                        <span>{look.name}</span>
                        <span className="muted">{brief(moment, row, choice)}</span>
                      </button>
                    </li>
                  );
                })}
              </ul>
            </div>
          ),
      )}
    </section>
  );
}
