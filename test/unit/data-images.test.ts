import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/core/random";
import { drawVariation, vary } from "../../src/engine/data/augment";
import { resizer } from "../../src/engine/data/resize";

function resized(pixels: readonly number[], from: number, to: number, at = 0): number[] {
  const target = new Float32Array(to * to).fill(Number.NaN);
  resizer(from, to)(Uint8Array.from(pixels), at, target);
  return [...target];
}

describe("resizing", () => {
  it("averages blocks when the size divides", () => {
    // biome-ignore format: a picture
    const pixels = [
      0, 4,  10, 20,
      8, 12, 30, 40,
      1, 1,  0,  0,
      1, 1,  0,  255,
    ];
    expect(resized(pixels, 4, 2)).toEqual([6, 25, 1, 63.75]);
  });

  it("counts border pixels by the share that is covered", () => {
    // 3 to 2: each target pixel covers one source pixel and half of the middle one, so its shares are 2/3 and 1/3.
    // biome-ignore format: a picture
    const pixels = [
      9,  18, 27,
      36, 45, 54,
      63, 72, 81,
    ];
    const expected = [
      (4 * 9 + 2 * 18 + 2 * 36 + 45) / 9,
      (4 * 27 + 2 * 18 + 2 * 54 + 45) / 9,
      (4 * 63 + 2 * 72 + 2 * 36 + 45) / 9,
      (4 * 81 + 2 * 72 + 2 * 54 + 45) / 9,
    ];
    for (const [i, value] of resized(pixels, 3, 2).entries()) expect(value).toBeCloseTo(expected[i], 4);
  });

  it.each([1, 8, 10, 14, 16, 22, 24, 26, 27, 28])("keeps the mean of a 28 px image at %i px", (to) => {
    const random = new RandomStream(1, "pixels");
    const pixels = Array.from({ length: 784 }, () => random.integer(256));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(resized(pixels, 28, to))).toBeCloseTo(mean(pixels), 3);
  });

  it("copies at the same size and reads from its place", () => {
    expect(resized([99, 1, 2, 3, 4], 2, 2, 1)).toEqual([1, 2, 3, 4]);
    expect(resized([99, 1, 2, 3, 5], 2, 1, 1)).toEqual([2.75]);
  });

  it("puts a black border around when larger, the odd pixel below and to the right", () => {
    expect(resized([1, 2, 3, 4], 2, 4)).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]);
    expect(resized([7], 1, 2)).toEqual([7, 0, 0, 0]);
  });
});

describe("varying", () => {
  const image = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const still = { right: 0, down: 0, flip: false, left: 0, top: 0, cutout: 0 };
  const varied = (change: Partial<typeof still>) => {
    const target = new Float32Array(9).fill(Number.NaN);
    vary(image, 3, { ...still, ...change }, -1, target);
    return [...target];
  };

  it("shifts, with black coming in", () => {
    expect(varied({ right: 1 })).toEqual([-1, 1, 2, -1, 4, 5, -1, 7, 8]);
    expect(varied({ down: 1 })).toEqual([-1, -1, -1, 1, 2, 3, 4, 5, 6]);
    expect(varied({ right: -1, down: -2 })).toEqual([8, 9, -1, -1, -1, -1, -1, -1, -1]);
  });

  it("mirrors left to right, after the shift", () => {
    expect(varied({ flip: true })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(varied({ flip: true, right: 1 })).toEqual([2, 1, -1, 5, 4, -1, 8, 7, -1]);
  });

  it("cuts out a square in mean grey, clipped to the image, last", () => {
    expect(varied({ cutout: 2, left: 1, top: 1 })).toEqual([1, 2, 3, 4, 0, 0, 7, 0, 0]);
    expect(varied({ cutout: 2, left: -1, top: 2, flip: true })).toEqual([3, 2, 1, 6, 5, 4, 0, 8, 7]);
    expect(varied({ cutout: 2, left: -1, top: -1, right: 1 })).toEqual([0, 1, 2, -1, 4, 5, -1, 7, 8]);
  });

  it("leaves an image alone when there is nothing to do", () => {
    expect(varied({})).toEqual([...image]);
  });
});

describe("drawing a variation", () => {
  const draws = (shift: number, flip: boolean, cutout: number) => {
    const random = new RandomStream(3, "augmentation");
    return Array.from({ length: 2000 }, () => drawVariation({ shift, flip, cutout }, 8, random));
  };
  const share = <T>(values: readonly T[], wanted: T) =>
    values.filter((value) => value === wanted).length / values.length;

  it("shifts each way equally often, up to the most", () => {
    for (const values of [draws(2, false, 0).map(({ right }) => right), draws(2, false, 0).map(({ down }) => down)]) {
      for (const shift of [-2, -1, 0, 1, 2]) expect(share(values, shift)).toBeCloseTo(0.2, 1);
      expect(values.every((value) => Math.abs(value) <= 2)).toBe(true);
    }
  });

  it("mirrors half of the images, or none", () => {
    expect(
      share(
        draws(0, true, 0).map(({ flip }) => flip),
        true,
      ),
    ).toBeCloseTo(0.5, 1);
    expect(
      share(
        draws(0, false, 0).map(({ flip }) => flip),
        true,
      ),
    ).toBe(0);
  });

  it("puts the cut's centre on any pixel", () => {
    const lefts = draws(0, false, 4).map(({ left }) => left);
    expect(Math.min(...lefts)).toBe(-2);
    expect(Math.max(...lefts)).toBe(5);
  });

  it("draws as much whatever the settings", () => {
    expect(draws(3, true, 5).map(({ left }) => left + 2)).toEqual(draws(0, false, 0).map(({ left }) => left));
  });
});
