/**
 * Vectors of channels and images of a tile, which is of one pixel: so a tap beyond the border is left out for a whole tile, and small
 * images waste nothing. Neighbouring images of a tile are STEP = IMAGES / images apart.
 */
export interface Shape {
  /** More of them save loads of inputs; of a block that they do not fill, the last tile is partly empty. */
  readonly vectors: 1 | 2 | 4;
  /** A divisor of IMAGES; more of them save loads of weights. */
  readonly images: 4 | 8;
}
