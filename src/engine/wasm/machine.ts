import { argumentsOf, type Entry, encode, KINDS } from "../plan/kernels";
import { type Executable, type Plan, planCost } from "../plan/plan";
import { hostThreads } from "./host";
import { GATE_BYTES, MEMORY_FROM, Team } from "./team";

/** Work for which one more thread brings more than sharing it out costs, floating-point operations by an average entry. */
const WORTH_A_THREAD = 1_500_000;

/** Opcodes of assembly/index.ts behind those of the kernels. */
const MATMUL = KINDS.length;
const STRANDS = KINDS.length + 1;

/** Parts into which a team of so many threads shares everything, see assembly/share.ts. */
export function partsOf(threads: number): number {
  return 2 * threads;
}

/** Threads with which a plan runs best, of those that there are. */
export function threadsFor(plan: Plan, available = hostThreads()): number {
  const { flops, entries } = planCost(plan);
  return Math.max(1, Math.min(available, Math.floor(flops / entries / WORTH_A_THREAD)));
}

/** Hands out memory, every piece on cache lines of its own. */
class Allocation {
  end = MEMORY_FROM;

  /** The address of so many bytes. */
  take(bytes: number): number {
    const start = this.end;
    this.end += Math.ceil(bytes / 64) * 64;
    return start;
  }
}

interface Encoded {
  readonly list: unknown;
  readonly code: Int32Array;
  /** Its address. */
  readonly from: number;
}

/** Runs the programs of a plan in WebAssembly; knows no network. */
export class Machine {
  /** The whole arena. */
  readonly arena: Float32Array;

  private constructor(
    private readonly team: Team,
    private readonly programs: ReadonlyMap<unknown, { readonly from: number; readonly to: number }>,
    floats: number,
  ) {
    this.arena = new Float32Array(team.memory.buffer, MEMORY_FROM, floats);
  }

  /**
   * @param threads as many as wanted; where they cannot start there will be one. The results are the same to the bit for any number.
   * @throws {InputError} where there is not as much memory as the plan needs
   */
  static async create(plan: Executable, threads: number): Promise<Machine> {
    const allocation = new Allocation();
    const arena = allocation.take(4 * plan.floats);
    const bundles = Object.values(plan.strands ?? {});
    const single = Object.values(plan.programs).flat();
    const entries = [...single, ...bundles.flat(2)];
    const takeScratch = (list: readonly Entry[]) =>
      allocation.take(Math.max(0, ...list.map((entry) => scratchBytes(plan, entry))));
    const scratch = takeScratch(single);
    const rowsBytes = Math.ceil(Math.max(...entries.map((entry) => rowBytes(plan, entry))) / 64) * 64;
    const rows = allocation.take(threads * rowsBytes);
    const gate = allocation.take(GATE_BYTES);
    const encoded: Encoded[] = [];
    const place = (list: unknown, code: Int32Array) => {
      const from = allocation.take(code.byteLength);
      encoded.push({ list, code, from });
      return [from, from + code.byteLength];
    };
    for (const list of Object.values(plan.programs)) place(list, encode(list));
    for (const bundle of bundles) {
      const places = bundle.flatMap((list) => [takeScratch(list), ...place(list, encode(list))]);
      place(bundle, Int32Array.of(STRANDS, 1 + places.length, bundle.length, ...places));
    }

    const layout = [arena, scratch, rows, rowsBytes, gate, plan.spec.batch, plan.images] as const;
    const team = await Team.create(threads, allocation.end, layout);
    const programs = new Map<unknown, { from: number; to: number }>();
    for (const { list, code, from } of encoded) {
      new Int32Array(team.memory.buffer, from, code.length).set(code);
      programs.set(list, { from, to: from + code.byteLength });
    }
    return new Machine(team, programs, plan.floats);
  }

  /** Threads at work. */
  get threads(): number {
    return this.team.threads;
  }

  /** Runs one of the plan's programs, or of its strands, which the threads share out as they are. */
  run(program: readonly Entry[] | readonly (readonly Entry[])[]): void {
    const { from, to } = this.range(program);
    this.team.run(from, to);
  }

  /** Runs one entry of a program: to compare and to time kernels one by one. */
  step(program: readonly Entry[], index: number): void {
    let { from } = this.range(program);
    for (let i = 0; i < index; i++) from += 8 + 4 * program[i].args.length;
    this.team.run(from, from + 8 + 4 * program[index].args.length);
  }

  /** Ends its helping threads. */
  dispose(): void {
    this.team.dispose();
  }

  private range(program: readonly unknown[]): { from: number; to: number } {
    const found = this.programs.get(program);
    if (!found) throw new Error("the program is none of this machine's plan");
    return found;
  }
}

/** Bytes of scratch that an entry's kernel shares between threads: a rectified copy of its input, or transposed weights. */
function scratchBytes({ images }: Executable, entry: Entry): number {
  const { kind } = entry;
  if (kind !== "conv" && kind !== "convData" && kind !== "convWeights") return 0;
  const { xSide, xVectors, kernel, wideVectors, pointVectors, rectify } = argumentsOf("conv", entry);
  const copy = rectify ? xSide * xSide * xVectors * images * 16 : 0;
  const transposed = (kernel * kernel * wideVectors + pointVectors) * xVectors * 64;
  return kind === "convData" ? transposed : copy;
}

/** Bytes of scratch that a thread needs for itself: lists of taps or positions, transposed weights, or parts of a combination and rows of images. */
function rowBytes({ images }: Executable, entry: Entry): number {
  const { kind, args } = entry;
  if (kind === "conv" || kind === "convData" || kind === "convWeights") {
    const { xSide, zSide } = argumentsOf("conv", entry);
    return 256 * Math.max(xSide, zSide) + 256;
  }
  if (kind === "depthwise" || kind === "depthwiseData" || kind === "depthwiseWeights") {
    const { kernel, vectors, xCount } = argumentsOf("depthwise", entry);
    return 32 * kernel * kernel * (vectors / xCount);
  }
  if (kind === "pointwise" || kind === "pointwiseData" || kind === "pointwiseWeights") {
    const { positions, ins, outs } = argumentsOf("pointwise", entry);
    return Math.max(64 + 64 * ins * outs, 8 * positions);
  }
  if (kind === "mixingGradient") return 0;
  return 2048 + 2 * images * 16 + 32 * 9 * args.length;
}

/** GFLOP/s of the module's best matrix product, and the threads that reached them. */
export interface Peak {
  readonly gflops: number;
  readonly threads: number;
}

/**
 * Measures the module's best matrix product: what its convolutions are measured against. The threads multiply at the same time, each in its
 * own first cache, until all is done: so this is what they reach together, not one thread's speed times their number.
 * @param threads as many as the engine to compare has
 * @param milliseconds to measure for, at least one round; the best round counts
 */
export async function matmulPeak(threads = hostThreads(), milliseconds = 200): Promise<Peak> {
  const depth = 256;
  const times = 2000 * threads;
  const program = [MATMUL, 2, depth, times];
  const rowsBytes = 4 * (4 + 8) * depth + 4 * 4 * 8;
  const allocation = new Allocation();
  const rows = allocation.take(threads * rowsBytes);
  const gate = allocation.take(GATE_BYTES);
  const from = allocation.take(4 * program.length);
  const team = await Team.create(threads, allocation.end, [rows, rows, rows, rowsBytes, gate, 0, 0]);
  new Int32Array(team.memory.buffer, from, program.length).set(program);
  const flops = 2 * 4 * 8 * depth * times;
  let gflops = 0;
  const end = performance.now() + milliseconds;
  do {
    const start = performance.now();
    team.run(from, from + 4 * program.length);
    gflops = Math.max(gflops, flops / (performance.now() - start) / 1e6);
  } while (performance.now() < end);
  team.dispose();
  return { gflops, threads: team.threads };
}
