import {
  type Arguments,
  type Entry,
  KERNELS,
  type Kind,
  SPREAD_FIELDS,
  type SpreadTerm,
  TERM_FIELDS,
  type Term,
} from "./kernels";

/** A tensor in the arena, see kernels.ts for its layout. */
export interface Tensor {
  readonly offset: number;
  readonly side: number;
  readonly vectors: number;
}

/** Floats to which every allocation is rounded: a cache line, so that no two tensors share one. */
const GRAIN = 16;

function rounded(floats: number): number {
  return Math.ceil(floats / GRAIN) * GRAIN;
}

/** Gives out ranges of an arena and takes them back: first fit over a list of gaps. `size` is the end of what was ever in use. */
export class Arena {
  private gaps: { from: number; to: number }[] = [];

  constructor(public size = 0) {}

  take(floats: number): number {
    const wanted = rounded(floats);
    for (const [i, gap] of this.gaps.entries()) {
      if (gap.to - gap.from < wanted) continue;
      const offset = gap.from;
      gap.from += wanted;
      if (gap.from === gap.to) this.gaps.splice(i, 1);
      return offset;
    }
    // A gap at the very end grows rather than being left behind.
    const last = this.gaps[this.gaps.length - 1];
    const offset = last?.to === this.size ? last.from : this.size;
    if (last?.to === this.size) this.gaps.pop();
    this.size = offset + wanted;
    return offset;
  }

  free(offset: number, floats: number): void {
    const gap = { from: offset, to: offset + rounded(floats) };
    const next = this.gaps.findIndex(({ from }) => from >= gap.to);
    const at = next < 0 ? this.gaps.length : next;
    const before = this.gaps[at - 1];
    const after = this.gaps[at];
    if (after && after.from === gap.to) {
      gap.to = after.to;
      this.gaps.splice(at, 1);
    }
    if (before && before.to === gap.from) before.to = gap.to;
    else this.gaps.splice(at, 0, gap);
  }
}

/** Collects the entries of one program and the tensors that live between them. */
export class Program {
  readonly entries: Entry[] = [];
  /** The layer whose entries are being added. */
  layer = "";

  constructor(
    readonly arena: Arena,
    /** The batch rounded up to a multiple of four. */
    readonly images: number,
  ) {}

  tensor(side: number, vectors: number): Tensor {
    return { offset: this.arena.take(side * side * vectors * this.images * 4), side, vectors };
  }

  release(...tensors: Tensor[]): void {
    for (const { offset, side, vectors } of tensors) this.arena.free(offset, side * side * vectors * this.images * 4);
  }

  /** Adds an entry; its arguments are put into the order of `KERNELS`. */
  add<K extends Kind>(kind: K, named: Arguments<K>): void {
    this.push(kind, ordered(KERNELS[kind], named));
  }

  addTerms<K extends "node" | "nodeReduce" | "nodeMap" | "examples">(
    kind: K,
    named: Arguments<K>,
    terms: readonly Term[],
  ): void {
    const list = terms.flatMap((term) => ordered(TERM_FIELDS, term));
    this.push(kind, [...ordered(KERNELS[kind], named), terms.length, ...list]);
  }

  addSpread(named: Arguments<"spread">, terms: readonly SpreadTerm[]): void {
    const list = terms.flatMap((term) => ordered(SPREAD_FIELDS, term));
    this.push("spread", [...ordered(KERNELS.spread, named), terms.length, ...list]);
  }

  push(kind: Kind, args: readonly number[]): void {
    this.entries.push({ kind, args, layer: this.layer });
  }
}

function ordered(names: readonly string[], named: Readonly<Record<string, number>>): number[] {
  return names.map((name) => named[name]);
}
