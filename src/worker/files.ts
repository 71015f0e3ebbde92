import { InputError } from "../core/errors";
import { gunzip, gzip, isGzip } from "../core/gunzip";
import { checkRun } from "../search/checkrun";
import type { RunRecord } from "../search/records";
import { parseRunFile, toLine } from "../search/runfile";
import { weightRateAt } from "../search/search";
import { layOut } from "./outbox";
import type { ReadRun } from "./protocol";

/** Longest run file that fits into one text of the common browsers, bytes. */
const LONGEST = 500e6;

/** The records of a run up to a step as a run file, gzip. */
export function packRun(records: readonly RunRecord[], steps: number): Promise<Uint8Array<ArrayBuffer>> {
  const within = (record: RunRecord) => {
    if (record.kind === "step" || record.kind === "evaluation") return record.step <= steps;
    if (record.kind === "change") return record.step <= steps + 1;
    return record.kind !== "result" || record.steps <= steps;
  };
  return gzip(records.filter(within).map(toLine).join(""));
}

/**
 * Reads a run file, plain or gzip, and lays it out as the page takes it.
 * @throws {InputError} naming the line that is wrong
 */
export async function readRun(file: Uint8Array): Promise<ReadRun> {
  const { bytes, damaged } = isGzip(file) ? await gunzip(file) : { bytes: file, damaged: false };
  if (damaged) throw new InputError("the compressed run file is damaged or cut short: take another copy of it");
  if (bytes.length > LONGEST) {
    throw new InputError(
      `the run file has ${Math.round(bytes.length / 1e6)} MB, more than the ${LONGEST / 1e6} MB that can be read: take one of fewer steps`,
    );
  }
  const { header, settings, steps, changes, evaluations, result, seconds } = checkRun(
    parseRunFile(new TextDecoder().decode(bytes)),
  );
  let current = settings;
  let next = 0;
  const ordered = [...changes].sort((a, b) => a.step - b.step);
  const rated = steps.map((record) => {
    while (next < ordered.length && ordered[next].step <= record.step) {
      current = { ...current, ...ordered[next].settings };
      next += 1;
    }
    return { record, weightRate: weightRateAt(current, record.step) };
  });
  const sharpness = steps.flatMap(({ step, sharpness: figures }) => (figures ? [{ step, ...figures }] : []));
  return {
    settings,
    device: header.device,
    mean: Float64Array.from(header.mean),
    scale: header.scale && Float64Array.from(header.scale),
    frame: { count: steps.length, ...layOut(rated), changes, evaluations, sharpness, result, seconds: seconds ?? 0 },
  };
}
