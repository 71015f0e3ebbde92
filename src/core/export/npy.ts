/** A NumPy array in the making: row-major values and their shape. */
export interface NumpyArray {
  readonly values: Float64Array | Float32Array | Int32Array;
  readonly shape: readonly number[];
}

const TYPES = [
  [Float64Array, "<f8"],
  [Float32Array, "<f4"],
  [Int32Array, "<i4"],
] as const;

/** A file in NumPy's .npy format, version 1.0 (NEP 1); an .npz is a zip of those. */
export function npy({ values, shape }: NumpyArray): Uint8Array {
  const [, type] = TYPES.find(([Type]) => values instanceof Type) ?? TYPES[0];
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; the header is padded to a multiple of 64 and ends in a newline.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const file = new Uint8Array(10 + length + values.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  file.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + length);
  return file;
}
