/** Bad input from a person: a flag, a file, a link, a typed value. The message says what to do about it. */
export class InputError extends Error {
  override readonly name = "InputError";
}
