/** Writes one image of `from` x `from` bytes as `to` x `to` numbers of the same range. */
export type Resize = (source: Uint8Array, at: number, target: Float32Array) => void;

/**
 * Resizes square images. Smaller: each target pixel is the mean over its area, source pixels on its border counted by the share
 * that it covers. Larger: a black border, the odd pixel of it below and to the right.
 */
export function resizer(from: number, to: number): Resize {
  return to < from ? averager(from, to) : padder(from, to);
}

function averager(from: number, to: number): Resize {
  const { taps, first, weights } = areaShares(from, to);
  const narrow = new Float64Array(from * to);
  return (source, at, target) => {
    for (let y = 0; y < from; y++) {
      for (let x = 0; x < to; x++) {
        const start = at + y * from + first[x];
        let sum = 0;
        for (let k = 0; k < taps; k++) sum += weights[x * taps + k] * source[start + k];
        narrow[y * to + x] = sum;
      }
    }
    for (let y = 0; y < to; y++) {
      for (let x = 0; x < to; x++) {
        const start = first[y] * to + x;
        let sum = 0;
        for (let k = 0; k < taps; k++) sum += weights[y * taps + k] * narrow[start + k * to];
        target[y * to + x] = sum;
      }
    }
  };
}

/**
 * What each target pixel takes of a row or column: `taps` source pixels from `first` on, with weights that sum to one. Target pixel i
 * covers the source from i * from / to to (i + 1) * from / to; counted in units of 1 / to all is whole numbers.
 */
function areaShares(from: number, to: number): { taps: number; first: Int32Array; weights: Float64Array } {
  const taps = Math.min(from, Math.ceil(from / to) + 1);
  const first = Int32Array.from({ length: to }, (_, i) => Math.min(Math.floor((i * from) / to), from - taps));
  const weights = Float64Array.from({ length: to * taps }, (_, at) => {
    const i = Math.floor(at / taps);
    const pixel = first[i] + (at % taps);
    const overlap = Math.min((i + 1) * from, (pixel + 1) * to) - Math.max(i * from, pixel * to);
    return Math.max(overlap, 0) / from;
  });
  return { taps, first, weights };
}

function padder(from: number, to: number): Resize {
  const border = (to - from) >> 1;
  return (source, at, target) => {
    target.fill(0);
    for (let y = 0; y < from; y++) {
      target.set(source.subarray(at + y * from, at + (y + 1) * from), (y + border) * to + border);
    }
  };
}
