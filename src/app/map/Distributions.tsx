import { memo } from "react";
import { massInBins } from "../../core/cell-distribution";
import { BAR, GAP, MARGIN, type Plane } from "./plane";

interface Props {
  plane: Plane;
  /** Of every cell, in the order of `cellCode`. */
  probabilities: Float64Array;
  /** Expected accuracy, %. */
  mean: number;
}

/**
 * Accuracy of all cells and of the cells that the posterior draws, on the picture's own axis. A bar's length is the square root of
 * its mass, or a decided posterior, all in one bar, would leave nothing to see of the space.
 */
export const Distributions = memo(function Distributions({ plane, probabilities, mean }: Props) {
  const { bars, barCount, space, width, upOf } = plane;
  const drawn = massInBins(bars, probabilities, barCount);
  const left = width - MARGIN.right + GAP;
  const most = Math.sqrt(Math.max(...space, ...drawn));
  const reach = (mass: number) => left + ((MARGIN.right - GAP - 8) * Math.sqrt(mass)) / most;
  const outline = (mass: Float64Array) => {
    let path = `M${left} ${MARGIN.top}`;
    for (const part of mass) path += `H${reach(part).toFixed(1)}v${BAR}`;
    return `${path}H${left}`;
  };
  const y = upOf(mean);
  return (
    <g className="distributions">
      <path className="space" d={`${outline(space)}Z`} />
      <path className="drawn" d={outline(drawn)} />
      <path className="mean" d={`M${width - 1} ${y - 4}v8l-7-4z`} />
    </g>
  );
});
