import { type NumpyArray, npy } from "../../core/export/npy";
import { STEP_SCALARS } from "../../worker/protocol";
import type { Recording } from "../recording";

/** Names of the architecture parameters, "row/operation", in the order of the flat vectors. */
function parametersOf({ space }: Recording): string[] {
  return space.rows.flatMap(({ name, choices }) => choices.map((operation) => `${name}/${operation}`));
}

/** The run as comma-separated values: a line a step, from the state before the first; scalars, means, standard deviations. */
export function csvOf(recording: Recording): string {
  const parameters = parametersOf(recording);
  const head = ["step", ...STEP_SCALARS, ...parameters.map((name) => `mean ${name}`)];
  if (recording.scale(0)) head.push(...parameters.map((name) => `scale ${name}`));
  const lines = [head.join(",")];
  for (let step = 0; step <= recording.steps; step++) {
    const scalars = STEP_SCALARS.map((name) => (step === 0 ? Number.NaN : recording.scalar(step, name)));
    const values = [...scalars, ...recording.mean(step), ...(recording.scale(step) ?? [])];
    lines.push(`${step},${values.map((value) => (Number.isNaN(value) ? "" : String(value))).join(",")}`);
  }
  return `${lines.join("\n")}\n`;
}

/**
 * The run as NumPy arrays, by file name: `mean` and `scale` (steps + 1) x parameters, from the state before the first step on;
 * `scalars` steps x columns, whose names stand in `columns.txt`, those of the parameters in `parameters.txt`.
 */
export function arraysOf(recording: Recording): Record<string, Uint8Array> {
  const { steps } = recording;
  const size = recording.mean(0).length;
  const stacked = (at: (step: number) => ArrayLike<number>): NumpyArray => {
    const values = new Float64Array((steps + 1) * size);
    for (let step = 0; step <= steps; step++) values.set(at(step), step * size);
    return { values, shape: [steps + 1, size] };
  };
  const scalars = new Float32Array(steps * STEP_SCALARS.length);
  for (let step = 1; step <= steps; step++) {
    scalars.set(
      STEP_SCALARS.map((name) => recording.scalar(step, name)),
      (step - 1) * STEP_SCALARS.length,
    );
  }
  const lines = (names: readonly string[]) => new TextEncoder().encode(`${names.join("\n")}\n`);
  const files: Record<string, Uint8Array> = {
    "mean.npy": npy(stacked((step) => recording.mean(step))),
    "scalars.npy": npy({ values: scalars, shape: [steps, STEP_SCALARS.length] }),
    "columns.txt": lines(STEP_SCALARS),
    "parameters.txt": lines(parametersOf(recording)),
  };
  if (recording.scale(0)) files["scale.npy"] = npy(stacked((step) => recording.scale(step) ?? []));
  return files;
}
