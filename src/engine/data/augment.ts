import type { RandomStream } from "../../core/random";

/** How training images are varied, at the size at which the network sees them. Applied in this order. */
export interface Augmentation {
  /** Up to so many pixels in each direction; what comes in is black. */
  readonly shift: number;
  /** Half of the images are mirrored left to right. */
  readonly flip: boolean;
  /** Side in pixels of a square that is painted over with the mean grey; 0 for none. It may stick out (DeVries and Taylor 2017). */
  readonly cutout: number;
}

/** What is done to one image. */
export interface Variation {
  readonly right: number;
  readonly down: number;
  readonly flip: boolean;
  /** The painted square, before clipping to the image. */
  readonly left: number;
  readonly top: number;
  readonly cutout: number;
}

/** Draws the same number of uniforms whatever the settings, so that turning one changes nothing else that the stream decides. */
export function drawVariation({ shift, flip, cutout }: Augmentation, side: number, random: RandomStream): Variation {
  const below = (count: number) => Math.floor(random.uniform() * count);
  const right = below(2 * shift + 1) - shift;
  const down = below(2 * shift + 1) - shift;
  const mirrored = random.uniform() < 0.5;
  const left = below(side) - (cutout >> 1);
  const top = below(side) - (cutout >> 1);
  return { right, down, flip: flip && mirrored, left, top, cutout };
}

/**
 * Writes the variation of an image, side x side normalised pixels.
 * @param black the normalised value of a black pixel; the mean grey is 0
 */
export function vary(
  image: Float32Array,
  side: number,
  variation: Variation,
  black: number,
  target: Float32Array,
): void {
  const { right, down, flip, left, top, cutout } = variation;
  for (let y = 0; y < side; y++) {
    const fromY = y - down;
    for (let x = 0; x < side; x++) {
      const fromX = (flip ? side - 1 - x : x) - right;
      const inside = fromX >= 0 && fromX < side && fromY >= 0 && fromY < side;
      const cut = x >= left && x < left + cutout && y >= top && y < top + cutout;
      target[y * side + x] = cut ? 0 : inside ? image[fromY * side + fromX] : black;
    }
  }
}
