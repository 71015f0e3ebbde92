import type { RandomStream } from "./random";

/** The gamma distribution with unit rate, for pathwise gradients of the Dirichlet. Draws are kept as logarithms: at small shapes they underflow. */

/** Digamma function for x > 0, to 1e-14 relative to max(1, |psi|): recurrence up to 12, then its asymptotic series (Abramowitz and Stegun 6.3.18). */
export function digamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 12; z++) shift += 1 / z;
  const w = 1 / (z * z);
  const series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132)))));
  return Math.log(z) - 0.5 / z - series - shift;
}

/** The logarithm of a draw of Gamma(shape), shape > 0 (Marsaglia and Tsang, ACM Trans. Math. Software 26(3), 2000). */
export function logGammaDraw(shape: number, random: RandomStream): number {
  // Below 1 by way of shape + 1, the draw times u^(1/shape).
  if (shape < 1) return logGammaDraw(shape + 1, random) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/**
 * How the logarithm of a draw x of Gamma(shape) moves with the shape at a fixed quantile:
 * d(log x)/d(shape) = -(dF/dshape) / (x f(x)), F and f the distribution function and density. To about 1e-12 relative.
 * @param logX log x
 */
export function gammaSlope(logX: number, shape: number): number {
  const x = Math.exp(logX);
  return x <= shape + 0.5 ? lowerSlope(logX, x, shape) : upperSlope(logX, x, shape);
}

/**
 * From F = sum over k of x^(shape+k) e^-x / Gamma(shape+k+1): below the distribution's middle log x < psi(shape+k+1), so that every
 * term has the same sign.
 */
function lowerSlope(logX: number, x: number, shape: number): number {
  let weight = 1 / shape;
  let psi = digamma(shape + 1);
  let sum = 0;
  for (let k = 1; ; k++) {
    const term = weight * (psi - logX);
    sum += term;
    if (term <= 1e-16 * sum) return sum;
    weight *= x / (shape + k);
    psi += 1 / (shape + k);
  }
}

/**
 * From 1 - F, the integral over t > x of f(t), whose derivative by the shape is that of f(t) (log t - psi(shape)): positive above the
 * middle. With t = x + v the integrand falls off as e^-v; v = exp(w - e^-w) makes the trapezoidal rule converge exponentially.
 */
function upperSlope(logX: number, x: number, shape: number): number {
  const psi = digamma(shape);
  const step = 1 / 16;
  let sum = 0;
  for (let w = -3.5; ; w += step) {
    const v = Math.exp(w - Math.exp(-w));
    const grown = Math.log1p(v / x);
    const term = Math.exp((shape - 1) * grown - v) * (logX + grown - psi) * v * (1 + Math.exp(-w));
    sum += term;
    if (w > 0 && term <= 1e-16 * sum) return (step * sum) / x;
  }
}
