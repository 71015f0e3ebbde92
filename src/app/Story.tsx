import { searchWithSupernet } from "./form";
import { fixed } from "./format";
import { useRecording } from "./history";
import { type Moment, shareOf, useMoment } from "./moment";
import { chosenName, lookOf, placeOf } from "./operations";
import { type Objective, useApp } from "./store";

/** An edge counts as decided when one operation has at least this share. */
const DECIDED = 0.5;

/** One sentence that says what is on screen, for whoever sees it for the first time. */
export function Story() {
  const moment = useMoment();
  const { result, steps, settings } = useRecording();
  // Where a failure stands there is nothing else to tell.
  const failed = useApp((state) => state.failure !== null || state.divergence !== null);
  const { objective } = settings;
  if (failed) return null;
  const over = result !== null && moment.step === steps;
  if (objective === "supernet") return <p className="story">{tell(moment, over)}</p>;
  return (
    <div className="story with-action">
      <p>
        <b>Instant objective:</b> it sees the benchmark's answers; a supernet does not. {tell(moment, over, objective)}
      </p>
      <button type="button" className="button slim primary" onClick={searchWithSupernet}>
        Search with a supernet
      </button>
    </div>
  );
}

const TEACHERS: Readonly<Record<Objective, string>> = { supernet: "the images", instant: "them" };

function tell(moment: Moment, over: boolean, objective: Objective = "supernet") {
  const { space, step, scale } = moment;
  if (step === 0) {
    return scale ? (
      <>
        <b>This is the prior:</b> every operation is about equally likely to{" "}
        {space.keptEdges === null ? "win" : "be kept"}. Press Run to let {TEACHERS[objective]} decide.
      </>
    ) : (
      <>
        <b>Before the first step</b> all mixing weights are about equal. Press Run to let {TEACHERS[objective]} decide.
      </>
    );
  }
  const several = (r: number) => (space.rows[r].picks ?? 1) > 1;
  const leads = space.rows.map((_, r) => ({
    r,
    share: several(r) ? shareOf(moment, r) : moment.share[moment.offsets[r] + moment.leaders[r]],
  }));
  const decided = leads.filter(({ share }) => share >= DECIDED).length;
  const [{ r, share }] = [...leads].sort((a, b) => b.share - a.share);
  const name = several(r)
    ? chosenName(space, r, moment.choices[r])
    : lookOf(space.rows[r].choices[moment.leaders[r]]).name;
  const clearest = `${name} ${placeOf(space, r)} (${fixed(share, 2)})`;
  const chosen = space.keptEdges === null ? "wins" : "is kept";
  const what = scale ? chosen : "has a mixing weight";
  const most = `${space.rowsAre === "edges" ? "one operation" : "one choice"} ${what} above ½ ${space.rowsAre === "edges" ? `on ${decided} of ${space.rows.length} edges` : `in ${decided} of ${space.rows.length} rows`}${objective === "supernet" ? `; clearest: ${clearest}` : ""}.`;
  return (
    <>
      <b>{over ? "The search is over:" : `After step ${step}:`}</b> {most}
    </>
  );
}
