/** What a chart over the steps of a run is made of. */

export interface Series {
  readonly key: string;
  readonly name: string;
  readonly colour: string;
  readonly dash?: string;
  readonly width?: number;
  readonly opacity?: number;
  /** A mark at each point and no line; "joined" with it. */
  readonly dots?: boolean | "joined";
  /** The value holds until the next point. */
  readonly stepped?: boolean;
  /** Keys of the lower and the upper edge of a band around the line. */
  readonly band?: readonly [low: string, high: string];
  /** Left out of what the pointer reads. */
  readonly quiet?: boolean;
}

/** A labelled horizontal line. */
export interface Reference {
  readonly value: number;
  readonly label: string;
  readonly below?: boolean;
  readonly dash?: string;
}

export type Datum = { readonly step: number } & { readonly [key: string]: number | null };

export interface SeriesChartProps {
  readonly label: string;
  readonly data: readonly Datum[];
  readonly series: readonly Series[];
  readonly references?: readonly Reference[];
  /** Steps at which a knob was turned, and the words for it. */
  readonly marks: readonly { readonly step: number; readonly text: string }[];
  /** The step that the timeline was moved to. */
  readonly cursor?: number | null;
  readonly end: number;
  readonly domain: readonly [number, number];
  readonly digits: number;
  readonly unit?: string;
  /** What the horizontal axis counts; steps where absent. */
  readonly across?: string;
}
