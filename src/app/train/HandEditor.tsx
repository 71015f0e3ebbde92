import { useId, useState } from "react";
import { messageOf } from "../../core/errors";
import { type Choices, optionCount } from "../../core/space";
import { KIND_TITLES } from "../cell/kinds";
import { useMoment } from "../moment";
import { chosenName, edgeName, shortName } from "../operations";
import { handOf, useLineup } from "./entrants";
import { flawOf } from "./hand";

/** Draws a cell by hand: a list for every edge, or block; or its text, pasted. */
export function HandEditor() {
  const moment = useMoment();
  const drawn = useLineup((state) => state.drawn);
  const { space } = moment;
  const [draft, setDraft] = useState<Choices>(() => handOf(moment, drawn));
  const [text, setText] = useState(() => space.format(draft));
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();

  const take = (choices: Choices) => {
    setDraft(choices);
    const flaw = flawOf(space, choices);
    setProblem(flaw);
    if (flaw === null) {
      useLineup.setState((state) => ({ drawn: { ...state.drawn, [space.id]: choices } }));
      setText(space.format(choices));
    }
  };
  const read = (written: string) => {
    setText(written);
    try {
      const choices = space.parse(written);
      take(choices);
      // As it was written: the reader may go on.
      setText(written);
    } catch (error) {
      setProblem(`This is no cell of ${space.title}: ${messageOf(error)}.`);
    }
  };
  return (
    <fieldset className="train-hand">
      <legend className="small">Cell drawn by hand</legend>
      {space.cellKinds.map((kind) => (
        <div key={kind.name} className="train-rows">
          {space.cellKinds.length > 1 && <p className="small muted">{KIND_TITLES[kind.name] ?? kind.name}</p>}
          {space.rows.slice(kind.first, kind.end).map((row, i) => {
            const r = kind.first + i;
            return (
              <label key={row.name} className="small">
                {shortName(space, r)}
                <select
                  aria-label={edgeName(space, r)}
                  value={draft[r]}
                  onChange={(event) =>
                    take(draft.map((choice, at) => (at === r ? Number(event.target.value) : choice)))
                  }
                >
                  {Array.from({ length: optionCount(row) }, (_, choice) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a choice is its number
                    <option key={choice} value={choice}>
                      {chosenName(space, r, choice)}
                    </option>
                  ))}
                </select>
              </label>
            );
          })}
        </div>
      ))}
      <label className="small" htmlFor={id}>
        Or paste its text
      </label>
      <textarea
        id={id}
        rows={space.cellKinds.length > 1 ? 4 : 2}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        onChange={(event) => read(event.target.value)}
      />
      {problem !== null && (
        <p id={`${id}-problem`} className="notice danger" role="alert">
          {problem} Until then the last whole cell stands.
        </p>
      )}
    </fieldset>
  );
}
