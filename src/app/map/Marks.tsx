import { memo } from "react";
import { BALENAS_TF, type Benchmark, type BenchmarkSet } from "../../core/benchmark";
import { cellCode, cellOfCode, OPERATIONS } from "../../core/nasbench201";
import type { Stay } from "../benchmark/trajectory";
import { polyline } from "../charts/path";
import { fixed } from "../format";
import type { Focus } from "../store";
import { MARGIN, type Plane } from "./plane";

interface Props {
  plane: Plane;
  benchmark: Benchmark;
  set: BenchmarkSet;
  /** Cells as `cellCode`s. */
  samples: readonly number[];
  path: readonly Stay[];
  now: number;
  read: number | null;
  /** Samples without the operation that is singled out step back. */
  focus: Focus;
}

/** The way is drawn in this many pieces of so many moves; the older, the fainter. */
const AGES = 6;
const MOVES = 6;

/** What stands out of the crowd: samples, the way so far, the most probable cell, the best, the paper's result. */
export const Marks = memo(function Marks({ plane, benchmark, set, samples, path, now, read, focus }: Props) {
  const { x, y, upOf, width } = plane;
  const optimum = benchmark.optimum(set);
  const paper = BALENAS_TF[set].test;
  const legs = legsOf(path);
  return (
    <>
      <line className="paper" x1={MARGIN.left} x2={width} y1={upOf(paper)} y2={upOf(paper)} />
      <text className="label" x={MARGIN.left + 1} y={upOf(paper) - 5}>
        best {fixed(optimum.test, 2)} · paper {fixed(paper, 2)}
      </text>
      <Dots plane={plane} codes={samples.filter((code) => !has(code, focus))} className="dim" />
      <Dots plane={plane} codes={samples.filter((code) => has(code, focus))} />
      {legs.map((leg, age) => (
        <path
          // biome-ignore lint/suspicious/noArrayIndexKey: the age is what it is drawn by
          key={age}
          className="path"
          d={polyline(leg.map(({ choices }) => [x[cellCode(choices)], y[cellCode(choices)]]))}
          strokeOpacity={0.75 * (1 - age / AGES) ** 1.5}
        />
      ))}
      <Diamond x={x[optimum.code]} y={y[optimum.code]} />
      <circle className="now" cx={x[now]} cy={y[now]} r={5} />
      {read !== null && <circle className="read" cx={x[read]} cy={y[read]} r={5} />}
    </>
  );
});

/** The last moves of the most probable cell, newest piece first; a piece begins where the one before it ends. */
function legsOf(path: readonly Stay[]): readonly Stay[][] {
  const legs: Stay[][] = [];
  for (let end = path.length; end > 1 && legs.length < AGES; end -= MOVES) {
    legs.push(path.slice(Math.max(0, end - MOVES - 1), end));
  }
  return legs;
}

/** Cells as round dots: a line of no length with round ends, over a wider one in the ground's colour. */
function Dots({ plane: { x, y }, codes, className }: { plane: Plane; codes: readonly number[]; className?: string }) {
  const d = codes.map((code) => `M${x[code].toFixed(1)} ${y[code].toFixed(1)}h0`).join("");
  return (
    <g className={className}>
      <path className="rim" d={d} />
      <path className="samples" d={d} />
    </g>
  );
}

function has(code: number, { row, operation }: Focus): boolean {
  if (operation === null) return true;
  const operations = cellOfCode(code).map((choice) => OPERATIONS[choice] as string);
  return row === null ? operations.includes(operation) : operations[row] === operation;
}

function Diamond({ x, y }: { x: number; y: number }) {
  return <path className="best" d={`M${x} ${y - 5.5}l5.500 5.500-5.500 5.500-5.500-5.500z`} />;
}
