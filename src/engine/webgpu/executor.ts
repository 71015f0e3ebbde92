import { InputError } from "../../core/errors";
import type { Progress } from "../device";
import { type Executable, tooLarge } from "../plan/plan";
import type { Range } from "../probe";
import { Compiler } from "./compiler";
import { lower, shapeFor, type Variant } from "./lower";
import { merge, strideOf } from "./merge";
import { type Dispatch, moduleOf, type Shader } from "./shader";

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly [number, number, number];
}

interface Steps {
  readonly steps: readonly Step[];
  /** Offset of each step's arguments, bytes. As one array they need no conversion in the loop. */
  readonly argumentsAt: Uint32Array;
}

/** Bytes that one buffer, and so an arena, may have. */
export function arenaLimit({ limits }: GPUDevice): number {
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

/**
 * Replays the programs of a plan on a device: one buffer for the arena, one for all arguments, one bind group, and for every run one
 * command buffer with one compute pass. Runs, writes and reads take effect in the order of the calls.
 */
export class Executor {
  private constructor(
    private readonly device: GPUDevice,
    private readonly arena: GPUBuffer,
    private readonly constants: GPUBuffer,
    private readonly bindings: GPUBindGroup,
    private readonly programs: Readonly<Record<string, Steps>>,
    private readonly staging: Staging,
    /** Of the arena, partial sums included. */
    readonly bytes: number,
  ) {}

  /**
   * Allocates the arena and compiles the pipelines, several at a time.
   * @throws {InputError} where the device cannot hold the arena, partial sums included
   */
  static async create(device: GPUDevice, plan: Executable, variant: Variant, onProgress?: Progress): Promise<Executor> {
    const { layout, compile } = Compiler.of(device);
    const { names, dispatches, floats, constants: sizes } = lowered(plan, variant);
    const limit = arenaLimit(device);
    if (floats * 4 > limit) throw new InputError(tooLarge(floats * 4, limit));
    const packed = packArguments(dispatches.flat(), device.limits.minUniformBufferOffsetAlignment);

    device.pushErrorScope("out-of-memory");
    const arena = device.createBuffer({
      label: "arena",
      size: floats * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const constants = device.createBuffer({
      label: "arguments",
      size: packed.data.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    if (await device.popErrorScope()) {
      arena.destroy();
      constants.destroy();
      throw new InputError(tooLarge(floats * 4, null));
    }
    device.queue.writeBuffer(constants, 0, packed.data);
    const bindings = device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: arena } },
        { binding: 1, resource: { buffer: constants, size: packed.bound } },
      ],
    });
    const codeOf = (shader: Shader) => moduleOf(shader, { ...sizes, BATCH: plan.spec.batch }, packed.bound / 16);
    try {
      const pipelines = await compileAll(
        dispatches.flat(),
        (shader) => compile(shader.name, codeOf(shader)),
        onProgress,
      );
      let next = 0;
      const lists = dispatches.map((program): Steps => {
        const steps = program.map(({ shader, groups }): Step => {
          const pipeline = pipelines.get(shader.name);
          if (!pipeline) throw new Error(`no pipeline for ${shader.name}`);
          return { pipeline, groups };
        });
        next += steps.length;
        return { steps, argumentsAt: Uint32Array.from(packed.offsets.slice(next - steps.length, next)) };
      });
      const programs = Object.fromEntries(names.map((name, i) => [name, lists[i]]));
      return new Executor(device, arena, constants, bindings, programs, new Staging(device), floats * 4);
    } catch (error) {
      arena.destroy();
      constants.destroy();
      throw error;
    }
  }

  /** Writes to the arena, from `offset` floats on. */
  write(offset: number, data: Float32Array<ArrayBuffer>): void {
    this.device.queue.writeBuffer(this.arena, offset * 4, data);
  }

  /** Runs a program, then reads a range of the arena. */
  run(name: string, result: Range): Promise<Float32Array> {
    return this.copied(this.encoded(name), result);
  }

  /** Runs a program. */
  play(name: string): void {
    this.device.queue.submit([this.encoded(name).finish()]);
  }

  /** Reads a range of the arena. */
  read(range: Range): Promise<Float32Array> {
    return this.copied(this.device.createCommandEncoder(), range);
  }

  dispose(): void {
    this.arena.destroy();
    this.constants.destroy();
    this.staging.dispose();
  }

  /** The commands of a program. */
  private encoded(name: string): GPUCommandEncoder {
    const encoder = this.device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    const { steps, argumentsAt } = this.programs[name];
    let bound: GPUComputePipeline | undefined;
    for (const [i, { pipeline, groups }] of steps.entries()) {
      if (pipeline !== bound) compute.setPipeline(pipeline);
      bound = pipeline;
      compute.setBindGroup(0, this.bindings, argumentsAt, i, 1);
      compute.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    }
    compute.end();
    return encoder;
  }

  private copied(encoder: GPUCommandEncoder, { offset, floats }: Range): Promise<Float32Array> {
    const buffer = this.staging.take(floats * 4);
    encoder.copyBufferToBuffer(this.arena, offset * 4, buffer, 0, floats * 4);
    this.device.queue.submit([encoder.finish()]);
    return this.staging.read(buffer, floats * 4);
  }
}

/** The dispatches of all programs by name, the floats of the arena with the partial sums, and the constants of the shaders. */
function lowered(plan: Executable, variant: Variant) {
  const { images, programs, strands = {} } = plan;
  const shape = shapeFor([...Object.values(programs).flat(), ...Object.values(strands).flat(2)], images);
  const made = Object.values(programs).map((entries) => lower(entries, images, variant, plan.floats, shape));
  // Strands run at the same time: each has partial sums of its own.
  const parallel = Object.values(strands).map((lists) => {
    let floats = plan.floats;
    const each = lists.map((entries) => {
      const own = lower(entries, images, variant, floats, shape);
      floats += own.floats;
      return own;
    });
    return { lists: each.map(({ dispatches }) => dispatches), floats, constants: each[0].constants };
  });
  const STRIDE = Math.max(0, ...parallel.map(({ lists }) => strideOf(lists)));
  return {
    names: [...Object.keys(programs), ...Object.keys(strands)],
    dispatches: [...made.map(({ dispatches }) => dispatches), ...parallel.map(({ lists }) => merge(lists, STRIDE))],
    floats: Math.max(...made.map(({ floats }) => plan.floats + floats), ...parallel.map(({ floats }) => floats)),
    constants: { ...[...made, ...parallel][0].constants, ...(parallel.length > 0 ? { STRIDE } : {}) },
  };
}

/** Buffers to read through, used again and again: as many of a size as there were ever readings under way. */
class Staging {
  private readonly idle: GPUBuffer[] = [];
  private readonly all = new Set<GPUBuffer>();

  constructor(private readonly device: GPUDevice) {}

  /** An idle buffer of exactly so many bytes, which is rarely a new one. */
  take(bytes: number): GPUBuffer {
    const found = this.idle.findIndex(({ size }) => size === bytes);
    if (found >= 0) return this.idle.splice(found, 1)[0];
    const buffer = this.device.createBuffer({
      label: "staging",
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.all.add(buffer);
    return buffer;
  }

  async read(buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
    await buffer.mapAsync(GPUMapMode.READ, 0, bytes);
    const values = new Float32Array(buffer.getMappedRange(0, bytes).slice(0));
    buffer.unmap();
    this.idle.push(buffer);
    return values;
  }

  dispose(): void {
    for (const buffer of this.all) buffer.destroy();
  }
}

interface PackedArguments {
  readonly data: Int32Array<ArrayBuffer>;
  /** Offset of each dispatch's arguments, bytes. */
  readonly offsets: readonly number[];
  /** Bytes that a binding spans from its offset on. */
  readonly bound: number;
}

/** Vectors of four that the arguments of a dispatch may take without further ado. */
const USUAL_VECTORS = 64;

/** Lays the arguments of all dispatches into one buffer. */
function packArguments(dispatches: readonly Dispatch[], alignment: number): PackedArguments {
  let end = 0;
  const offsets = dispatches.map(({ args }) => {
    const offset = end;
    end += Math.ceil((args.length * 4) / alignment) * alignment;
    return offset;
  });
  const longest = Math.max(...dispatches.map(({ args }) => args.length));
  // A size that most networks share lets the driver find their pipelines again.
  const bound = 16 * Math.max(USUAL_VECTORS, 2 ** Math.ceil(Math.log2(longest / 4)));
  const data = new Int32Array((end + bound) / 4);
  for (const [i, { args }] of dispatches.entries()) data.set(args, offsets[i] / 4);
  return { data, offsets, bound };
}

async function compileAll(
  dispatches: readonly Dispatch[],
  compile: (shader: Shader) => Promise<GPUComputePipeline>,
  onProgress?: Progress,
): Promise<Map<string, GPUComputePipeline>> {
  const shaders = new Map(dispatches.map(({ shader }) => [shader.name, shader]));
  let done = 0;
  onProgress?.(done, shaders.size);
  const compiled = Array.from(shaders, async ([name, shader]): Promise<[string, GPUComputePipeline]> => {
    const pipeline = await compile(shader);
    onProgress?.(++done, shaders.size);
    return [name, pipeline];
  });
  return new Map(await Promise.all(compiled));
}
