import { describe, expect, test } from "vitest";
import type { Settings } from "../../src/core/controls";
import type { Method } from "../../src/core/method";
import { Balenas } from "../../src/core/methods/balenas";
import { Darts } from "../../src/core/methods/darts";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import { softmaxRows } from "../../src/core/softmax";

const ROWS = [{ name: "1<-0", choices: ["a", "b"] }];
const START = Float64Array.of(0.1, -0.2);
/** dL/dp of the two steps of the hand-calculated cases. */
const GRADIENTS = [Float64Array.of(0.3, -0.1), Float64Array.of(-0.2, 0.4)];
/** Their noise. */
const NOISE = [
  [0.5, -1],
  [1.5, 0.25],
];

/** A stream that gives the listed normals. */
function scripted(draws: readonly number[]): RandomStream {
  const stream = new RandomStream(0, "scripted");
  const queue = [...draws];
  stream.normals = (count) => Float64Array.from(queue.splice(0, count));
  return stream;
}

const settings = (changes: Partial<Settings>) =>
  withDefaults({ archBeta1: 0.5, archBeta2: 0.9, posteriorN: 100, archRate: 0.1, ...changes });

const scalesOf = ({ scale }: Method): Float64Array => scale ?? new Float64Array(0);

function twoSteps(method: Method): void {
  for (const [t, gradient] of GRADIENTS.entries()) {
    const proposals = method.propose(scripted(NOISE[t]));
    method.learn(proposals, [{ gradient }]);
  }
}

/** Steps of the published formulae worked out apart from this code, in Python's float64. */
describe("two steps by hand", () => {
  test("Vadam", () => {
    const method = new Balenas(ROWS, settings({ update: "vadam" }), START);
    expect([...scalesOf(method)]).toEqual([1, 1]);
    twoSteps(method);
    expectClose(method.mean, [0.07000735632738578, -0.16718154548128675]);
    expectClose(scalesOf(method), [0.9466301028640891, 0.9466301028640891]);
  });

  test("VOGN", () => {
    const chosen = settings({ update: "vogn", curvature: "batch", initialPrecision: 11, archRate: 0.02 });
    const method = new Balenas(ROWS, chosen, START);
    twoSteps(method);
    expectClose(method.mean, [0.09534529514247653, -0.19493318164213455]);
    expectClose(scalesOf(method), [0.32703361619681975, 0.32703361619681975]);
  });

  test("DARTS", () => {
    const method = new Darts(ROWS, settings({ method: "darts", archDecay: 0.01 }), START);
    twoSteps(method);
    expectClose(method.mean, [0.052171219081119616, -0.151489306105725]);
    expect(method.scale).toBeNull();
  });
});

test("several Monte Carlo samples average gradients, and squares of each gradient", () => {
  const method = new Balenas(ROWS, settings({ samples: 2 }), START);
  const proposals = method.propose(scripted([...NOISE[0], ...NOISE[1]]));
  expect(proposals.map(({ alpha }) => [...alpha])).toEqual([
    [0.1 + 0.5, -0.2 - 1],
    [0.1 + 1.5, -0.2 + 0.25],
  ]);
  const { gradient, curvature } = method.learn(
    proposals,
    GRADIENTS.map((g) => ({ gradient: g })),
  );
  const mean = (vectors: readonly Float64Array[], i: number) => (vectors[0][i] + vectors[1][i]) / 2;
  for (const i of [0, 1]) {
    expect(curvature?.[0][i]).toBe(gradient[0][i] ** 2);
    const s = 0.1 * mean(curvature ?? [], i);
    expect(scalesOf(method)[i]).toBeCloseTo(1 / Math.sqrt(100 * s + 1), 14);
  }
});

test("per-example curvature is the mean of squared per-example gradients", () => {
  const method = new Balenas(ROWS, settings({ curvature: "example" }), START);
  const [proposal] = method.propose(scripted(NOISE[0]));
  expect(proposal.perExample).toBe(true);
  // Two examples whose gradients cancel: no batch gradient, but curvature.
  const perExample = Float64Array.of(1, 0, -1, 0);
  const { gradient, curvature } = method.learn([proposal], [{ gradient: new Float64Array(2), perExample }]);
  expect([...gradient[0]]).toEqual([0, 0]);
  const [p, q] = proposal.mixing;
  expectClose(curvature?.[0] ?? [], [(p * q) ** 2, (p * q) ** 2]);
});

test("the noise of a step never reaches the mean by itself", () => {
  const method = new Balenas(ROWS, settings({ priorPrecision: 1, klWeight: 0 }), START);
  const proposals = method.propose(new RandomStream(1, "noise"));
  method.learn(proposals, [{ gradient: new Float64Array(2) }]);
  expect([...method.mean]).toEqual([...START]);
  expect([...scalesOf(method)]).toEqual([1, 1]);
});

test("weights train at the mean or at a fresh sample", () => {
  const atMean = new Balenas(ROWS, settings({ weightsAt: "mean" }), START);
  expect(atMean.trainingMixing(scripted([]))).toEqual(softmaxRows(ROWS, START));
  const atSample = new Balenas(ROWS, settings({ weightsAt: "sample" }), START);
  expect(atSample.trainingMixing(scripted([1, -1]))).toEqual(softmaxRows(ROWS, [1.1, -1.2]));
});

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] - value)).toBeLessThan(1e-14);
}
