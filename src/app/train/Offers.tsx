import { useState } from "react";
import { DARTS } from "../../core/darts";
import { PUBLISHED_GENOTYPES } from "../../core/published-genotypes";
import { CellButton } from "../gallery/CellButton";
import { useMoment } from "../moment";
import { type Offer, useLineup } from "./entrants";
import { HandEditor } from "./HandEditor";

/** The cells that can be trained: which of them are to be, and where each comes from. */
export function Offers({ offers }: { offers: readonly Offer[] }) {
  const moment = useMoment();
  const { wanted, draw, published } = useLineup();
  const [editing, setEditing] = useState(false);
  const { space } = moment;
  const set = useLineup.setState;
  return (
    <>
      <ul className="train-offers">
        {offers.map(({ source, title, note, reference, choices }) => (
          <li key={source}>
            <label>
              <input
                type="checkbox"
                checked={wanted[source]}
                onChange={(event) => set({ wanted: { ...wanted, [source]: event.target.checked } })}
              />
              {title}
            </label>
            <CellButton moment={moment} choices={choices} title={title} note={note} />
            <p className="small muted" title={reference}>
              {reference ? `${note}: ${reference}` : note}
            </p>
            {source === "random" && (
              <button
                type="button"
                className="button slim"
                onClick={() => set({ draw: draw + 1, wanted: { ...wanted, random: true } })}
              >
                Another
              </button>
            )}
            {source === "hand" && (
              <button
                type="button"
                className="button slim"
                aria-expanded={editing}
                onClick={() => {
                  setEditing(!editing);
                  set({ wanted: { ...wanted, hand: true } });
                }}
              >
                {editing ? "Done" : "Draw"}
              </button>
            )}
            {source === "known" && space.id === DARTS.id && (
              <select
                aria-label="Published genotype"
                value={published}
                onChange={(event) => set({ published: event.target.value })}
              >
                {PUBLISHED_GENOTYPES.map(({ id, title: name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </li>
        ))}
      </ul>
      {editing && <HandEditor key={space.id} />}
    </>
  );
}
