/** What all kernels share: where the arena is, the batch, the part of the work at hand, and the few vector helpers. */

/** Address of the arena, of the scratch memory behind it, and of this thread's own rows of scratch. */
export let arena: usize = 0;
export let scratch: usize = 0;
export let rows: usize = 0;
/** Real images, and images rounded up to a multiple of four. */
export let batch: i32 = 0;
export let images: i32 = 0;
/** Bytes of one vector of channels at one position, all images. */
export let row: usize = 0;
export let threads: i32 = 1;
/** Address of what the threads share, see share.ts. */
export let gate: usize = 0;
/** The part at hand of so many. */
let part: i32 = 0;
let parts: i32 = 1;

/** `rowsBytes` of scratch for every thread, from `rowsAt` on; `gateAt` 64 bytes, a ticket without free parts, then zeros. */
export function setup(
  arenaAt: usize,
  scratchAt: usize,
  rowsAt: usize,
  rowsBytes: usize,
  gateAt: usize,
  realImages: i32,
  allImages: i32,
  threadIndex: i32,
  threadCount: i32,
): void {
  arena = arenaAt;
  scratch = scratchAt;
  rows = rowsAt + threadIndex * rowsBytes;
  gate = gateAt;
  batch = realImages;
  images = allImages;
  row = (<usize>allImages) << 4;
  threads = threadCount;
}

/** Argument i of the entry at `a`. */
export function arg(a: usize, i: i32): i32 {
  return load<i32>(a + ((<usize>i) << 2));
}

/** Address of an offset in floats. */
export function at(offset: i32): usize {
  return arena + ((<usize>offset) << 2);
}

/** Makes kernels use other scratch memory; returns what they used before. */
export function useScratch(address: usize): usize {
  const before = scratch;
  scratch = address;
  return before;
}

/** Chooses the part of an entry that its kernel is to compute. */
export function usePart(index: i32, count: i32): void {
  part = index;
  parts = count;
}

/** The part at hand of n equal pieces of work: from .. to. */
export function from(n: i32): i32 {
  return <i32>((<i64>n * part) / parts);
}

export function to(n: i32): i32 {
  return <i32>((<i64>n * (part + 1)) / parts);
}

/** c + a * b, fused where the engine has the instruction. */
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

export function zero(): v128 {
  return f32x4.splat(0);
}

/** Sum of the four lanes. */
export function lanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}
