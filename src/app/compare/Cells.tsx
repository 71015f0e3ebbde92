import { useMemo } from "react";
import type { Benchmark } from "../../core/benchmark";
import { useSize } from "../charts/useSize";
import { count, fixed } from "../format";
import { momentAt } from "../moment";
import type { Recording } from "../recording";
import { finalArchitecture } from "../runs/summary";
import { Badge } from "./Badge";
import { type Group, gather } from "./groups";
import { SmallCell } from "./SmallCell";

const HEIGHT = 140;

/** A cell that runs of a group have come to. */
export interface FinalCell {
  readonly group: Group;
  readonly recordings: readonly Recording[];
}

/** The cells at the ends of the runs, those of a group that are the same once; the most frequent first. */
export function finalCells(groups: readonly Group[]): FinalCell[] {
  return groups.flatMap((group) =>
    gather(
      group.runs.map(({ recording }) => recording),
      (a, b) => finalArchitecture(a) === finalArchitecture(b),
    )
      .sort((a, b) => b.length - a.length)
      .map((recordings) => ({ group, recordings })),
  );
}

/** The cell that each run has come to, side by side. @param shown how many of them are there yet */
export function Cells(props: { cells: readonly FinalCell[]; benchmark: Benchmark | null; shown: number }) {
  const { cells, benchmark, shown } = props;
  return (
    <section aria-labelledby="compare-cells">
      <h3 id="compare-cells">Most probable cells at the end of each run</h3>
      <ul className="compare-cells">
        {cells.slice(0, shown).map((cell) => (
          <OneCell
            key={`${cell.group.style} ${finalArchitecture(cell.recordings[0])}`}
            {...cell}
            benchmark={benchmark}
          />
        ))}
      </ul>
    </section>
  );
}

function OneCell({ group, recordings, benchmark }: FinalCell & { benchmark: Benchmark | null }) {
  const [recording] = recordings;
  const { steps } = recording;
  const moment = useMemo(() => momentAt(recording, steps), [recording, steps]);
  const figures = benchmark?.figures(moment.choices);
  const [ref, { width }] = useSize<HTMLDivElement>();
  const seeds = group.runs.length;
  return (
    <li className="cell">
      <p className="compare-cell-head">
        <span>
          <Badge style={group.style} letter={group.letter} />{" "}
          {seeds > 1 && (
            <span className="small muted">
              {recordings.length} of {seeds}
            </span>
          )}
        </span>
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
