import { InputError } from "../../core/errors";
import { argumentsOf, type Entry, encode } from "../plan/kernels";
import { type Plan, tooLarge } from "../plan/plan";
import { BASIC, RELAXED } from "./binaries";

/** What the AssemblyScript module exports; see assembly/index.ts, assembly/machine.ts and assembly/matmul.ts. */
interface Kernels {
  setup(
    arena: number,
    scratch: number,
    rows: number,
    rowsBytes: number,
    gate: number,
    batch: number,
    images: number,
    thread: number,
    threads: number,
  ): void;
  run(entry: number, end: number): void;
  matmul(x: number, w: number, out: number, depth: number, times: number): void;
}

const PAGE = 65536;

/** The module keeps its tables below. */
const ARENA_AT = PAGE;

let compiled: Promise<{ module: WebAssembly.Module; relaxed: boolean }> | undefined;

/** Compiles the build for this engine: with relaxed SIMD, whose multiply-add is fused, where the engine has it. */
function moduleOnce() {
  compiled ??= (async () => {
    const best = decoded(RELAXED);
    const relaxed = WebAssembly.validate(best);
    return { module: await WebAssembly.compile(relaxed ? best : decoded(BASIC)), relaxed };
  })();
  return compiled;
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Runs the programs of a plan in WebAssembly; knows no network. */
export class Machine {
  /** The whole arena. */
  readonly arena: Float32Array;

  private constructor(
    private readonly kernels: Kernels,
    memory: WebAssembly.Memory,
    private readonly programs: Map<readonly Entry[], { from: number; to: number }>,
    floats: number,
    readonly relaxed: boolean,
  ) {
    this.arena = new Float32Array(memory.buffer, ARENA_AT, floats);
  }

  /** @throws {InputError} where there is not as much memory as the plan needs */
  static async create(plan: Plan): Promise<Machine> {
    const { module, relaxed } = await moduleOnce();
    let end = ARENA_AT + 4 * plan.floats;
    const take = (bytes: number) => {
      const start = Math.ceil(end / 64) * 64;
      end = start + bytes;
      return start;
    };
    const entries = Object.values(plan.programs).flat();
    const scratch = take(Math.max(...entries.map((entry) => scratchBytes(plan, entry))));
    const rowsBytes = Math.max(...entries.map((entry) => rowBytes(plan, entry)));
    const rows = take(rowsBytes);
    const gate = take(64);
    const encoded = Object.values(plan.programs).map((list) => ({ list, code: encode(list), from: 0 }));
    for (const program of encoded) program.from = take(program.code.byteLength);

    const memory = allocate(end);
    const instance = await WebAssembly.instantiate(module, {
      env: {
        memory,
        abort() {
          throw new Error("a kernel of the WASM engine stopped");
        },
      },
    });
    const kernels = instance.exports as unknown as Kernels;
    const programs = new Map<readonly Entry[], { from: number; to: number }>();
    for (const { list, code, from } of encoded) {
      new Int32Array(memory.buffer, from, code.length).set(code);
      programs.set(list, { from, to: from + code.byteLength });
    }
    kernels.setup(ARENA_AT, scratch, rows, rowsBytes, gate, plan.spec.batch, plan.images, 0, 1);
    return new Machine(kernels, memory, programs, plan.floats, relaxed);
  }

  /** Runs one of the plan's programs. */
  run(program: readonly Entry[]): void {
    const { from, to } = this.range(program);
    this.kernels.run(from, to);
  }

  /** Runs one entry of a program: to compare and to time kernels one by one. */
  step(program: readonly Entry[], index: number): void {
    let { from } = this.range(program);
    for (let i = 0; i < index; i++) from += 8 + 4 * program[i].args.length;
    this.kernels.run(from, from + 8 + 4 * program[index].args.length);
  }

  private range(program: readonly Entry[]): { from: number; to: number } {
    const found = this.programs.get(program);
    if (!found) throw new Error("the program is none of this machine's plan");
    return found;
  }
}

function allocate(bytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  } catch (error) {
    throw new InputError(tooLarge(bytes, null), { cause: error });
  }
}

/** Bytes of scratch that an entry's kernel shares between threads: a rectified copy of its input, or transposed weights. */
function scratchBytes({ images }: Plan, entry: Entry): number {
  const { kind } = entry;
  if (kind !== "conv" && kind !== "convData" && kind !== "convWeights") return 0;
  const { xSide, xVectors, kernel, wideVectors, pointVectors, rectify } = argumentsOf("conv", entry);
  const copy = rectify ? xSide * xSide * xVectors * images * 16 : 0;
  const transposed = (kernel * kernel * wideVectors + pointVectors) * xVectors * 64;
  return kind === "convData" ? transposed : copy;
}

/** Bytes of scratch that a thread needs for itself: lists of taps along one row of positions, or parts of a combination and rows of images. */
function rowBytes({ images }: Plan, entry: Entry): number {
  const { kind, args } = entry;
  if (kind === "conv" || kind === "convData" || kind === "convWeights") {
    const { xSide, zSide } = argumentsOf("conv", entry);
    return 256 * Math.max(xSide, zSide) + 256;
  }
  return 2048 + 2 * images * 16 + 32 * 9 * args.length;
}

/** GFLOP/s of the module's best matrix product on one thread: what its convolutions are measured against. */
export async function matmulPeak(milliseconds = 200): Promise<number> {
  const { module } = await moduleOnce();
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort() {} } });
  const { matmul } = exports as unknown as Kernels;
  const depth = 256;
  const times = 2000;
  const flopsOf = 2 * 4 * 8 * depth * times;
  let best = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const start = performance.now();
    matmul(PAGE, PAGE + 16384, PAGE + 32768, depth, times);
    best = Math.max(best, flopsOf / (performance.now() - start) / 1e6);
  }
  return best;
}
