/**
 * Images and vectors of channels of a tile. Neighbouring images of a tile are STEP = IMAGES / images apart. The last tile of a block of
 * vectors may be partly empty. Where channels are many, more vectors save loads.
 */
export interface Shape {
  readonly vectors: number;
  readonly images: number;
}

export const FEW_CHANNELS: Shape = { vectors: 2, images: 4 };
export const MANY_CHANNELS: Shape = { vectors: 4, images: 2 };
