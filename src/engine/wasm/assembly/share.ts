/**
 * How threads share the parts of an entry: who is free takes the next one. So nobody waits for a thread that the system has put aside,
 * or that runs on a slower core; only for those that are in the middle of a part. At the gate lie
 *   0 the ticket: number of the stage (an entry, or its preparation) x 65536 + its next free part; negative to end;
 *   8 parts of the stage that are done;  12 threads asleep;  16 address of the stage's entry;  20 whether it is the preparation.
 */
import { gate, threads, usePart } from "./machine";

/** Parts of a stage for every thread: some more than one, for balance. */
const PARTS_BY_THREAD = 2;

/** Rounds that a thread spins before it sleeps: about as long as waking takes. */
const SPINS = 20000;

let stage: i64 = 0;

function parts(): i32 {
  return threads * PARTS_BY_THREAD;
}

/** Opens a stage. */
export function publish(entry: usize, preparation: bool): void {
  if (ASC_FEATURE_THREADS) {
    atomic.store<i32>(gate, 0, 8);
    store<usize>(gate, entry, 16);
    store<i32>(gate, preparation ? 1 : 0, 20);
    stage = (stage + 1) & 0x7fffffffffff;
    atomic.store<i64>(gate, stage << 16);
    if (atomic.load<i32>(gate, 12) > 0) atomic.notify(gate, -1);
  }
}

/** Entry at hand, and whether it is to be prepared; of the part that `claim` took. */
export let entry: usize = 0;
export let preparation: bool = false;

/** Takes a part of the stage at hand, if one is free. */
export function claim(): bool {
  if (ASC_FEATURE_THREADS) {
    while (true) {
      const ticket = atomic.load<i64>(gate);
      const free = <i32>(ticket & 0xffff);
      if (free >= parts()) return false;
      // The exchange succeeds only if the stage is still the one that these belong to.
      entry = load<usize>(gate, 16);
      preparation = load<i32>(gate, 20) != 0;
      if (atomic.cmpxchg<i64>(gate, ticket, ticket + 1) == ticket) {
        usePart(free, parts());
        return true;
      }
    }
  }
  return false;
}

/** Reports a part as done. */
export function report(): void {
  if (ASC_FEATURE_THREADS) {
    if (atomic.add<i32>(gate, 1, 8) == parts() - 1) atomic.notify(gate + 8, 1);
  }
}

/** Waits until all parts are done. */
export function finish(): void {
  if (ASC_FEATURE_THREADS) {
    for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(gate, 8) == parts()) return;
    while (true) {
      const done = atomic.load<i32>(gate, 8);
      if (done == parts()) return;
      atomic.wait<i32>(gate + 8, done, -1);
    }
  }
}

/** Waits for a free part; false when there will be none any more. */
export function next(): bool {
  if (ASC_FEATURE_THREADS) {
    while (true) {
      for (let i = 0; i < SPINS; i++) if (claim()) return true;
      const ticket = atomic.load<i64>(gate);
      if (ticket < 0) return false;
      if (<i32>(ticket & 0xffff) < parts()) continue;
      atomic.add<i32>(gate, 1, 12);
      atomic.wait<i64>(gate, ticket, -1);
      atomic.sub<i32>(gate, 1, 12);
    }
  }
  return false;
}
