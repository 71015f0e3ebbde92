/** Bad input from a person: a flag, a file, a link, a typed value. The message says what to do about it. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
