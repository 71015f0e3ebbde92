/**
 * Compiles the pipelines of one device, each once: kernels depend on the batch but hardly on the rest of a network, so that another
 * run finds its own ready. (A device keeps no pipeline that nobody holds.)
 */
export class Compiler {
  private static readonly compilers = new WeakMap<GPUDevice, Compiler>();

  /** Bindings of every kernel: the arena, and its arguments at a dynamic offset. */
  readonly layout: GPUBindGroupLayout;
  private readonly pipelineLayout: GPUPipelineLayout;
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();

  private constructor(private readonly device: GPUDevice) {
    this.layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } },
      ],
    });
    this.pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [this.layout] });
  }

  static of(device: GPUDevice): Compiler {
    const compiler = Compiler.compilers.get(device) ?? new Compiler(device);
    Compiler.compilers.set(device, compiler);
    return compiler;
  }

  /** @throws {Error} with what the compiler says */
  readonly compile = (label: string, code: string): Promise<GPUComputePipeline> => {
    const pipeline = this.pipelines.get(code) ?? this.compiled(label, code);
    this.pipelines.set(code, pipeline);
    return pipeline;
  };

  private async compiled(label: string, code: string): Promise<GPUComputePipeline> {
    const module = this.device.createShaderModule({ label, code });
    try {
      return await this.device.createComputePipelineAsync({ label, layout: this.pipelineLayout, compute: { module } });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const lines = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new Error([`cannot compile "${label}"`, ...lines].join("\n"), { cause: error });
    }
  }
}
