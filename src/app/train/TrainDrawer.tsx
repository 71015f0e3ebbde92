import { useState } from "react";
import { Confusion } from "./Confusion";
import { Curves } from "./Curves";
import { lineUp, useLineup, useOffers } from "./entrants";
import { Knobs } from "./Knobs";
import { Offers } from "./Offers";
import { Results } from "./Results";
import "./train.css";
import { type Training, useTraining } from "./training";

/** Cells trained from scratch, side by side. */
export default function TrainDrawer() {
  const offers = useOffers();
  const wanted = useLineup((state) => state.wanted);
  const latest = useTraining((state) => state.latest);
  return (
    <div className="train">
      <p className="small muted">
        The search's own weights are thrown away: what a cell is worth shows when its network is trained from scratch.
        The cells take turns, so that their curves grow together.
      </p>
      <Offers offers={offers} />
      <Knobs entrants={lineUp(offers, wanted)} />
      {latest && latest.progress.networks.length > 0 && <Outcome training={latest} />}
    </div>
  );
}

function Outcome({ training }: { training: Training }) {
  const [wanted, setChosen] = useState(0);
  const { networks } = training.progress;
  const chosen = Math.min(wanted, networks.length - 1);
  return (
    <>
      <Results training={training} />
      <Curves training={training} />
      {networks.some(({ tested }) => tested) && <Confusion training={training} chosen={chosen} choose={setChosen} />}
    </>
  );
}
