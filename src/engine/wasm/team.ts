import { InputError } from "../../core/errors";
import { tooLarge } from "../plan/plan";
import { BASIC, BASIC_SHARED, RELAXED, RELAXED_SHARED } from "./binaries";
import { type Helper, type Kernels, type Layout, startHelpers, supports } from "./host";

const PAGE = 65536;

/** The module keeps its tables below. */
export const MEMORY_FROM = PAGE;

/** Bytes that the gate takes, where the threads share parts of work out; see assembly/share.ts. */
export const GATE_BYTES = 64;

/** A ticket without free parts, see assembly/share.ts. */
const NO_PARTS = 0xffffn;

const compiled = new Map<string, Promise<WebAssembly.Module>>();
let relaxed: boolean | undefined;

/** Whether the kernels run with relaxed SIMD, whose multiply-add is fused: wherever the host has it. */
export function relaxedSimd(): boolean {
  relaxed ??= supports(decoded(RELAXED));
  return relaxed;
}

/** Compiles the build for this host, once. */
function moduleFor(shared: boolean): Promise<WebAssembly.Module> {
  const text = relaxedSimd() ? (shared ? RELAXED_SHARED : RELAXED) : shared ? BASIC_SHARED : BASIC;
  let module = compiled.get(text);
  if (!module) {
    module = WebAssembly.compile(decoded(text));
    compiled.set(text, module);
  }
  return module;
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The caller's thread and helpers that share out every entry of what it runs. Knows no plan. */
export class Team {
  /** Threads at work, the caller's among them. */
  readonly threads: number;
  private readonly ticket: BigInt64Array;

  private constructor(
    readonly memory: WebAssembly.Memory,
    private readonly kernels: Kernels,
    layout: Layout,
    private readonly helpers: readonly Helper[],
  ) {
    this.threads = 1 + helpers.length;
    this.ticket = new BigInt64Array(memory.buffer, layout[4], 1);
    kernels.setup(...layout, 0, this.threads);
  }

  /**
   * @param threads as many as wanted; where helpers cannot start there will be one
   * @param bytes of memory
   * @param layout with rows for every thread and GATE_BYTES at the gate
   * @throws {InputError} where there is not as much memory
   */
  static async create(threads: number, bytes: number, layout: Layout): Promise<Team> {
    const memory = allocate(bytes, threads > 1);
    const module = await moduleFor(threads > 1);
    const instance = await WebAssembly.instantiate(module, {
      env: {
        memory,
        abort() {
          throw new Error("a kernel of the WASM engine stopped");
        },
      },
    });
    // Helpers are at work before the first stage is published: until then there is no part to take, or they would report parts of
    // nothing and the first stage would wait for ever for the right number.
    if (threads > 1) new BigInt64Array(memory.buffer, layout[4], 1)[0] = NO_PARTS;
    const jobs = Array.from({ length: threads - 1 }, (_, i) => {
      return { module, memory, layout, thread: i + 1, threads };
    });
    return new Team(memory, instance.exports as unknown as Kernels, layout, await startHelpers(jobs));
  }

  /** Runs the entries between two addresses, on all threads. */
  run(from: number, to: number): void {
    this.kernels.run(from, to);
  }

  /** Ends the helpers. */
  dispose(): void {
    Atomics.store(this.ticket, 0, -1n);
    Atomics.notify(this.ticket, 0);
    for (const helper of this.helpers) helper.end();
  }
}

function allocate(bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE);
  try {
    return new WebAssembly.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  } catch (error) {
    throw new InputError(tooLarge(bytes, null), { cause: error });
  }
}
