import { useMemo } from "react";
import type { Benchmark, BenchmarkSet } from "../../core/benchmark";
import { Chart } from "../charts/Chart";
import type { Reference, Series } from "../charts/series";
import { useTurn } from "../charts/useTurn";
import { fixed } from "../format";
import { Badge } from "./Badge";
import { samplePoints, styleOf } from "./curves";
import { Figure } from "./Figure";
import { type Group, groupName } from "./groups";

interface Props {
  group: Group;
  benchmark: Benchmark | null;
  set: BenchmarkSet;
  turn: number;
  cursor: number | null;
  end: number;
  references: readonly Reference[];
  domain: readonly [number, number];
  /** The only one: it takes the whole width. */
  alone: boolean;
  isShown: boolean;
}

/** Accuracy of a method's most probable cell through the search, within what samples of its distribution are worth. */
export function SamplePanel({ group, benchmark, set, turn, cursor, end, references, domain, alone, isShown }: Props) {
  const { style, runs, letter } = group;
  // A group that has ended is not drawn again because another one goes on.
  const state = runs.map(({ id, recording }) => `${id} ${recording.steps}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: state and turn stand for the group and its curves
  const wanted = useMemo(
    () => ({ group, benchmark: isShown ? benchmark : null, set, references, domain }),
    [state, benchmark, set, turn, isShown],
  );
  // Each panel looks up its samples, thousands of them, in a task of its own.
  const drawn = useTurn(wanted);
  const data = useMemo(() => (drawn.benchmark ? samplePoints(drawn.group, drawn.benchmark, drawn.set) : []), [drawn]);
  const series = useMemo(() => seriesOf(style), [style]);
  const last = data.at(-1);
  return (
    <Figure
      title={
        <>
          <Badge style={style} letter={letter} /> {groupName(group)}
        </>
      }
      note={alone ? "100 samples" : null}
      className={`samples-panel ${alone ? "whole" : ""}`}
      isShown={isShown}
    >
      <Chart
        label={
          last
            ? `Test accuracy of samples of ${letter} through time. At step ${last.step}: most probable cell ${fixed(Number(last.argmax), 2)} %; median of the samples ${fixed(Number(last.median), 2)} %, nine tenths of them from ${fixed(Number(last.low), 2)} to ${fixed(Number(last.high), 2)} %.`
            : `Test accuracy of samples of ${letter} through time: none yet.`
        }
        data={data}
        series={series}
        references={drawn.references}
        marks={[]}
        cursor={cursor}
        end={end}
        domain={drawn.domain}
        digits={2}
        unit=" %"
        empty={benchmark ? null : "Loading the benchmark's figures"}
      />
    </Figure>
  );
}

function seriesOf(style: number): readonly Series[] {
  const { colour } = styleOf(style);
  return [
    { key: "median", name: "samples", colour, dash: "1.5 3", width: 1.4, band: ["low", "high"] },
    { key: "argmax", name: "most probable", colour, width: 2, stepped: true },
  ];
}
