import { useMemo } from "react";
import type { Benchmark } from "../../core/benchmark";
import { useSize } from "../charts/useSize";
import { count, fixed } from "../format";
import { momentAt } from "../moment";
import { Badge } from "./Badge";
import type { Compared, Group } from "./groups";
import { SmallCell } from "./SmallCell";

const HEIGHT = 140;

/** The cell that each run has come to, side by side. */
export function Cells({ groups, benchmark }: { groups: readonly Group[]; benchmark: Benchmark | null }) {
  return (
    <section aria-labelledby="compare-cells">
      <h3 id="compare-cells">Most probable cells at the end of each run</h3>
      <ul className="compare-cells">
        {groups.flatMap((group) =>
          group.runs.map((run) => <OneCell key={run.id} group={group} run={run} benchmark={benchmark} />),
        )}
      </ul>
    </section>
  );
}

function OneCell({ group, run, benchmark }: { group: Group; run: Compared; benchmark: Benchmark | null }) {
  const { recording } = run;
  const { steps } = recording;
  const moment = useMemo(() => momentAt(recording, steps), [recording, steps]);
  const figures = benchmark?.figures(moment.choices);
  const [ref, { width }] = useSize<HTMLDivElement>();
  return (
    <li className="cell">
      <p className="compare-cell-head">
        <Badge group={group} letters={run.letter} />
        {figures && (
          <span>
            {fixed(figures.accuracy.cifar10.test, 2)} %{" "}
            <span className="small muted">rank {count(figures.rank.cifar10)}</span>
          </span>
        )}
      </p>
      <div className="compare-cell-drawing" ref={ref}>
        {width > 0 && <SmallCell moment={moment} width={width} height={HEIGHT} />}
      </div>
    </li>
  );
}
