import type { Parameter } from "../parameter";

/** Vectors of four that hold so many channels. */
export function vectorsOf(channels: number): number {
  return Math.ceil(channels / 4);
}

/** Where one parameter of a flat layout lies in its region of the arena, packed. */
export interface Block {
  readonly parameter: Parameter;
  /** Floats from the beginning of the region. */
  readonly offset: number;
  /** Floats that it takes, padding included. */
  readonly size: number;
  /** Positions of the layer's output: with the parameter's size they give the layer's multiply-accumulates an image. */
  readonly positions: number;
}

/** Packs a layout in the order in which the planner asks for its parameters. The planner asks for every one exactly once. */
export class Packing {
  readonly blocks: Block[] = [];
  /** Floats handed out so far. */
  size = 0;
  private readonly byName: Map<string, Parameter>;

  /** @param region where the region begins: what `add` returns counts from the arena's beginning with it, and from the region's without */
  constructor(
    layout: readonly Parameter[],
    private readonly region = 0,
  ) {
    this.byName = new Map(layout.map((parameter) => [parameter.name, parameter]));
  }

  /** Blocks that follow each other; the offset of the first. `positions` is 0 for what isn't a matrix, or isn't computed. */
  add(names: readonly string[], positions: number): number {
    const start = this.region + this.size;
    for (const name of names) {
      const parameter = this.byName.get(name);
      if (!parameter) throw new Error(`the layout has no parameter ${name}`);
      const size = packedSize(parameter);
      this.blocks.push({ parameter, offset: this.size, size, positions });
      this.size += size;
    }
    return start;
  }
}

/** Floats of all parameters, packed. */
export function packedSizeOf(layout: readonly Parameter[]): number {
  return layout.reduce((sum, parameter) => sum + packedSize(parameter), 0);
}

/**
 * Out channels, in channels, those of a group, taps and packed rows (in channels, padded) of a parameter: what has no in channels has
 * one row.
 */
function dimensions({ shape, groups }: Parameter) {
  const outs = shape[shape.length - 1];
  const isMatrix = shape.length === 2 || shape.length === 4;
  const ins = isMatrix ? shape[shape.length - 2] : 1;
  const taps = shape.length > 2 ? shape[0] * shape[1] : 1;
  const group = ins / groups;
  return { outs, ins, group, taps, rows: isMatrix ? groups * vectorsOf(group) * 4 : 1 };
}

function packedSize(parameter: Parameter): number {
  const { outs, taps, rows } = dimensions(parameter);
  return vectorsOf(outs) * 4 * taps * rows;
}

/** Calls back with the flat and the packed index of every scalar. */
function pairs(blocks: readonly Block[], each: (flat: number, packed: number) => void): void {
  for (const { parameter, offset } of blocks) {
    const { outs, ins, group, taps, rows } = dimensions(parameter);
    const padding = vectorsOf(group) * 4 - group;
    let flat = parameter.offset;
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < ins; i++) {
        const row = i + Math.floor(i / group) * padding;
        for (let o = 0; o < outs; o++) each(flat++, offset + (((o >> 2) * taps + tap) * rows + row) * 4 + (o & 3));
      }
    }
  }
}

/** Writes a flat vector, in its layout's order, to its places in a packed one whose padding is zero. */
export function pack(blocks: readonly Block[], flat: ArrayLike<number>, packed: Float32Array): void {
  pairs(blocks, (from, to) => {
    packed[to] = flat[from];
  });
}

/** Reads a packed vector into a flat one, in its layout's order. */
export function unpack(blocks: readonly Block[], packed: ArrayLike<number>, flat: Float32Array | Float64Array): void {
  pairs(blocks, (to, from) => {
    flat[to] = packed[from];
  });
}
