import { choiceProbabilities, mixingMoments } from "../../core/posterior";
import { optionCount, picked } from "../../core/space";
import { fixed, frequency } from "../format";
import type { Moment } from "../moment";
import { edgeName, lookOf, outcomeOf } from "../operations";
import type { Recording } from "../recording";
import { useFocus } from "../store";
import { TERMS, winsOf } from "./terms";

/** One line in a fixed place: exact values of what is pointed at, else of the whole posterior. */
export function Readout({ moment, recording }: { moment: Moment; recording: Recording }) {
  const focus = useFocus();
  return (
    <p className="readout small" data-testid="readout">
      {focus.row !== null && focus.operation !== null
        ? exact(moment, recording, focus.row, focus.operation, focus.step ?? moment.step)
        : focus.row !== null
          ? edge(moment, focus.row)
          : focus.operation !== null
            ? operation(moment, focus.operation)
            : whole(moment)}
    </p>
  );
}

function whole({ space, entropies, klToPrior, signalToNoise, step, scale }: Moment) {
  const total = entropies.reduce((sum, bits) => sum + bits, 0);
  const most = space.rows.reduce((sum, row) => sum + Math.log2(optionCount(row)), 0);
  return (
    <>
      <span title={TERMS.entropy}>
        Entropy of {scale ? (space.keptEdges === null ? "P(wins)" : "P(kept)") : "the mixing weights"}{" "}
        <b>{fixed(total, 2)}</b> of {fixed(most, 2)} bit
      </span>
      {klToPrior !== null && (
        <span title={TERMS.klToPrior}>
          KL to the prior <b>{fixed(klToPrior, 2)}</b> nat
        </span>
      )}
      {signalToNoise && (
        <span
          title={`${TERMS.signalToNoise} Least and most over the ${space.rowsAre === "edges" ? "edges" : "choices"}.`}
        >
          leads by{" "}
          <b>
            {fixed(Math.min(...signalToNoise), 1)}–{fixed(Math.max(...signalToNoise), 1)}
          </b>{" "}
          σ
        </span>
      )}
      <span>
        step <b>{step}</b>
      </span>
    </>
  );
}

function edge({ space, offsets, share, entropies, signalToNoise }: Moment, row: number) {
  const { choices } = space.rows[row];
  const order = choices.map((_, i) => i).sort((a, b) => share[offsets[row] + b] - share[offsets[row] + a]);
  const standings = order.map((i) => `${outcomeOf(space, choices[i]).name} ${fixed(share[offsets[row] + i], 2)}`);
  const { picks = 1 } = space.rows[row];
  return (
    <>
      <b>{edgeName(space, row)}</b>
      <span>
        {standings.slice(0, picks).join(" and ")} before {standings[picks]}
      </span>
      <span title={TERMS.entropy}>
        entropy {fixed(entropies[row], 2)} of {fixed(Math.log2(optionCount(space.rows[row])), 2)} bit
      </span>
      {signalToNoise && (
        <span title={TERMS.signalToNoise}>signal to noise of the means {fixed(signalToNoise[row], 2)}</span>
      )}
    </>
  );
}

function operation({ space, choices }: Moment, id: string) {
  const look = lookOf(id);
  const leads = space.rows.filter((row, r) =>
    picked(row, choices[r]).some((candidate) => row.choices[candidate] === id),
  );
  const rivals = space.rowsAre === "edges" ? space.rows : space.rows.filter((row) => row.choices.includes(id));
  return (
    <>
      <b>{look.name}</b>
      <span>{look.note}</span>
      <span>
        {space.keptEdges !== null && id === "none"
          ? "Dropped are"
          : space.rowsAre === "edges"
            ? "Leads on"
            : "Chosen in"}{" "}
        {leads.length} of {rivals.length} {space.rowsAre === "edges" ? "edges" : "choices"}
      </span>
    </>
  );
}

function exact(moment: Moment, recording: Recording, row: number, id: string, step: number) {
  const { space, offsets } = moment;
  const begin = offsets[row];
  const end = offsets[row + 1];
  const choice = space.rows[row].choices.indexOf(id);
  const rows = [space.rows[row]];
  const mean = recording.mean(step).subarray(begin, end);
  const scale = recording.scale(step)?.subarray(begin, end) ?? null;
  const mixing = mixingMoments(rows, mean, scale);
  const plusMinus = (centre: number, spread: number | undefined, digits: number) =>
    spread === undefined ? fixed(centre, digits) : `${fixed(centre, digits)} ± ${fixed(spread, digits)}`;
  return (
    <>
      <b>
        {edgeName(space, row)} {lookOf(id).name}
      </b>
      <span>α {plusMinus(mean[choice], scale?.[choice], 3)}</span>
      {scale && <span title={TERMS.ownSignalToNoise}>|μ|/σ {fixed(Math.abs(mean[choice]) / scale[choice], 2)}</span>}
      <span title={TERMS.mixingWeight}>
        p {plusMinus(mixing.mean[choice], scale ? mixing.deviation[choice] : undefined, 2)}
      </span>
      {scale && (
        <span title={winsOf(space)}>
          {space.keptEdges === null ? "wins" : outcomeOf(space, id).name === "dropped" ? "dropped" : "kept"}{" "}
          {frequency(choiceProbabilities(space, recording.mean(step), recording.scale(step))[begin + choice])} draws
        </span>
      )}
      <span>step {step}</span>
    </>
  );
}
