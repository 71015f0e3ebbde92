/**
 * Reductions leave partial sums, and whoever reads them adds them up. On a GPU the invocations of a workgroup meet at a barrier and
 * leave one sum. Where barriers are expensive (a software adapter takes ten times as long to compile and to run a kernel that has
 * one) every invocation leaves its own.
 */
export interface Reducing {
  /** Invocations of a workgroup that reduces. */
  readonly lanes: number;
  /** Whether they meet. */
  readonly meets: boolean;
  /** Partial sums that a reduction leaves. */
  readonly partials: number;
}

export const MEETING: Reducing = { lanes: 128, meets: true, partials: 1 };
export const ALONE: Reducing = { lanes: 8, meets: false, partials: 8 };

/** One shader for each way of reducing. */
export function both<T>(make: (reducing: Reducing) => T): (reducing: Reducing) => T {
  const [meeting, alone] = [make(MEETING), make(ALONE)];
  return ({ meets }) => (meets ? meeting : alone);
}

/** Invocations that share the last but one step of a meeting. */
const SHARERS = 8;

/** Declarations of `reduced`. */
export function meeting({ lanes, meets }: Reducing, values: number): string {
  return meets ? `var<workgroup> met: array<vec4f, ${lanes * values}>;` : "";
}

/** Sums variables over a workgroup where its invocations meet, then runs `leave` with `part`, the number of this partial sum. */
export function reduced({ lanes, meets }: Reducing, values: readonly string[], leave: string): string {
  const count = values.length;
  if (!meets) {
    return `
  let part = lane;
${leave}`;
  }
  const share = lanes / SHARERS;
  return `
${values.map((value, k) => `  met[lane * ${count} + ${k}] = ${value};`).join("\n")}
  workgroupBarrier();
  if (lane < ${SHARERS * count}) {
    let first = lane / ${count} * ${share * count} + lane % ${count};
    var sum = met[first];
    for (var r = 1; r < ${share}; r++) { sum += met[first + r * ${count}]; }
    met[first] = sum;
  }
  workgroupBarrier();
  if (lane == 0) {
${values.map((value, k) => `    ${value} = met[${k}]; for (var r = 1; r < ${SHARERS}; r++) { ${value} += met[r * ${share * count} + ${k}]; }`).join("\n")}
    let part = 0;
${leave}
  }`;
}

/** A function that adds up the partial sums from an offset on. */
export function collected({ partials }: Reducing): string {
  return `
fn collected(at: i32) -> vec4f {
  var sum = m[at];
  for (var part = 1; part < ${partials}; part++) { sum += m[at + part]; }
  return sum;
}
`;
}
