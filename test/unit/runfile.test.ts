import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Recording } from "../../src/app/recording";
import { gzip } from "../../src/core/gunzip";
import { RandomStream } from "../../src/core/random";
import { checkRun } from "../../src/search/checkrun";
import type { HeaderRecord, RunRecord, StepRecord } from "../../src/search/records";
import { parseRunFile, toLine } from "../../src/search/runfile";
import { packRun, readRun } from "../../src/worker/files";
import { STEP_SCALARS } from "../../src/worker/protocol";

let folder: string;
let text: string;
let records: RunRecord[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runfile-"));
  const out = join(folder, "run.jsonl");
  const flags = "--steps 6 --channels 2 --image 8 --batch 4 --device wasm --set images=1250 --set evaluateImages=4";
  execFileSync(process.execPath, ["--import", "tsx", "src/cli/nas.ts", "search", ...flags.split(" "), "--out", out]);
  text = readFileSync(out, "utf8");
  records = parseRunFile(text);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

const bytes = (content: string) => new TextEncoder().encode(content);
/** The file with one record replaced. */
const broken = (line: number, patch: Record<string, unknown>) =>
  records.map((record, i) => (i === line - 1 ? { ...record, ...patch } : record));
const stepOf = (line: number) => records[line - 1] as StepRecord;

test("a run file comes back number for number, plain and packed", async () => {
  const header = records[0] as HeaderRecord;
  for (const file of [bytes(text), await gzip(text)]) {
    const { settings, mean, scale, frame, device } = await readRun(file);
    expect(device).toBe("wasm");
    expect(settings).toMatchObject({ ...header.settings, seed: 1, method: "balenas", space: "nasbench201" });
    const recording = new Recording(settings, mean, scale);
    recording.append(frame);
    expect(recording.steps).toBe(6);
    expect([...recording.mean(0)]).toEqual(header.mean);
    for (let step = 1; step <= 6; step++) {
      const record = stepOf(step + 1);
      expect([...recording.mean(step)]).toEqual(record.mean);
      expect([...(recording.scale(step) ?? [])]).toEqual(record.scale);
      for (const name of STEP_SCALARS) {
        if (name !== "weightRate") expect(recording.scalar(step, name)).toBe(Math.fround(record[name] ?? Number.NaN));
      }
    }
    expect(recording.scalar(1, "weightRate")).toBe(Math.fround(0.05));
    expect(recording.result).toEqual(records.at(-1));
    expect(recording.evaluations).toEqual(records.filter(({ kind }) => kind === "evaluation"));
    expect(recording.seconds).toBeGreaterThan(0);
  }
});

test("a run that is kept before its end holds the steps that were seen and no more", async () => {
  const { frame } = await readRun(await packRun(records, 4));
  expect([frame.count, frame.result, frame.evaluations]).toEqual([4, null, []]);
});

test("steps that a recovery took back are left out, and a turned rate acts from its step", async () => {
  const recovery = { kind: "change", step: 4, settings: { weightRate: 0.01 }, recovered: true } as const;
  const again = records.slice(4, 7).map((record) => ({ ...record, trainLoss: 1 }) as StepRecord);
  const { frame, settings, mean, scale } = await readRun(
    bytes([...records.slice(0, 7), recovery, ...again].map(toLine).join("")),
  );
  const recording = new Recording(settings, mean, scale);
  recording.append(frame);
  expect(recording.steps).toBe(6);
  expect([3, 4].map((step) => recording.scalar(step, "trainLoss"))).toEqual([Math.fround(stepOf(4).trainLoss ?? 0), 1]);
  expect(recording.scalar(4, "weightRate")).toBeLessThan(0.01);
  expect(recording.scalar(3, "weightRate")).toBeGreaterThan(0.03);
});

describe("a broken run file is refused in words that name the line and what was expected", () => {
  const refused = (file: readonly unknown[], words: RegExp) => expect(() => checkRun(file)).toThrow(words);

  test("the header", () => {
    refused(broken(1, { mean: [1, 2] }), /^line 1 of the run file: the length of mean is 2, expected 30$/);
    refused(broken(1, { scale: null }), /^line 1 of the run file: scale is null, expected 30 positive numbers$/);
    refused(
      broken(1, { settings: null }),
      /^line 1 of the run file: settings is null, expected a group of named values$/,
    );
    refused(broken(1, { seed: undefined }), /does not name its seed/);
    refused(broken(1, { method: "darts" }), /scale is \[.*…, expected null, since this run of darts has no scales/);
    refused(broken(1, { rows: [] }), /rows are not those of the space/);
    refused(broken(1, { space: "nasbench202" }), /space in the run file is "nasbench202", expected nasbench201/);
  });

  test("steps", () => {
    const mean = stepOf(3).mean.with(4, null as unknown as number);
    refused(broken(3, { step: 7 }), /^line 3 of the run file: step is 7, expected 2, since steps count up by one$/);
    refused(broken(3, { mean }), /^line 3 of the run file: number 5 of mean is null, expected a finite number$/);
    refused(broken(3, { scale: stepOf(3).scale?.with(0, 0) }), /number 1 of scale is 0, expected a positive number/);
    refused(broken(3, { trainLoss: undefined }), /trainLoss is missing, expected a finite number from 0, or null/);
    refused(broken(3, { trainAccuracy: 1.5 }), /trainAccuracy is 1.5, expected a number from 0 to 1, or null/);
    refused(broken(3, { trainLoss: 1e300 }), /trainLoss is 1e\+300, expected a finite number/);
    refused(broken(3, { epoch: 0 }), /epoch is 0, expected a whole number from 1/);
    refused(broken(3, { noise: [[1]] }), /the length of noise is 1, expected 30/);
    refused(records.toSpliced(2, 1), /^line 3 of the run file: step is 3, expected 2/);
    refused(
      records.toSpliced(2, 0, null as unknown as RunRecord),
      /^line 3 of the run file is null, expected a record/,
    );
  });

  test("everything else", () => {
    const last = records.length;
    refused(broken(last, { steps: 5 }), /steps is 5, expected 6, the steps in the file/);
    refused(broken(last, { architecture: "|skip~0|" }), /architecture is "\|skip~0\|": the architecture has 1 node/);
    refused(
      broken(last, { kind: "results" }),
      /kind is "results", expected step, evaluation, change, result or checkpoint/,
    );
    refused([...records, records[1]], /kind is "step", expected nothing after the result/);
    refused(broken(last, { benchmark: { cifar10: 3 } }), /cifar10 is 3, expected a group of named values/);
    const change = (settings: unknown) => records.toSpliced(2, 0, { kind: "change", step: 2, settings } as RunRecord);
    expect(checkRun(change({ archRate: 0.1 })).changes).toHaveLength(1);
    refused(change({ channels: 8 }), /a changed setting is "channels", expected one that can act during a run/);
    refused(change({ archRate: -1 }), /archRate is -1, expected a number from/);
    refused(change({ wrong: 1 }), /a changed setting is "wrong", expected the name of one/);
  });

  test("text that is no run file", async () => {
    for (const content of ["", "hello", "{}", "[]", "null", "\n\n", '{"kind":"header"}']) {
      await expect(readRun(bytes(content)), content).rejects.toThrow(/run file/);
    }
    await expect(readRun(bytes(text.slice(0, -30)))).rejects.toThrow(/is not JSON: the file is cut short/);
    await expect(readRun((await gzip(text)).slice(0, 500))).rejects.toThrow(/damaged or cut short/);
  });

  test("500 mutated files: a sentence, or a run that can be shown", async () => {
    const random = new RandomStream(1, "broken files");
    const below = (n: number) => Math.floor(random.uniform() * n);
    const letters = '0123456789{}[]",:.-eEnultrfas \n';
    const lines = text.trim().split("\n");
    const mutations: (() => string)[] = [
      () => {
        const at = below(text.length);
        return text.slice(0, at) + letters[below(letters.length)] + text.slice(at + below(3));
      },
      () => lines.toSpliced(below(lines.length), 1).join("\n"),
      () => lines.toSpliced(below(lines.length), 0, lines[below(lines.length)]).join("\n"),
      () => {
        // A value is taken out of a record, or replaced by another.
        const line = below(lines.length);
        const record = JSON.parse(lines[line]);
        const keys = Object.keys(record);
        record[keys[below(keys.length)]] = [null, -1, 1e300, "x", [], {}, [[null]], undefined][below(8)];
        return lines.with(line, JSON.stringify(record)).join("\n");
      },
    ];
    for (let i = 0; i < 500; i++) {
      try {
        const { frame } = await readRun(bytes(mutations[i % mutations.length]()));
        expect(frame.mean.every(Number.isFinite)).toBe(true);
        expect(frame.count).toBeLessThanOrEqual(6);
      } catch (error) {
        expect((error as Error).name, (error as Error).stack).toBe("InputError");
        expect((error as Error).message.length).toBeGreaterThan(20);
      }
    }
  });
});
