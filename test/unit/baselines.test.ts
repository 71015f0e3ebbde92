import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONTROLS, type Settings } from "../../src/core/controls";
import { DARTS } from "../../src/core/darts";
import { digamma, gammaSlope, logGammaDraw } from "../../src/core/gamma";
import type { Method } from "../../src/core/method";
import { createMethod } from "../../src/core/methods";
import { Balenas } from "../../src/core/methods/balenas";
import { BetaDarts } from "../../src/core/methods/beta-darts";
import { DartsEs } from "../../src/core/methods/darts-es";
import { DrNas } from "../../src/core/methods/drnas";
import { Gdas } from "../../src/core/methods/gdas";
import { PcDarts } from "../../src/core/methods/pc-darts";
import { Rsps } from "../../src/core/methods/rsps";
import { SdartsAdv } from "../../src/core/methods/sdarts-adv";
import { SdartsRs } from "../../src/core/methods/sdarts-rs";
import { Snas } from "../../src/core/methods/snas";
import { NAS_BENCH_201 } from "../../src/core/nasbench201";
import { RandomStream } from "../../src/core/random";
import { withDefaults } from "../../src/core/settings";
import { softmaxRows } from "../../src/core/softmax";
import { oneHot } from "../../src/core/space";

const METHODS = CONTROLS.method.options.map(({ value }) => value);
/** Two edges of two operations each, so that a softmax is a sigmoid. */
const ROWS = [
  { name: "1<-0", choices: ["a", "b"] },
  { name: "2<-0", choices: ["a", "b"] },
];
const START = Float64Array.of(0.1, -0.2, -0.3, 0.4);
/** dL/dp of the two steps of the hand-calculated cases. */
const GRADIENTS = [Float64Array.of(0.3, -0.1, 0.05, 0.2), Float64Array.of(-0.2, 0.4, -0.3, -0.1)];
const RATE = 0.1;
const DECAY = 0.01;

const settings = (changes: Partial<Settings>) =>
  withDefaults({
    archBeta1: 0.5,
    archBeta2: 0.9,
    archRate: RATE,
    archDecay: DECAY,
    steps: 4,
    warmupSteps: 0,
    ...changes,
  });

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const gumbel = (u: number) => -Math.log(-Math.log(u));

function scripted(uniforms: readonly number[]): RandomStream {
  const queue = [...uniforms];
  const stream = new RandomStream(0, "scripted");
  stream.uniform = () => queue.shift() ?? Number.NaN;
  return stream;
}

/** Adam as PyTorch prints it (weight decay in the gradient), two steps written out with beta1 = 1/2 and beta2 = 9/10. */
function adam(
  start: ArrayLike<number>,
  gradientAt: (alpha: readonly number[], t: number) => readonly number[],
  decay = DECAY,
): number[] {
  const first = Array.from(start);
  const g1 = gradientAt(first, 0).map((g, i) => g + decay * first[i]);
  const second = first.map((a, i) => a - (RATE * g1[i]) / (Math.abs(g1[i]) + 1e-8));
  const g2 = gradientAt(second, 1).map((g, i) => g + decay * second[i]);
  return second.map((a, i) => {
    const m = (g1[i] / 4 + g2[i] / 2) / (3 / 4);
    const v = (0.09 * g1[i] ** 2 + 0.1 * g2[i] ** 2) / 0.19;
    return a - (RATE * m) / (Math.sqrt(v) + 1e-8);
  });
}

/** dL/dalpha of two-way softmaxes at logits `slope` (alpha + shift), from dL/dp. */
function twoWay(logits: readonly number[], gradient: ArrayLike<number>, slope = 1): number[] {
  return [0, 2].flatMap((i) => {
    const p = sigmoid(logits[i] - logits[i + 1]);
    const g = slope * p * (1 - p) * (gradient[i] - gradient[i + 1]);
    return [g, -g];
  });
}

function twoSteps(method: Method, noise: readonly (readonly number[])[] = [[], []]): Float64Array[] {
  return GRADIENTS.map((gradient, t) => {
    const proposals = method.propose(scripted(noise[t]));
    method.learn(proposals, [{ gradient }]);
    return proposals[0].mixing;
  });
}

const UNIFORMS = [
  [0.3, 0.8, 0.55, 0.1],
  [0.9, 0.2, 0.65, 0.7],
];

describe("two steps by hand", () => {
  test("beta-DARTS: its penalty is nothing at first, then a quarter of the way to its full weight", () => {
    const method = new BetaDarts(ROWS, settings({ betaWeight: 8 }), START);
    twoSteps(method);
    const expected = adam(START, (alpha, t) =>
      twoWay(alpha, GRADIENTS[t]).map((g, i) => {
        const p = sigmoid(alpha[i] - alpha[i ^ 1]);
        return g + ([0, 2][t] * p) / 2;
      }),
    );
    expectClose(method.mean, expected, 1e-13);
  });

  test("PC-DARTS: operations count with their edge's share of what comes into the node, and both learn", () => {
    const space = { rows: ROWS, edges: [[0, 2] as const, [1, 2] as const], keptEdges: null };
    const beta = Float64Array.of(0.2, -0.1);
    const method = new PcDarts(space, settings({ method: "pc-darts" }), START, beta);
    const mixings = twoSteps(method);
    const shares = ([p, q, r, s, b, c]: readonly number[]) => {
      const operations = [sigmoid(p - q), sigmoid(q - p), sigmoid(r - s), sigmoid(s - r)];
      return { operations, edges: [sigmoid(b - c), sigmoid(c - b)] };
    };
    const expected = adam([...START, ...beta], (parameters, t) => {
      const { operations, edges } = shares(parameters);
      const byMixing = GRADIENTS[t];
      // What an edge as a whole would change the loss by.
      const [first, second] = [0, 2].map((i) => operations[i] * byMixing[i] + operations[i + 1] * byMixing[i + 1]);
      const byFirst = edges[0] * edges[1] * (first - second);
      const byOperations = twoWay(parameters, byMixing).map((g, i) => g * edges[i >> 1]);
      return [...byOperations, byFirst, -byFirst];
    });
    expectClose(method.save().mean, expected, 1e-13);
    expectClose(method.mean, expected.slice(0, 4), 1e-13);
    const product = (parameters: readonly number[]) => {
      const { operations, edges } = shares(parameters);
      return operations.map((share, i) => share * edges[i >> 1]);
    };
    expectClose(mixings[0], product([...START, ...beta]), 1e-15);
    for (const mixing of [method.meanMixing, method.trainingMixing(scripted([]))]) {
      expectClose(mixing, product(expected), 1e-13);
    }
  });

  test("PC-DARTS keeps the edges whose share of the node times that of their operation is largest", () => {
    const method = createMethod(withDefaults({ method: "pc-darts", space: "darts" }), DARTS);
    const { size, rows, edges } = DARTS;
    // Into the first node of each kind of cell two edges lead, into the second three: all alike but for what is set here.
    const parameters = new Float64Array(size + edges.length);
    const operation = rows[2].choices.indexOf("sep_conv_3x3");
    for (const row of [2, 3, 4]) parameters[8 * row + operation] = [2, 1, 1.5][row - 2];
    const kept = () => {
      method.restore({ ...method.save(), mean: [...parameters] });
      const choices = DARTS.discretise(method.mean);
      return [2, 3, 4].map((row) => choices[row] === operation);
    };
    expect(kept()).toEqual([true, false, true]);
    parameters[size + 3] = 3;
    expect(kept()).toEqual([true, true, false]);
    // All that competes is as the mixing weights are.
    const mixing = method.meanMixing ?? new Float64Array();
    for (const [i, share] of softmaxRows(rows, method.mean).entries()) {
      if (rows[i >> 3].choices[i & 7] !== "none") expect(share).toBeCloseTo(mixing[i], 13);
    }
    // Nothing but that edge's share has changed within its node: e^3 / (e^3 + 2).
    const total = mixing.slice(24, 32).reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(Math.exp(3) / (Math.exp(3) + 2), 13);
  });

  test("SDARTS-RS learns as DARTS does, and moves the mixing weights of the weight step", () => {
    const method = new SdartsRs(ROWS, settings({ perturbationStart: 0, perturbationEnd: 1 }), START);
    expectClose(method.trainingMixing(scripted([0.9, 0.9, 0.9, 0.9])), [...softmaxRows(ROWS, START)], 1e-15);
    twoSteps(method);
    const learnt = adam(START, (alpha, t) => twoWay(alpha, GRADIENTS[t]));
    expectClose(method.mean, learnt, 1e-13);
    // Half of the way: epsilon is 1/2. The first row stays inside [0, 1], the second is cut at both ends.
    const p = sigmoid(learnt[0] - learnt[1]);
    const [a, b] = [p + 0.1, 1 - p - 0.2];
    expectClose(method.trainingMixing(scripted([0.6, 0.3, 0, 1])), [a / (a + b), b / (a + b), 0, 1], 1e-13);
    // Where nothing is left of a row its largest takes all.
    const wild = new SdartsRs(ROWS, settings({ perturbationStart: 1 }), START);
    expectClose(wild.trainingMixing(scripted([0.5, 0.5, 0, 0])).subarray(2), [0, 1], 0);
  });

  test("SDARTS-ADV learns as DARTS does, and climbs the loss of the weight step's batch", async () => {
    const method = new SdartsAdv(ROWS, settings({ perturbationStart: 0, perturbationEnd: 0.4, ascentSteps: 2 }), START);
    twoSteps(method);
    const learnt = adam(START, (alpha, t) => twoWay(alpha, GRADIENTS[t]));
    expectClose(method.mean, learnt, 1e-13);
    // Half of the way: epsilon is 0.2, so two ascent steps of 0.2 each. L = 2 p_0 + p_3, so its gradient's signs are +, 0, 0, +.
    const [p, q] = [sigmoid(learnt[0] - learnt[1]), sigmoid(learnt[2] - learnt[3])];
    const asked: number[][] = [];
    const trial = (sign: number) => ({
      score: async (mixing: Float64Array) => ({ loss: sign * (2 * mixing[0] + mixing[3]), accuracy: 0 }),
      differentiate: async (mixing: Float64Array) => {
        asked.push([...mixing]);
        return { gradient: Float64Array.of(2, 0, 0, 1) };
      },
    });
    const planned = method.trainingMixing(scripted([]));
    const worst = await method.perturb(planned, scripted([0.75, 0.5, 0.5, 0.25]), trial(1));
    // The random start moves p_0 by +0.1 and p_3 by -0.1; every move ends on the simplex.
    const onSimplex = (a: number, b: number) => [a / (a + b), b / (a + b)];
    const within = (x: number, centre: number) => Math.min(centre + 0.2, Math.max(centre - 0.2, x));
    let at = [...onSimplex(p + 0.1, 1 - p), ...onSimplex(q, 1 - q - 0.1)];
    expectClose(asked[0], at, 1e-13);
    for (let step = 1; step <= 2; step++) {
      at = [
        ...onSimplex(within(at[0] + 0.2, p), within(at[1], 1 - p)),
        ...onSimplex(within(at[2], q), within(at[3] + 0.2, 1 - q)),
      ];
      expectClose(step === 1 ? asked[1] : worst, at, 1e-13);
    }
    expect(asked).toHaveLength(2);
    // Where the loss fell after all, nothing is moved.
    expect(await method.perturb(planned, scripted([0.75, 0.5, 0.5, 0.25]), trial(-1))).toBe(planned);
  });

  test("DARTS-ES learns as DARTS does, and ends where the averaged eigenvalue has grown by 1.3", async () => {
    const method = new DartsEs(ROWS, settings({ archDecay: 0, stopFactor: 1.3, earliestStop: 1 }), START);
    const seen: number[][] = [];
    // L = d p_0 has the eigenvalue 2 d p q (q - p), and zeros; d is chosen for it to be the one that the script wants.
    const measure = async (eigenvalue: number) => {
      seen.push([...method.mean]);
      const p = sigmoid(method.mean[0] - method.mean[1]);
      const d = eigenvalue / (2 * p * (1 - p) * (1 - 2 * p));
      await method.decide(scripted([]), {
        score: () => Promise.reject(new Error("not needed")),
        differentiate: async () => ({ gradient: Float64Array.of(d, 0, 0, 0) }),
      });
    };
    const step = (gradient: Float64Array) => method.learn(method.propose(scripted([])), [{ gradient }]);
    for (const gradient of GRADIENTS) step(gradient);
    const learnt = adam(START, (alpha, t) => twoWay(alpha, GRADIENTS[t]), 0);
    expectClose(method.mean, learnt, 1e-13);
    // Number 7 averages (4 + 2.4) / 5 = 1.28 over 3 to 7, number 8 averages 6.6 / 5 = 1.32 over 4 to 8, both against 1.
    for (const eigenvalue of [1, 1, 1, 1, 1, 1, 1, 2.4, 1.2]) {
      expect(method.ended).toBe(false);
      step(GRADIENTS[seen.length % 2]);
      await measure(eigenvalue);
    }
    expect(method.ended).toBe(true);
    expect([...method.mean]).toEqual(seen[2]);
  });

  test.each([
    ["SNAS", Snas],
    ["GDAS", Gdas],
  ])("%s", (_, Gumbel) => {
    const method = new Gumbel(ROWS, settings({ temperatureStart: 2, temperatureEnd: 1 }), START);
    const mixing = twoSteps(method, UNIFORMS);
    const logits = (alpha: readonly number[], t: number) =>
      alpha.map((a, i) => (a + gumbel(UNIFORMS[t][i])) / [2, 1.75][t]);
    const expected = adam(START, (alpha, t) => twoWay(logits(alpha, t), GRADIENTS[t], 1 / [2, 1.75][t]));
    expectClose(method.mean, expected, 1e-13);
    const first = logits([...START], 0);
    const soft = first.map((l, i) => sigmoid(l - first[i ^ 1]));
    expectClose(mixing[0], Gumbel === Gdas ? soft.map(Math.round) : soft, 1e-14);
  });

  test("DrNAS, its gamma draws' slopes by numerical integration", () => {
    const method = new DrNas(ROWS, settings({}), START);
    const noise = new RandomStream(5, "gamma");
    const draws: number[][] = [];
    for (const gradient of GRADIENTS) {
      const [proposal] = method.propose(noise);
      draws.push([...proposal.alpha]);
      method.learn([proposal], [{ gradient }]);
    }
    const expected = adam(START, (alpha, t) =>
      twoWay(draws[t], GRADIENTS[t]).map((g, i) => {
        const [c, slope] = alpha[i] > 0 ? [alpha[i] + 1, 1] : [Math.exp(alpha[i]), Math.exp(alpha[i])];
        return g * slope * integratedSlope(draws[t][i], c);
      }),
    );
    const logs = expected.map((a) => (a > 0 ? Math.log(1 + a) : a));
    expectClose(method.mean, logs, 1e-6);
  });

  test("BaLeNAS without noise is Adam with delta / N for epsilon and decay", () => {
    const method = new Balenas(ROWS, settings({ scales: "none", posteriorN: 100, priorPrecision: 1 }), START);
    expect(method.scale).toBeNull();
    expect(method.propose(scripted([]))[0].noise).toBeNull();
    expect(method.trainingMixing(scripted([]))).toEqual(softmaxRows(ROWS, START));
    twoSteps(method);
    let [mu, m, s] = [Array.from(START), [0, 0, 0, 0], [0, 0, 0, 0]];
    for (const [t, gradient] of GRADIENTS.entries()) {
      const g = twoWay(mu, gradient);
      m = m.map((x, i) => 0.5 * x + 0.5 * (g[i] + 0.01 * mu[i]));
      s = s.map((x, i) => 0.9 * x + 0.1 * g[i] ** 2);
      mu = mu.map((x, i) => x - (RATE * m[i]) / (1 - 0.5 ** (t + 1)) / (Math.sqrt(s[i] / (1 - 0.9 ** (t + 1))) + 0.01));
    }
    expectClose(method.mean, mu, 1e-13);
  });
});

test("a fixed scale stays, and follows its knob alone", () => {
  const method = new Balenas(ROWS, settings({ scales: "fixed", fixedScale: 0.4 }), START);
  const [proposal] = method.propose(new RandomStream(1, "noise"));
  for (let i = 0; i < 4; i++) expect(proposal.alpha[i]).toBeCloseTo(START[i] + 0.4 * (proposal.noise?.[i] ?? 0), 14);
  method.learn([proposal], [{ gradient: GRADIENTS[0] }]);
  expect([...(method.scale ?? [])]).toEqual([0.4, 0.4, 0.4, 0.4]);
  method.configure(settings({ scales: "fixed", fixedScale: 0.2 }));
  expect([...(method.scale ?? [])]).toEqual([0.2, 0.2, 0.2, 0.2]);
});

/** Mean and standard error of an estimator of dL/dalpha, L a function of p with the given gradient. */
function estimate(
  method: Method,
  gradientOf: (p: Float64Array) => number[],
  draws: number,
): { mean: number; error: number }[] {
  const noise = new RandomStream(11, "Monte Carlo");
  const sums = Array.from(START, () => ({ sum: 0, squares: 0 }));
  for (let k = 0; k < draws; k++) {
    const proposals = method.propose(noise);
    const { gradient } = method.learn(proposals, [{ gradient: Float64Array.from(gradientOf(proposals[0].mixing)) }]);
    for (const [i, g] of gradient[0].entries()) {
      sums[i].sum += g;
      sums[i].squares += g * g;
    }
  }
  return sums.map(({ sum, squares }) => {
    const mean = sum / draws;
    return { mean, error: Math.sqrt((squares / draws - mean ** 2) / draws) };
  });
}

function expectUnbiased(estimates: readonly { mean: number; error: number }[], exact: readonly number[]): void {
  for (const [i, { mean, error }] of estimates.entries()) {
    expect(Math.abs(mean - exact[i])).toBeLessThan(4.5 * error + 1e-9);
    // An estimate that says something: its error is well below the value.
    if (exact[i] !== 0) expect(error).toBeLessThan(0.1 * Math.abs(exact[i]));
  }
}

/** Mean over logistic noise, the difference of two Gumbel draws, by the midpoint rule in its quantiles. */
function overLogistic(value: (noise: number) => number): number {
  const nodes = 20000;
  let sum = 0;
  for (let k = 0; k < nodes; k++) {
    const u = (k + 0.5) / nodes;
    sum += value(Math.log(u / (1 - u)));
  }
  return sum / nodes;
}

describe("stochastic gradients", () => {
  const still = settings({ archRate: 0, temperatureStart: 0.7, temperatureEnd: 0.7 });
  const gap = START[0] - START[1];
  /** L = p_0^2 + p_2, p_0 of the first row and p_2 of the second. */
  const gradientOf = (p: Float64Array) => [2 * p[0], 0, 1, 0];

  test("SNAS estimates the gradient of the relaxed expectation", () => {
    const relaxed = (power: number, d: number) => overLogistic((noise) => sigmoid((d + noise) / 0.7) ** power);
    const slope = (power: number, d: number) => (relaxed(power, d + 1e-4) - relaxed(power, d - 1e-4)) / 2e-4;
    const [first, second] = [slope(2, gap), slope(1, START[2] - START[3])];
    expectUnbiased(estimate(new Snas(ROWS, still, START), gradientOf, 20000), [first, -first, second, -second]);
  });

  test("GDAS samples by the softmax; its gradient is that of the relaxation for what is linear, and biased otherwise", () => {
    const method = new Gdas(ROWS, still, START);
    const noise = new RandomStream(3, "counts");
    let chosen = 0;
    for (let k = 0; k < 20000; k++) chosen += method.trainingMixing(noise)[0] / 20000;
    expect(Math.abs(chosen - sigmoid(gap))).toBeLessThan(4.5 * Math.sqrt(0.25 / 20000));
    const weight = (d: number, n: number) => {
      const z = sigmoid((d + n) / 0.7);
      return (z * (1 - z)) / 0.7;
    };
    const first = overLogistic((n) => (gap + n > 0 ? 2 : 0) * weight(gap, n));
    const second = overLogistic((n) => weight(START[2] - START[3], n));
    const estimates = estimate(method, gradientOf, 20000);
    expectUnbiased(estimates, [first, -first, second, -second]);
    // The derivative of the expectation itself, P(0 wins) = sigmoid(gap) for 0^2 and 1^2, is another.
    const truth = sigmoid(gap) * (1 - sigmoid(gap));
    expect(Math.abs(estimates[0].mean - truth)).toBeGreaterThan(10 * estimates[0].error);
  });

  test("DrNAS estimates the gradients of the Dirichlet's moments", () => {
    const rows = [{ name: "1<-0", choices: ["a", "b", "c", "d"] }];
    const alpha = [0.9, -1.2, 0.1, -0.4];
    const concentrations = (a: readonly number[]) => a.map((x) => (x > 0 ? x + 1 : Math.exp(x)));
    const first = (c: readonly number[]) => c[0] / (c[0] + c[1] + c[2] + c[3]);
    const product = (c: readonly number[]) => (first(c) * c[1]) / (c[0] + c[1] + c[2] + c[3] + 1);
    const derivative = (moment: (c: readonly number[]) => number) =>
      alpha.map((_, i) => {
        const at = (shift: number) => moment(concentrations(alpha.map((x, k) => (k === i ? x + shift : x))));
        return (at(1e-5) - at(-1e-5)) / 2e-5;
      });
    const method = new DrNas(rows, still, Float64Array.from(alpha));
    expect(softmaxRows(rows, method.mean)[0]).toBeCloseTo(first(concentrations(alpha)), 14);
    expectUnbiased(
      estimate(method, () => [1, 0, 0, 0], 40000),
      derivative(first),
    );
    expectUnbiased(
      estimate(method, (p) => [p[1], p[0], 0, 0], 40000),
      derivative(product),
    );
  });
});

describe("the gamma distribution", () => {
  test("digamma has its known values", () => {
    const euler = 0.5772156649015329;
    expectClose(
      [digamma(1), digamma(0.5), digamma(0.25), digamma(20) - digamma(19)],
      [-euler, -euler - 2 * Math.LN2, -euler - Math.PI / 2 - 3 * Math.LN2, 1 / 19],
      1e-14,
    );
  });

  test.each([0.05, 0.4, 1, 1.7, 6, 40])("draws of shape %d have its mean and its mean logarithm", (shape) => {
    const random = new RandomStream(7, "gamma");
    const draws = Float64Array.from({ length: 20000 }, () => logGammaDraw(shape, random));
    const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean(draws.map(Math.exp)) - shape)).toBeLessThan(4.5 * Math.sqrt(shape / draws.length));
    const centre = mean(draws);
    const error = Math.sqrt(mean(draws.map((x) => (x - centre) ** 2)) / draws.length);
    expect(Math.abs(centre - digamma(shape))).toBeLessThan(4.5 * error);
  });

  test("the slope obeys F(c + 1, x) = F(c, x) - x^c e^-x / Gamma(c + 1), above and below the middle", () => {
    fc.assert(
      fc.property(fc.double({ min: -4, max: 4, noNaN: true }), fc.double({ min: -6, max: 6, noNaN: true }), (a, b) => {
        const [c, logX] = [Math.exp(a), b];
        const left = (gammaSlope(logX, c + 1) * Math.exp(logX)) / c;
        const right = gammaSlope(logX, c) + (logX - digamma(c + 1)) / c;
        const largest = Math.max(gammaSlope(logX, c), Math.abs(logX - digamma(c + 1)) / c);
        expect(Math.abs(left - right)).toBeLessThan(1e-10 * Math.max(left, largest));
      }),
    );
  });

  test("the slope is that of numerical integration, and its limit where draws underflow", () => {
    for (const c of [0.3, 0.8, 1, 2.5]) {
      for (const x of [0.05, 0.5, 1.2, 3]) {
        const expected = integratedSlope(Math.log(x), c);
        expect(Math.abs(gammaSlope(Math.log(x), c) - expected)).toBeLessThan(1e-4 * expected);
      }
    }
    expect(gammaSlope(-2000, 0.01)).toBeCloseTo((digamma(1.01) + 2000) / 0.01, 6);
  });
});

/** d(log x)/dc at a fixed quantile of Gamma(c), by finite differences of its distribution function integrated over log t (Simpson). */
function integratedSlope(logX: number, c: number): number {
  const integral = (shape: number, top: number) => {
    const [from, intervals] = [-40 / shape, 8000];
    const h = (top - from) / intervals;
    let sum = 0;
    for (let k = 0; k <= intervals; k++) {
      const s = from + k * h;
      sum += (k === 0 || k === intervals ? 1 : k % 2 === 1 ? 4 : 2) * Math.exp(shape * s - Math.exp(s));
    }
    return (sum * h) / 3;
  };
  const share = (shape: number) => integral(shape, logX) / integral(shape, 5);
  const density = Math.exp(c * logX - Math.exp(logX)) / integral(c, 5);
  return -(share(c + 1e-3) - share(c - 1e-3)) / 2e-3 / density;
}

describe("RSPS", () => {
  const { rows } = NAS_BENCH_201;

  test("trains cells drawn uniformly", () => {
    const method = createMethod(withDefaults({ method: "rsps" }), NAS_BENCH_201);
    const noise = new RandomStream(2, "noise");
    const counts = new Float64Array(30);
    for (let k = 0; k < 5000; k++) for (const [i, p] of method.trainingMixing(noise).entries()) counts[i] += p;
    for (let row = 0; row < 6; row++) expect(counts.subarray(5 * row, 5 * row + 5).reduce((a, b) => a + b)).toBe(5000);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(4.5 * Math.sqrt(800));
  });

  test("decides for the most accurate of the cells tried, then for the lower loss", async () => {
    const method = new Rsps(NAS_BENCH_201, withDefaults({ method: "rsps", trials: 4 }), new Float64Array(30));
    const scores = [
      { accuracy: 0.4, loss: 1 },
      { accuracy: 0.5, loss: 3 },
      { accuracy: 0.5, loss: 2 },
      { accuracy: 0.3, loss: 0.5 },
    ];
    const tried: Float64Array[] = [];
    await method.decide(new RandomStream(1, "noise"), {
      score: async (mixing) => scores[tried.push(mixing) - 1],
      differentiate: () => Promise.reject(new Error("not needed")),
    });
    expect(tried.length).toBe(4);
    expect(oneHot(rows, NAS_BENCH_201.discretise(method.mean))).toEqual(tried[2]);
    expectClose(softmaxRows(rows, method.mean), [...tried[2]], 1e-8);
  });
});

test.each(METHODS)("%s goes on from a saved state as if never stopped", async (method) => {
  const advance = async (on: Method, noise: RandomStream, gradients: RandomStream) => {
    const proposals = on.propose(noise);
    if (proposals.length > 0)
      on.learn(
        proposals,
        proposals.map(() => ({ gradient: gradients.normals(30) })),
      );
    const trial = {
      score: async () => ({ accuracy: gradients.uniform(), loss: gradients.uniform() }),
      differentiate: async () => ({ gradient: gradients.normals(30) }),
    };
    const planned = on.trainingMixing(noise);
    const mixing = (await on.perturb?.(planned, noise, trial)) ?? planned;
    await on.decide?.(noise, trial);
    return { mixing, mean: on.mean.slice(), scale: on.scale?.slice() };
  };
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: 8 }), async (seed, cut) => {
      const chosen = withDefaults({
        method,
        seed,
        steps: 12,
        archRate: 0.3,
        trials: 3,
        stopFactor: 1,
        earliestStop: 0,
      });
      const streams = () => [new RandomStream(seed, "noise"), new RandomStream(seed, "gradients")] as const;
      const [whole, [noise, gradients]] = [createMethod(chosen, NAS_BENCH_201), streams()];
      for (let t = 0; t < cut; t++) await advance(whole, noise, gradients);
      const state = JSON.parse(JSON.stringify(whole.save()));
      const resumed = createMethod(chosen, NAS_BENCH_201);
      resumed.restore(state);
      const [noise2, gradients2] = streams();
      noise2.restore(noise.save());
      gradients2.restore(gradients.save());
      for (let t = cut; t < 10; t++) {
        expect(await advance(resumed, noise2, gradients2)).toEqual(await advance(whole, noise, gradients));
      }
    }),
    { numRuns: 20 },
  );
});

test("all methods start from the same parameters under one seed", () => {
  const start = (method: Settings["method"], seed: number) =>
    createMethod(withDefaults({ method, seed }), NAS_BENCH_201).mean;
  // DrNAS shows the logarithms of its concentrations, which are alpha but for its square.
  for (const method of METHODS) expectClose(start(method, 4), [...start("balenas", 4)], method === "drnas" ? 1e-5 : 0);
  expect(start("balenas", 4)).not.toEqual(start("balenas", 5));
});

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(tolerance);
}
