/** One kernel in WGSL. `IMAGES` and `BATCH` are constants of the plan, `m` is the arena in vectors of four floats. */
export interface Shader<Field extends string = string> {
  /** Unique: it is what pipelines are kept by. */
  readonly name: string;
  /** Arguments in order; offsets of the arena count vectors, unless the shader says otherwise. */
  readonly fields: readonly Field[];
  readonly code: string;
  /** Whether it needs the device's feature "subgroups". */
  readonly quads: boolean;
}

/** A run of a shader: its arguments and its workgroups. */
export interface Dispatch {
  readonly shader: Shader;
  readonly args: readonly number[];
  readonly groups: readonly [number, number, number];
}

/** Invocations of a workgroup where neighbours share nothing. */
export const LANES = 64;

interface Parts<Field extends string> {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Invocations a workgroup. */
  readonly size?: number;
  readonly quads?: boolean;
  /** Declarations outside of the function. */
  readonly globals?: string;
  /** The function; it sees the fields by name (i32), `id`, `group` and `lane`. */
  readonly body: string;
}

export function shader<Field extends string>(parts: Parts<Field>): Shader<Field> {
  const { name, fields, size = LANES, quads = false, globals = "", body } = parts;
  const lets = fields.map((field, i) => `  let ${field} = a[${i >> 2}].${"xyzw"[i & 3]};`);
  const code = `${globals}
@compute @workgroup_size(${size})
fn main(
  @builtin(global_invocation_id) global_id: vec3u,
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let id = vec3i(global_id);
  let group = vec3i(group_id);
  let lane = i32(local_index);
${lets.join("\n")}
${body}
}
`;
  return { name, fields, code, quads };
}

/** Vectors of four in which the fields lie; records of terms follow them. */
export function fieldVectors(fields: readonly string[]): number {
  return Math.ceil(fields.length / 4);
}

/** `records` follow the fields, from the next vector of four on. */
export function dispatch<Field extends string>(
  to: Shader<Field>,
  values: Readonly<Record<Field, number>>,
  groups: readonly [number, number, number],
  records: readonly number[] = [],
): Dispatch {
  const args: number[] = new Array(fieldVectors(to.fields) * 4).fill(0);
  for (const [i, field] of to.fields.entries()) args[i] = values[field];
  return { shader: to, args: [...args, ...records], groups };
}

/**
 * The same kernel for several members of a group at once: each has arguments of its own, STRIDE vectors apart, and a layer of
 * workgroups.
 */
export function groupedShader({ name, fields, code, quads }: Shader): Shader {
  const begin = "  let lane = i32(local_index);\n";
  const own = code.replace(/\ba\[/g, "a[member + ").replace(begin, `${begin}  member = i32(group_id.z) * STRIDE;\n`);
  return { name: `${name}, grouped`, fields, code: `var<private> member: i32;\n${own}`, quads };
}

/** An offset in vectors of four floats; -1, which stands for none, stays. */
export function vector(offset: number): number {
  return offset < 0 ? -1 : offset / 4;
}

/** Repeats a line of WGSL for every index below a count. */
export function unroll(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** What surrounds the code of every shader. */
export function moduleOf(
  { code, quads }: Shader,
  constants: Readonly<Record<string, number>>,
  argumentVectors: number,
): string {
  const lines = Object.entries(constants).map(([name, value]) => `const ${name} = ${value};`);
  // Whoever asks for quads sees to it that they do not diverge.
  const directives = quads ? "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n" : "";
  return `${directives}@group(0) @binding(0) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(1) var<uniform> a: array<vec4i, ${argumentVectors}>;
${lines.join("\n")}
${code}`;
}
