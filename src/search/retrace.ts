import type { CheckedRun } from "./checkrun";
import type { Search } from "./search";

/**
 * Trains a supernet again as a run file tells, from a search at step 0 with the file's settings: a run file has no weights. Yields the
 * steps behind it; stop asking and it is left where it is.
 */
export async function* retrace(
  search: Search,
  { steps, changes }: Pick<CheckedRun, "steps" | "changes">,
): AsyncGenerator<number, void> {
  let next = 0;
  for (const record of steps) {
    for (; next < changes.length && changes[next].step <= record.step; next++) search.change(changes[next].settings);
    await search.retrace(record);
    yield record.step;
  }
}
