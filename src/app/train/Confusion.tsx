import { type KeyboardEvent, useRef, useState } from "react";
import { count, fixed } from "../format";
import { Segments } from "../Segments";
import { LETTERS } from "./letters";
import { type Entry, Mistakes } from "./Mistakes";
import { depthClass } from "./shade";
import type { Training } from "./training";

interface Props {
  training: Training;
  /** The network whose mistakes are shown. */
  chosen: number;
  choose: (network: number) => void;
}

/** What one network takes for what, and the pictures of it. */
export function Confusion({ training, chosen, choose }: Props) {
  const { progress, lineup } = training;
  const { classes, networks } = progress;
  const confusion = networks[chosen].tested?.confusion ?? null;
  const [wanted, setEntry] = useState<Entry | null>(null);
  const entry = confusion && (wanted ?? worst(confusion));
  return (
    <section className="train-confusion" aria-labelledby="train-confusion">
      <div className="panel-head">
        <h3 id="train-confusion">
          What is taken for what <span className="muted">· press an entry to see its images</span>
        </h3>
        <Segments
          label="Network"
          name="train-network"
          options={networks.map((_, i) => ({
            value: i,
            label: LETTERS[i],
            title: lineup.entrants[i].title,
            spoken: `${LETTERS[i]}: ${lineup.entrants[i].title}`,
          }))}
          value={chosen}
          onChange={choose}
        />
      </div>
      {confusion && entry ? (
        <div className="train-mistakes">
          <Matrix confusion={confusion} classes={classes} entry={entry} onChoose={setEntry} />
          <Mistakes
            key={`${chosen} ${entry.label} ${entry.taken}`}
            network={chosen}
            entry={entry}
            count={confusion[entry.label][entry.taken]}
            classes={classes}
            epoch={networks[chosen].records.length}
          />
        </div>
      ) : (
        <p className="small muted">{LETTERS[chosen]} is tested after its first epoch.</p>
      )}
    </section>
  );
}

/** The class that is taken for another one most often. */
function worst(confusion: readonly (readonly number[])[]): Entry {
  let found: Entry = { label: 0, taken: 1 };
  for (const [label, row] of confusion.entries()) {
    for (const [taken, images] of row.entries()) {
      if (label !== taken && images > confusion[found.label][found.taken]) found = { label, taken };
    }
  }
  return found;
}

interface MatrixProps {
  confusion: readonly (readonly number[])[];
  classes: readonly string[];
  entry: Entry;
  onChoose: (entry: Entry) => void;
}

const ARROWS: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** A row a class, a column what it was taken for. Depth of colour: the root of the share of the row, so that rare mistakes show. */
function Matrix({ confusion, classes, entry, onChoose }: MatrixProps) {
  const [read, setRead] = useState<Entry | null>(null);
  const ref = useRef<HTMLTableElement>(null);
  const { label, taken } = read ?? entry;
  const total = confusion[label].reduce((sum, images) => sum + images, 0);
  const move = (event: KeyboardEvent) => {
    const [down, right] = ARROWS[event.key] ?? [0, 0];
    const next = { label: entry.label + down, taken: entry.taken + right };
    if (next.label === entry.label && next.taken === entry.taken) return;
    if (!classes[next.label] || !classes[next.taken]) return;
    event.preventDefault();
    onChoose(next);
    ref.current?.querySelector<HTMLButtonElement>(`[data-entry="${next.label} ${next.taken}"]`)?.focus();
  };
  return (
    <div className="train-matrix">
      <table ref={ref} onPointerLeave={() => setRead(null)}>
        <caption className="hidden">Confusion matrix: a row a class, a column what it was taken for</caption>
        <thead>
          <tr>
            <td />
            {classes.map((name) => (
              <th key={name} scope="col">
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, i) => {
            const images = row.reduce((sum, each) => sum + each, 0);
            return (
              <tr key={classes[i]}>
                <th scope="row">{classes[i]}</th>
                {row.map((each, j) => {
                  const depth = Math.sqrt(each / Math.max(1, images));
                  const isChosen = entry.label === i && entry.taken === j;
                  return (
                    <td key={classes[j]}>
                      <button
                        type="button"
                        className={depthClass(depth)}
                        style={{ background: `color-mix(in srgb, var(--accent) ${100 * depth}%, var(--surface))` }}
                        data-entry={`${i} ${j}`}
                        tabIndex={isChosen ? 0 : -1}
                        aria-pressed={isChosen}
                        aria-label={`${classes[i]} taken for ${classes[j]}: ${each}`}
                        onPointerEnter={() => setRead({ label: i, taken: j })}
                        onClick={() => onChoose({ label: i, taken: j })}
                        onKeyDown={move}
                      >
                        {each > 0 && each}
                      </button>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="small muted" data-testid="confusion-readout">
        <b>{classes[label]}</b> {label === taken ? "recognised" : "taken for"}{" "}
        {label !== taken && <b>{classes[taken]}</b>}: {count(confusion[label][taken])} of {count(total)},{" "}
        {fixed((100 * confusion[label][taken]) / Math.max(1, total), 1)} %
      </p>
    </div>
  );
}
