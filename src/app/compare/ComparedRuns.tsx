import { count } from "../format";
import * as runs from "../runs/runs";
import { MOST_COMPARED, useRuns } from "../runs/runs";
import { methodName, nameOf } from "../runs/summary";
import { liveRecording } from "../session";
import { useApp } from "../store";
import { Badge } from "./Badge";
import { type Compared, differenceText, type Group, groupName, openingText, seedFamilies } from "./groups";

/** The runs of a comparison, seeds together, each with a way out of it. */
export function ComparedRuns({ groups, first }: { groups: readonly Group[]; first: Compared | undefined }) {
  return (
    <ul className="compared" aria-label="Runs in this comparison">
      {groups.map((group) => (
        <li key={group.style}>
          <Badge style={group.style} letter={group.letter} />
          <p>
            <b>{groupName(group)}</b>{" "}
            <span className="small muted">
              {first && group.runs[0] === first
                ? openingText(group.runs.length > 1 ? { ...first, name: nameOf(first.recording.settings) } : first)
                : first && differenceText(first.recording, group.runs[0].recording)}
            </span>
          </p>
          <span className="compared-seeds small">
            {group.runs.length > 1 && <span className="muted">seeds</span>}
            {group.runs.map(({ id, name, recording }) => (
              <button
                key={id}
                type="button"
                className="button plain slim"
                title={name}
                aria-label={`Take ${name} out of the comparison`}
                onClick={() => runs.toggleSelected(id)}
              >
                {group.runs.length > 1 && recording.settings.seed} ×
              </button>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Puts one more run into the comparison, or all seeds of a kind. */
export function AddRuns() {
  const { kept, selected } = useRuns();
  useApp(({ phase, applied }) => `${phase} ${applied}`);
  const live = liveRecording();
  const liveId = runs.idOf(live);
  const others = [
    { id: liveId, name: `Current run: ${methodName(live.settings)}, seed ${live.settings.seed}` },
    ...(kept ?? []).filter(({ id }) => id !== liveId),
  ].filter(({ id }) => !selected.includes(id));
  if (others.length === 0 || selected.length >= MOST_COMPARED) return null;
  const families = seedFamilies(kept ?? []).filter(({ ids }) => ids.some((id) => !selected.includes(id)));
  return (
    <select
      className="add-run small"
      aria-label="Add a run to the comparison"
      value=""
      onChange={({ target: { value } }) => runs.select(families.find(({ title }) => title === value)?.ids ?? [value])}
    >
      <option value="" disabled>
        Add a run…
      </option>
      {families.map(({ title }) => (
        <option key={title}>{title}</option>
      ))}
      {others.map((run) => (
        <option key={run.id} value={run.id}>
          {run.name}
          {"steps" in run ? ` · ${count(run.steps)} steps` : ""}
        </option>
      ))}
    </select>
  );
}
