import { type PointerEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { symmetricEigen } from "../../core/eigen";
import type { LossSlice, SharpnessFound } from "../../worker/protocol";
import { type Point, polyline } from "../charts/path";
import { linear, niceTicks } from "../charts/scale";
import { useSize } from "../charts/useSize";
import { fixed, plain } from "../format";
import { useTheme } from "../theme";
import { contour, finer, type Grid, levelsOf, paintBands, valueAt } from "./contours";
import { digitsFor } from "./words";

/** Points along a side between which contours are drawn. */
const FINE = 65;
const MARGIN = { left: 40, right: 10, top: 8, bottom: 36 };
/** The posterior's ellipses, in standard deviations. */
const RADII = [1, 2] as const;

/** The loss in the plane of the two leading eigenvectors, with the posterior in it. */
export function Slice({ found }: { found: SharpnessFound }) {
  const { slice, covariance } = found;
  const id = useId();
  const [ref, { width }] = useSize<HTMLDivElement>();
  const size = Math.max(0, width - MARGIN.left - MARGIN.right);
  const drawn = useMemo((): Drawn | null => {
    const grid = slice && finer(slice, FINE);
    return grid && { slice, grid, levels: levelsOf(grid) };
  }, [slice]);
  return (
    <section aria-labelledby={id} className="sharpness-slice">
      <h3 id={id}>Validation loss around the mean, nats</h3>
      <div ref={ref} className="sharpness-plane" style={{ height: size + MARGIN.top + MARGIN.bottom }}>
        {size > 0 && drawn && <Plane {...drawn} found={found} size={size} />}
      </div>
      {drawn && <Legend levels={drawn.levels} />}
      <p className="small muted">
        The plane through the mean along the two directions in which the loss curves most.{" "}
        {covariance
          ? "The ellipses are the posterior restricted to this plane, at 1σ and 2σ: where contours cross them closely packed, its noise costs loss."
          : "A point estimate has no Gaussian to draw here."}
      </p>
    </section>
  );
}

/** A slice as it is drawn. */
interface Drawn {
  readonly slice: LossSlice;
  readonly grid: Grid;
  readonly levels: readonly number[];
}

interface Read {
  readonly across: number;
  readonly up: number;
}

function Plane({ slice, grid, levels, found, size }: Drawn & { found: SharpnessFound; size: number }) {
  const { reach, side, losses } = slice;
  const lines = useMemo(() => levels.map((level) => contour(grid, level, size)), [grid, levels, size]);
  const [read, setRead] = useState<Read | null>(null);
  const x = linear(-reach, reach, 0, size);
  const y = linear(-reach, reach, size, 0);
  const middle = losses[(side * side - 1) / 2];
  const digits = Math.max(2, digitsFor(levels.length > 1 ? levels[1] - levels[0] : 0.01));
  const lossAt = ({ across, up }: Read) => valueAt(grid, x(across) / size, y(up) / size);
  const point = (event: PointerEvent<Element>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (value: number) => Math.min(1, Math.max(0, value / size));
    setRead({
      across: reach * (2 * share(event.clientX - box.left) - 1),
      up: reach * (1 - 2 * share(event.clientY - box.top)),
    });
  };
  const lowest = Math.min(...losses);
  return (
    <>
      <p
        className="hidden"
        role="img"
        aria-label={`Loss in a plane of ${plain(Number((2 * reach).toPrecision(2)))} logits: ${fixed(middle, digits)} nats at the mean, from ${fixed(lowest, digits)} to ${fixed(Math.max(...losses), digits)}.`}
      />
      <div className="sharpness-box" style={{ left: MARGIN.left, top: MARGIN.top, width: size, height: size }}>
        <Bands slice={slice} levels={levels} size={size} />
        <svg
          width={size}
          height={size}
          aria-hidden="true"
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => setRead(null)}
        >
          {lines.map((path, i) => (
            <path key={levels[i]} className="contour" d={path} />
          ))}
          {found.covariance && <Ellipses covariance={found.covariance} x={x} y={y} />}
          <circle className="mean" cx={x(0)} cy={y(0)} r={4} />
          <text className="label" x={x(0) + 8} y={y(0) - 6}>
            μ
          </text>
          {read && <circle className="read" cx={x(read.across)} cy={y(read.up)} r={5} />}
        </svg>
        {read && (
          <div
            className={`chart-tip sharpness-tip ${read.across > 0 ? "to-left" : ""} ${read.up < -0.5 * reach ? "to-top" : ""}`}
            style={{ left: x(read.across), top: y(read.up) }}
          >
            <p className="muted">
              {fixed(read.across, 2)}, {fixed(read.up, 2)} logits from the mean
              {found.covariance && `, ${fixed(radiusOf(found.covariance, read), 1)} σ`}
            </p>
            <p>
              loss <b>{fixed(lossAt(read), digits)}</b> nats, {signed(lossAt(read) - middle, digits)} to the mean
            </p>
          </div>
        )}
      </div>
      <Axes x={x} y={y} reach={reach} size={size} />
    </>
  );
}

const signed = (value: number, digits: number) => `${value >= 0 ? "+" : ""}${fixed(value, digits)}`;

function Bands({ slice, levels, size }: { slice: LossSlice; levels: readonly number[]; size: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme stands for the colours
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const side = Math.round(size * Math.min(2, devicePixelRatio));
    [canvas.width, canvas.height] = [side, side];
    const [low, high] = [colourOf(canvas, "--loss-low"), colourOf(canvas, "--loss-high")];
    const bands = levels.length + 1;
    const colours = Array.from({ length: bands }, (_, band) =>
      low.map((from, i) => Math.round(from + ((high[i] - from) * band) / Math.max(1, bands - 1))),
    );
    paintBands(canvas, slice, levels, colours);
  }, [slice, levels, size, theme]);
  return <canvas ref={ref} style={{ width: size, height: size }} />;
}

/** Red, green and blue of a colour of the style sheet, in the theme in force. */
function colourOf(element: HTMLElement, name: string): number[] {
  element.style.color = `var(${name})`;
  return (getComputedStyle(element).color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

type Covariance = readonly [number, number, number];
type Scales = { x: (value: number) => number; y: (value: number) => number };

function Ellipses({ covariance: [uu, uv, vv], x, y }: { covariance: Covariance } & Scales) {
  const { values, vectors } = symmetricEigen([
    [uu, uv],
    [uv, vv],
  ]);
  const at = (radius: number, angle: number): readonly [number, number] => {
    const [a, b] = [radius * Math.sqrt(values[0]) * Math.cos(angle), radius * Math.sqrt(values[1]) * Math.sin(angle)];
    return [a * vectors[0][0] + b * vectors[1][0], a * vectors[0][1] + b * vectors[1][1]];
  };
  return RADII.map((radius) => {
    const points = Array.from({ length: 73 }, (_, k): Point => {
      const [across, up] = at(radius, (Math.PI * k) / 36);
      return [x(across), y(up)];
    });
    const top = points.reduce((best, point) => (point[1] < best[1] ? point : best));
    return (
      <g key={radius}>
        <path className="halo" d={`${polyline(points)}Z`} />
        <path className={`ellipse ${radius === 1 ? "" : "outer"}`} d={`${polyline(points)}Z`} />
        <text className="label" x={top[0]} y={top[1] - 5} textAnchor="middle">
          {radius}σ
        </text>
      </g>
    );
  });
}

/** How many standard deviations a place is from the mean. */
function radiusOf([uu, uv, vv]: Covariance, { across, up }: Read): number {
  return Math.sqrt((vv * across * across - 2 * uv * across * up + uu * up * up) / (uu * vv - uv * uv));
}

function Axes({ x, y, reach, size }: Scales & { reach: number; size: number }) {
  const ticks = niceTicks(-reach, reach, 4);
  return (
    <svg
      className="sharpness-axes"
      width={size + MARGIN.left + MARGIN.right}
      height={size + MARGIN.top + MARGIN.bottom}
      aria-hidden="true"
    >
      {ticks.map((tick) => (
        <g key={tick}>
          <text x={MARGIN.left + x(tick)} y={MARGIN.top + size + 14} textAnchor="middle">
            {plain(tick)}
          </text>
          <text x={MARGIN.left - 6} y={MARGIN.top + y(tick) + 4} textAnchor="end">
            {plain(tick)}
          </text>
        </g>
      ))}
      <text x={MARGIN.left + size / 2} y={MARGIN.top + size + 30} textAnchor="middle">
        along direction 1, logits
      </text>
      <text transform={`translate(10 ${MARGIN.top + size / 2}) rotate(-90)`} textAnchor="middle">
        along direction 2
      </text>
    </svg>
  );
}

/** What the bands stand for: each level where two of them meet. */
function Legend({ levels }: { levels: readonly number[] }) {
  const digits = levels.length > 1 ? Math.max(0, -Math.floor(Math.log10(levels[1] - levels[0]) + 1e-9)) : 2;
  return (
    <div className="sharpness-legend small muted">
      <span>loss</span>
      <ol>
        {[...levels, null].map((level, band) => (
          <li key={level}>
            <i style={{ background: bandColour(band, levels.length + 1) }} />
            {/* Every other one, so that they stand clear of each other. */}
            {level !== null && band % 2 === 0 && <span>{fixed(level, digits)}</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** From the lowest to the highest. */
function bandColour(band: number, bands: number): string {
  return `color-mix(in srgb, var(--loss-high) ${(100 * band) / Math.max(1, bands - 1)}%, var(--loss-low))`;
}
