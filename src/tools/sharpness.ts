/**
 * How far a supernet's parameters must be moved for its curvature to be measured, and writes docs/sharpness.md:
 *
 *   npm run sharpness
 */
import { writeFileSync } from "node:fs";
import { openData } from "../cli/files";
import {
  axes,
  extremes,
  type GradientOf,
  hessianProduct,
  randomBasis,
  symmetricEigen,
  wholeMatrix,
} from "../core/eigen";
import { RandomStream } from "../core/random";
import { withDefaults } from "../core/settings";
import { expectedExcess, measureSharpness } from "../core/sharpness";
import { chooseDevice } from "../engine/devices";
import { openSearch } from "../search/open";

const SIGMA = 0.2;
const PAIRS = 400;
const STEPS = [60, 200, 600];
const stream = (name: string) => new RandomStream(1, name);

const dataset = await openData("fashion-mnist");
const device = await chooseDevice({ device: "wasm" });
const createEngine = device.createEngine.bind(device);
const open = (settings: ReturnType<typeof withDefaults>) =>
  openSearch(settings, { dataset, device: device.choice, createEngine, benchmark: null });
const largest = (values: readonly number[]) => values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
const four = (value: number) => value.toFixed(4);

const rows: string[] = [];
const { search, close } = await open(withDefaults({ steps: 600, seed: 3 }));
while (!search.done) {
  await search.step();
  if (!STEPS.includes(search.steps)) continue;
  const landscape = await search.landscape();
  const { at, gradient } = landscape;
  const size = at.length;
  const excess = await expectedExcess(landscape, new Float64Array(size).fill(SIGMA), PAIRS, stream("noise"));
  for (const [how, length, basis] of [
    ["one by 0.001", 0.001, axes(size)],
    ["one by 0.01", 0.01, axes(size)],
    ["one by 0.1", 0.1, axes(size)],
    ["all by 0.1", 0.1 * Math.sqrt(size), randomBasis(size, stream("basis"))],
  ] as const) {
    const { eigenvalue, penalty, skew } = await look(gradient, at, length, basis);
    rows.push(
      `| ${search.steps} | ${how} | ${four(eigenvalue)} | ${Math.round(100 * skew)} % | ${four(penalty)} | ${four(excess.mean)} ± ${four(excess.error)} |`,
    );
  }
}
const whole = await measureSharpness(await search.landscape(), stream("whole"));
const standing = await search.landscape();
const iterated = await extremes(
  hessianProduct(standing.gradient, standing.at, 0.1 * Math.sqrt(standing.at.length)),
  stream("start").normals(standing.at.length),
);
close();

const darts = await open(withDefaults({ space: "darts", steps: 20, seed: 3 }));
while (!darts.search.done) await darts.search.step();
const wide = await darts.search.landscape();
const estimated = await measureSharpness(wide, stream("darts"));
const own = await expectedExcess(wide, wide.scale as Float64Array, PAIRS, stream("noise"));
darts.close();
device.close();

/** Eigenvalue of largest size, half the trace at the scale, and how much of the measured matrix is not symmetric. */
async function look(gradient: GradientOf, at: Float64Array, length: number, basis: readonly Float64Array[]) {
  const matrix = await wholeMatrix(hessianProduct(gradient, at, length), basis);
  let [odd, all] = [0, 0];
  for (const [i, row] of matrix.entries()) {
    for (const [j, value] of row.entries()) {
      odd += ((value - matrix[j][i]) / 2) ** 2;
      all += value ** 2;
    }
  }
  const trace = matrix.reduce((sum, row, i) => sum + row[i], 0);
  const eigenvalue = largest(symmetricEigen(matrix).values);
  return { eigenvalue, penalty: 0.5 * SIGMA ** 2 * trace, skew: Math.sqrt(odd / all) };
}

writeFileSync(
  "docs/sharpness.md",
  `# How sharpness is measured

By \`npm run sharpness\`. The Hessian H of the validation loss by the architecture parameters is measured by differences of gradients, on one
fixed batch, with the weights as they are. A network of ReLUs has no Hessian where one of them switches: its gradient jumps. Moved by 0.01,
as is usual, one parameter at a time, the difference of two gradients is mostly such jumps; it grows as the step falls, the matrix is far
from symmetric, and half its trace times σ² is not the loss that noise of σ adds. Here all parameters move at once, along an orthonormal
basis turned at random, by 0.1 root mean square: the jumps average out, and to second order E[L(μ + σε)] − L(μ) = ½ σ² tr H holds. Derivatives of
a quadratic are exact by any step.

The default supernet on NAS-Bench-201, seed 3, after so many steps; σ = ${SIGMA}, ${PAIRS} pairs of opposite draws on the same batch:

| step | parameters move | eigenvalue of largest size | not symmetric | ½ σ² tr H, nats | E[L] − L(μ), nats |
| ---: | --------------- | -------------------------: | ------------: | --------------: | ----------------: |
${rows.join("\n")}

To 40 parameters the Hessian is measured whole. Beyond, power iteration that keeps its vectors (Lanczos) takes 20 products with it. On the
30 parameters here, at the end, where both can be had: largest eigenvalue ${four(whole.eigenvalues[0])} whole, ${four(Math.max(...iterated.values))} by iteration; smallest
${four(whole.eigenvalues[whole.eigenvalues.length - 1])} and ${four(Math.min(...iterated.values))}. On the 224 of the DARTS space after 20 steps the trace, from 16 vectors of random signs, gives
½ tr(σ²H) = ${estimated.penalty?.toFixed(3)} ± ${estimated.penaltyError.toFixed(3)} at the posterior's own σ; drawing from it adds ${own.mean.toFixed(3)} ± ${own.error.toFixed(3)} to the loss.
`,
);
