import { InputError, messageOf } from "../core/errors";
import { nearest } from "../core/text";
import { DivergenceError } from "../search/search";
import { bench } from "./bench";
import { devices } from "./devices";
import { inspect } from "./inspect";
import { Interrupted, search } from "./search";
import { select } from "./select";
import { train } from "./train";

const COMMANDS: Readonly<Record<string, { run: (args: readonly string[]) => Promise<void>; help: string }>> = {
  search: { run: search, help: "runs one search or several" },
  inspect: { run: inspect, help: "looks one architecture up" },
  select: { run: select, help: "draws architectures from a run's posterior and ranks them by training-free proxies" },
  train: { run: train, help: "trains one discrete architecture from scratch" },
  bench: { run: bench, help: "times the search step" },
  devices: { run: devices, help: "lists the devices it can use, with the self-test of each" },
};
const NAMES = Object.keys(COMMANDS);

const HELP = [
  "Usage: nas COMMAND [options]",
  "",
  ...NAMES.map((name) => `  ${name.padEnd(8)} ${COMMANDS[name].help}`),
  "",
  "nas COMMAND --help lists a command's options with their defaults and ranges.",
  "Results go to standard output as JSON, progress to standard error. Exit status: 0 done, 2 bad arguments or data, 1 anything else.",
].join("\n");

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === "--help" || name === "-h" || name === "help") return console.log(HELP);
  if (name === undefined) throw new InputError(`expected a command: ${NAMES.join(", ")}; see nas --help`);
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new InputError(
      `unknown command "${name}": expected ${NAMES.join(", ")}; the nearest is ${nearest(name, NAMES)}`,
    );
  }
  await COMMANDS[name].run(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = error instanceof InputError || error instanceof DivergenceError || error instanceof Interrupted;
  // What nobody expected is a fault of the program: its place helps whoever mends it.
  const text = expected ? messageOf(error).replaceAll("\n", " ") : error instanceof Error ? error.stack : String(error);
  console.error(`nas: ${text}`);
  process.exitCode = error instanceof InputError ? 2 : 1;
});
