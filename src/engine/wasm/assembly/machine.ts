/** What all kernels share: where the arena is, the batch, this thread's part of the work, and the few vector helpers. */

/** Address of the arena, of the scratch memory behind it, and of this thread's own rows of scratch. */
export let arena: usize = 0;
export let scratch: usize = 0;
export let rows: usize = 0;
/** Real images, and images rounded up to a multiple of four. */
export let batch: i32 = 0;
export let images: i32 = 0;
/** Bytes of one vector of channels at one position, all images. */
export let row: usize = 0;
export let thread: i32 = 0;
export let threads: i32 = 1;
let gate: usize = 0;

/** `rowsBytes` of scratch for every thread, from `rowsAt` on; `gateAt` two words of zeros for the barrier. */
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
  thread = threadIndex;
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

/** This thread's part of n equal pieces of work: from .. to. */
export function from(n: i32): i32 {
  return (n * thread) / threads;
}

export function to(n: i32): i32 {
  return (n * (thread + 1)) / threads;
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

/** Rounds that a thread spins at the barrier before it sleeps: about as long as a short kernel takes. */
const SPINS = 20000;

/** Waits until all threads are here. */
export function meet(): void {
  if (!ASC_FEATURE_THREADS) return;
  if (threads == 1) return;
  const round = atomic.load<i32>(gate, 4);
  if (atomic.add<i32>(gate, 1) == threads - 1) {
    atomic.store<i32>(gate, 0);
    atomic.add<i32>(gate, 1, 4);
    atomic.notify(gate + 4, threads);
    return;
  }
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(gate, 4) != round) return;
  while (atomic.load<i32>(gate, 4) == round) atomic.wait<i32>(gate + 4, round, -1);
}
