import { InputError } from "../../core/errors";
import { tooLarge } from "../plan/plan";
import type { ProbePlan } from "../plan/probe";
import { type Prober, programsOf } from "../probe";
import { ARENA_LIMIT } from "./engine";
import { Machine } from "./machine";

/** Probes on the CPU, on the calling thread: a network is looked into for milliseconds. @throws {InputError} where one is too large */
export async function createWasmProber(plans: readonly ProbePlan[]): Promise<Prober> {
  const executable = programsOf(plans);
  if (executable.floats * 4 > ARENA_LIMIT) throw new InputError(tooLarge(executable.floats * 4, ARENA_LIMIT));
  const machine = await Machine.create(executable, 1);
  return {
    write: (offset, data) => machine.arena.set(data, offset),
    run: ({ programs }, name) => machine.run(programs[name]),
    read: async (ranges) => ranges.map(({ offset, floats }) => machine.arena.subarray(offset, offset + floats)),
    dispose: () => machine.dispose(),
  };
}
