import { describe, expect, test } from "vitest";
import { largestCurvature, symmetricEigenvalues } from "../../src/core/eigen";
import { RandomStream } from "../../src/core/random";
import { softmaxBackward, softmaxRows } from "../../src/core/softmax";

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const noise = () => new RandomStream(1, "start");

/** Q diag(values) Q^T, Q a product of random reflections. */
function symmetric(values: readonly number[], random: RandomStream): number[][] {
  const size = values.length;
  let matrix = values.map((value, i) => values.map((_, j) => (i === j ? value : 0)));
  for (let k = 0; k < 3; k++) {
    const v = random.normals(size);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    const reflect = (x: readonly number[]) => {
      const along = (2 * x.reduce((sum, value, i) => sum + value * v[i], 0)) / square;
      return x.map((value, i) => value - along * v[i]);
    };
    const half = matrix.map(reflect);
    matrix = values.map((_, j) => reflect(half.map((row) => row[j])));
  }
  return matrix;
}

describe("symmetricEigenvalues", () => {
  test("two by two by hand, and a matrix that is diagonal already", () => {
    expect(
      sorted(
        symmetricEigenvalues([
          [2, 1],
          [1, 2],
        ]),
      ),
    ).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
    expect(
      sorted(
        symmetricEigenvalues([
          [3, 0],
          [0, -4],
        ]),
      ),
    ).toEqual([-4, 3]);
    expect(
      symmetricEigenvalues([
        [0, 0],
        [0, 0],
      ]),
    ).toEqual([0, 0]);
  });

  test("gives back what a matrix was made of, several of them equal", () => {
    const values = [-7, -0.01, 0, 0, 0, 1e-3, 2, 2, 5, 40];
    const found = sorted(symmetricEigenvalues(symmetric(values, new RandomStream(3, "matrix"))));
    for (const [i, value] of values.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(1e-12);
  });
});

describe("largestCurvature", () => {
  test.each([
    ["positive", [-3, 0, 0.5, 8]],
    ["positive, though a negative one is larger in size", [-30, 0, 0.5, 8]],
    ["all negative", [-30, -2, -0.5]],
  ])("of a quadratic: %s", async (_, values) => {
    const largest = Math.max(...values);
    for (const size of [values.length, 60]) {
      // Whole to 40 variables; by power iteration beyond.
      const filled = [...values, ...Array(size - values.length).fill(Math.min(...values) / 10)];
      const matrix = symmetric(filled, new RandomStream(2, "matrix"));
      let gradients = 0;
      const gradientOf = async (x: Float64Array) => {
        gradients++;
        return Float64Array.from(matrix, (row) => row.reduce((sum, value, j) => sum + value * x[j], 0.7));
      };
      const found = await largestCurvature(gradientOf, new Float64Array(size).fill(0.3), noise());
      expect(Math.abs(found - largest)).toBeLessThan(size > 40 ? 0.1 * Math.max(...values.map(Math.abs)) : 1e-9);
      expect(gradients).toBeLessThanOrEqual(size > 40 ? 80 : 2 * size);
    }
  });

  test("of a linear loss of a softmax, against its second derivative written out", async () => {
    const rows = [
      { name: "a", choices: ["1", "2", "3"] },
      { name: "b", choices: ["1", "2"] },
    ];
    const c = [0.9, -1.3, 0.4, 2, -0.6];
    const alpha = Float64Array.of(0.2, -0.4, 0.7, 1.1, 0.3);
    const gradientOf = async (x: Float64Array) => softmaxBackward(rows, softmaxRows(rows, x), c);
    const p = softmaxRows(rows, alpha);
    // d2(sum c_k p_k) / da_i da_j = p_i p_j (2 m - c_i - c_j) off the diagonal and p_i (1 - 2 p_i) (c_i - m) on it, m the row's mean.
    const exact = c.map((_, i) =>
      c.map((_, j) => {
        const own = i < 3 ? [0, 1, 2] : [3, 4];
        if (!own.includes(j)) return 0;
        const m = own.reduce((sum, k) => sum + p[k] * c[k], 0);
        return i === j ? p[i] * (1 - 2 * p[i]) * (c[i] - m) : p[i] * p[j] * (2 * m - c[i] - c[j]);
      }),
    );
    const largest = Math.max(...symmetricEigenvalues(exact));
    expect(largest).toBeGreaterThan(0.1);
    expect(Math.abs((await largestCurvature(gradientOf, alpha, noise())) - largest)).toBeLessThan(1e-4 * largest);
    // The second row alone: its eigenvalues are 0 and 2 p q (q - p) (c_4 - c_5), here negative.
    const [q, slope] = [p[4], p[3] * p[4] * (p[4] - p[3]) * (c[3] - c[4])];
    expect(q).toBeLessThan(0.5);
    const block = [exact[3].slice(3), exact[4].slice(3)];
    expect(sorted(symmetricEigenvalues(block))[0]).toBeCloseTo(2 * slope, 12);
  });
});
