import { type Dispatch, groupedShader, type Shader } from "./shader";

/** Vectors that the arguments of a dispatch may take: what every device can bind. */
const MOST_VECTORS = 4096;

/**
 * Merges lists of dispatches that know nothing of each other into one, in which every list keeps its order and dispatches of the same
 * shader and size are one wherever they meet. Whoever has most before it goes first, and takes along all that wait for the same: so
 * that lists which differ here and there meet again behind.
 * @param stride at least the vectors that any of their arguments take
 */
export function merge(lists: readonly (readonly Dispatch[])[], stride: number): Dispatch[] {
  const shaders = new Map<Shader, Shader>();
  const next = lists.map(() => 0);
  const merged: Dispatch[] = [];
  for (;;) {
    const heads = lists.flatMap((list, i) => (next[i] < list.length ? [{ i, head: list[next[i]] }] : []));
    if (heads.length === 0) return merged;
    const left = ({ i }: { readonly i: number }) => lists[i].length - next[i];
    const { head: first } = heads.reduce((most, other) => (left(other) > left(most) ? other : most));
    const alike = heads.filter(({ head }) => head.shader === first.shader && `${head.groups}` === `${first.groups}`);
    const shader = shaders.get(first.shader) ?? groupedShader(first.shader);
    shaders.set(first.shader, shader);
    const most = Math.floor(MOST_VECTORS / stride);
    for (let from = 0; from < alike.length; from += most) {
      const members = alike.slice(from, from + most);
      const args = new Array<number>(members.length * stride * 4).fill(0);
      for (const [m, { head }] of members.entries()) {
        for (const [k, value] of head.args.entries()) args[m * stride * 4 + k] = value;
      }
      merged.push({ shader, args, groups: [first.groups[0], first.groups[1], members.length] });
    }
    for (const { i } of alike) next[i] += 1;
  }
}

/** Vectors that the longest arguments take. */
export function strideOf(lists: readonly (readonly Dispatch[])[]): number {
  return Math.max(
    ...lists.flat().map(({ args, groups, shader }) => {
      // The third dimension is the members'.
      if (groups[2] !== 1) throw new Error(`"${shader.name}" cannot run for several members at once`);
      return Math.ceil(args.length / 4);
    }),
  );
}
