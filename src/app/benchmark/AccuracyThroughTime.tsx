import { Chart } from "../charts/Chart";
import { timeEnd } from "../charts/scale";
import type { Datum, Reference, Series } from "../charts/series";
import { useCursor, useRecording } from "../history";
import { useMarks } from "../marks";

export interface AccuracyPlot {
  readonly data: readonly Datum[];
  readonly references: readonly Reference[];
  readonly domain: readonly [number, number];
}

/** Before there are figures. */
export const NO_PLOT: AccuracyPlot = { data: [], references: [], domain: [0, 100] };

/** Share of the chart's height kept free above the optimum, for its label. */
const HEADROOM = 0.16;

/** From `low` up to an optimum and the label above it. */
export function domainTo(optimum: number, low: number): readonly [number, number] {
  return [low, optimum + HEADROOM * (optimum - low)];
}

interface Props {
  readonly label: string;
  readonly series: readonly Series[];
  readonly plot: AccuracyPlot;
  readonly isLoaded: boolean;
}

/** Accuracy of the most probable cell, %, from step to step. */
export function AccuracyThroughTime({ label, series, plot: { data, references, domain }, isLoaded }: Props) {
  const recording = useRecording();
  return (
    <Chart
      label={label}
      data={data}
      series={series}
      references={references}
      marks={useMarks()}
      cursor={useCursor()}
      end={timeEnd(recording.steps, recording.settings.steps)}
      domain={domain}
      digits={2}
      unit=" %"
      empty={isLoaded ? null : "Loading the benchmark's figures"}
    />
  );
}
