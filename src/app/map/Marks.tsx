import { memo } from "react";
import { BALENAS_TF, type Benchmark, type BenchmarkSet } from "../../core/benchmark";
import { cellOfCode, OPERATIONS } from "../../core/nasbench201";
import type { Stay } from "../benchmark/trajectory";
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

/** Moves of the most probable cell that are drawn; the older, the fainter. */
const LEGS = 40;

/** What stands out of the crowd: samples, the way so far, the most probable cell, the best, the paper's result. */
export const Marks = memo(function Marks({ plane, benchmark, set, samples, path, now, read, focus }: Props) {
  const { x, y, upOf, width } = plane;
  const optimum = benchmark.optimum(set);
  const paper = BALENAS_TF[set].test;
  const stays = path.slice(-LEGS - 1);
  return (
    <>
      <line className="paper" x1={MARGIN.left} x2={width} y1={upOf(paper)} y2={upOf(paper)} />
      <text className="label" x={MARGIN.left + 1} y={upOf(paper) - 5}>
        best {fixed(optimum.test, 2)} · paper {fixed(paper, 2)}
      </text>
      <g className="samples">
        {samples.map((code, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the sample is the index
          <circle key={i} className={has(code, focus) ? "sample" : "sample dim"} cx={x[code]} cy={y[code]} r={2} />
        ))}
      </g>
      {stays.slice(1).map(({ step, code }, leg) => {
        const from = stays[leg].code;
        const age = stays.length - 2 - leg;
        return (
          <line
            key={step}
            className="path"
            x1={x[from]}
            y1={y[from]}
            x2={x[code]}
            y2={y[code]}
            strokeOpacity={0.75 * (1 - age / LEGS) ** 1.5}
          />
        );
      })}
      <Diamond x={x[optimum.code]} y={y[optimum.code]} />
      <circle className="now" cx={x[now]} cy={y[now]} r={5} />
      {read !== null && <circle className="read" cx={x[read]} cy={y[read]} r={5} />}
    </>
  );
});

function has(code: number, { row, operation }: Focus): boolean {
  if (operation === null) return true;
  const operations = cellOfCode(code).map((choice) => OPERATIONS[choice] as string);
  return row === null ? operations.includes(operation) : operations[row] === operation;
}

function Diamond({ x, y }: { x: number; y: number }) {
  return <path className="best" d={`M${x} ${y - 5.5}l5.500 5.500-5.500 5.500-5.500-5.500z`} />;
}
