/** Invocations of a workgroup that reduces. */
export const REDUCERS = 128;

/** Invocations that share the last but one step. */
const GROUPS = 8;

/** Declarations of `meet`. */
export function meeting(values: number): string {
  return `var<workgroup> met: array<vec4f, ${REDUCERS * values}>;`;
}

/** Sums variables over a workgroup, then runs `then` in one invocation, where they hold the sums. */
export function meet(values: readonly string[], then: string): string {
  const count = values.length;
  const share = REDUCERS / GROUPS;
  return `
${values.map((value, k) => `  met[lane * ${count} + ${k}] = ${value};`).join("\n")}
  workgroupBarrier();
  if (lane < ${GROUPS * count}) {
    let first = lane / ${count} * ${share * count} + lane % ${count};
    var sum = met[first];
    for (var r = 1; r < ${share}; r++) { sum += met[first + r * ${count}]; }
    met[first] = sum;
  }
  workgroupBarrier();
  if (lane == 0) {
${values.map((value, k) => `    ${value} = vec4f(); for (var r = 0; r < ${GROUPS}; r++) { ${value} += met[r * ${share * count} + ${k}]; }`).join("\n")}
${then}
  }`;
}
