import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBenchmark } from "../../src/cli/files";
import { train } from "../../src/cli/train";
import { CONTROL_KEYS, CONTROLS } from "../../src/core/controls";
import { InputError } from "../../src/core/errors";
import { withDefaults } from "../../src/core/settings";
import { openSearch } from "../../src/search/open";
import type { CheckpointRecord, HeaderRecord, ResultRecord, RunRecord, StepRecord } from "../../src/search/records";
import { parseRunFile, toLine } from "../../src/search/runfile";
import { idxFolder } from "./synthetic-data";

const ALL_3X3 = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
const TINY = "--channels 2 --cells 1 --image 8 --batch 4 --device cpu --set evaluateImages=4 --set images=1250".split(
  " ",
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nas-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "src/cli/nas.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function ended(child: ChildProcess, onError: (text: string) => void = () => {}): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
    onError(stderr);
  });
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

const nas = (...args: string[]) => ended(start(args));

/** What is said of a bad command: one line. */
async function refused(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await nas(...args);
  expect({ status, stdout }, stderr).toEqual({ status: 2, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  return stderr;
}

const recordsOf = (path: string) => parseRunFile(readFileSync(path, "utf8"));

/** All of a file that two equal runs share. */
const withoutSeconds = (path: string) => readFileSync(path, "utf8").replace(/"seconds":[^,}]+/g, "");

/** Vadam as published (Khan et al. 2018, with the prior's pull), one parameter at a time. */
function vadam(header: HeaderRecord, steps: readonly StepRecord[]) {
  const { archRate, archBeta1, archBeta2, priorPrecision, initialPrecision, posteriorN } = header.settings;
  return header.mean.map((start, i) => {
    let [mu, m, s] = [start, 0, (initialPrecision - priorPrecision) / posteriorN];
    return steps.map(({ gradient }, t) => {
      const g = gradient?.[0][i] as number;
      m = archBeta1 * m + (1 - archBeta1) * (g + (priorPrecision / posteriorN) * mu);
      s = archBeta2 * s + (1 - archBeta2) * g ** 2;
      const mHat = m / (1 - archBeta1 ** (t + 1));
      const sHat = s / (1 - archBeta2 ** (t + 1));
      mu -= (archRate * mHat) / (Math.sqrt(sHat) + priorPrecision / posteriorN);
      return { mu, sigma: 1 / Math.sqrt(posteriorN * s + priorPrecision) };
    });
  });
}

describe("nas search", { timeout: 60_000 }, () => {
  it("writes a file from which every update can be recomputed, the same from the same seed", async () => {
    const out = (name: string) => join(folder, name);
    const command = ["search", "--steps", "4", ...TINY];
    const first = await nas(...command, "--seed", "1", "--out", out("a.jsonl"));
    expect(first.status, first.stderr).toBe(0);
    const [header, ...records] = recordsOf(out("a.jsonl"));
    const steps = records.filter((record): record is StepRecord => record.kind === "step");
    expect(records.map(({ kind }) => kind)).toEqual(["step", "step", "step", "step", "evaluation", "result"]);
    for (const [i, updates] of vadam(header, steps).entries()) {
      for (const [t, { mu, sigma }] of updates.entries()) {
        expect(Math.abs(mu - steps[t].mean[i])).toBeLessThan(1e-12);
        expect(Math.abs(sigma - (steps[t].scale?.[i] as number))).toBeLessThan(1e-12);
      }
    }
    const { kind: _, ...result } = records[records.length - 1] as ResultRecord;
    const { space, method, data, seed, device, engine, settings } = header;
    expect(JSON.parse(first.stdout)).toEqual({ space, method, data, seed, device, engine, settings, ...result });

    const several = await nas(...command, "--seeds", "1..2", "--out", out("b.jsonl"));
    expect(several.stdout.trim().split("\n")).toHaveLength(2);
    expect(withoutSeconds(out("b.1.jsonl"))).toBe(withoutSeconds(out("a.jsonl")));
    expect(withoutSeconds(out("b.2.jsonl"))).not.toBe(withoutSeconds(out("a.jsonl")));

    await nas(...command, "--seed", "1", "--method", "darts", "--out", out("d.jsonl"));
    const [darts] = recordsOf(out("d.jsonl"));
    expect(darts.mean).toEqual(header.mean);
    expect(darts.scale).toBeNull();
  });

  it("searches on the benchmark's answers without images or a device, to the same kind of file", async () => {
    const path = join(folder, "instant.jsonl");
    const command = "search --steps 30 --set objective=instant --set objectiveNoise=3 --set channels=2".split(" ");
    const { status, stdout, stderr } = await nas(...command, "--device", "webgpu", "--out", path);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("channels has no effect on the instant objective");
    expect(stderr).toContain("--device has no effect on the instant objective");
    expect(JSON.parse(stdout)).toMatchObject({ data: "cifar10", device: "cpu", engine: "reference", steps: 30 });
    const [header, ...records] = recordsOf(path);
    expect(header.settings).toMatchObject({ objective: "instant", objectiveNoise: 3 });
    const steps = records.filter((record): record is StepRecord => record.kind === "step");
    for (const [i, updates] of vadam(header, steps).entries()) {
      for (const [t, { mu }] of updates.entries()) expect(Math.abs(mu - steps[t].mean[i])).toBeLessThan(1e-12);
    }
  });

  it("goes on after Ctrl-C as if it had never stopped", async () => {
    const command = ["search", "--steps", "12", ...TINY, "--set", "evaluateEvery=5", "--out"];
    const whole = join(folder, "whole.jsonl");
    const stopped = join(folder, "stopped.jsonl");
    await nas(...command, whole);
    const child = start([...command, stopped]);
    const { status, stderr } = await ended(child, (text) => {
      if (text.includes("step 1/")) child.kill("SIGINT");
    });
    expect(status).toBe(1);
    expect(stderr).toContain(`nas search --resume ${stopped}`);
    const last = recordsOf(stopped).at(-1) as RunRecord;
    expect(last.kind).toBe("checkpoint");
    expect((last as CheckpointRecord).step).toBeLessThan(12);
    const resumed = await nas("search", "--resume", stopped);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(withoutSeconds(stopped)).toBe(withoutSeconds(whole));
    const again = await nas("search", "--resume", stopped);
    expect(again).toMatchObject({ status: 2, stdout: "" });
    expect(again.stderr).toContain("it has finished");
  });

  it("lists every control in its help", async () => {
    const { stdout } = await nas("search", "--help");
    for (const key of CONTROL_KEYS) expect(stdout).toMatch(new RegExp(`^ +(--)?${key} `, "m"));
    expect(stdout).toContain("from 1 to 64; default 4");
    for (const { value, note } of CONTROLS.method.options) expect(stdout).toContain(`  ${value}: ${note}`);
  });
});

describe("nas select", { timeout: 60_000 }, () => {
  it("ranks draws of a run; Ctrl-C leaves scores with which the same command goes on", async () => {
    const run = join(folder, "selected.jsonl");
    const settings = withDefaults({ objective: "instant", seed: 3 });
    const { search } = await openSearch(settings, { benchmark: await openBenchmark("nasbench201") });
    writeFileSync(run, toLine(search.header));
    const kept = join(folder, "scores.jsonl");
    // Ten fresh sets of weights a candidate, so that the last is not scored before Ctrl-C arrives.
    const options =
      "--samples 20 --rank synflow --temperature 1 --repeats 10 --channels 2 --image 8 --device wasm --resume".split(
        " ",
      );
    const command = ["select", "--run", run, ...options, kept];
    const child = start(command);
    const stopped = await ended(child, (text) => {
      if (text.includes("20 of ")) child.kill("SIGINT");
    });
    expect({ status: stopped.status, stdout: stopped.stdout }, stopped.stderr).toEqual({ status: 1, stdout: "" });
    expect(stopped.stderr).toContain("the same command goes on");
    const [, ...before] = readFileSync(kept, "utf8").trim().split("\n");
    // What is kept are scores, whatever follows them.
    const { status, stdout, stderr } = await nas(...command, "--train", "3");
    expect(status, stderr).toBe(0);
    expect(
      readFileSync(kept, "utf8")
        .trim()
        .split("\n")
        .slice(1, 1 + before.length),
    ).toEqual(before);

    const lines = stdout.trim().split("\n");
    const rows = lines.slice(0, -1).map((line) => JSON.parse(line));
    const selection = JSON.parse(lines[lines.length - 1]);
    const [candidates, trained] = ["candidate", "trained"].map((kind) => rows.filter((row) => row.kind === kind));
    expect(trained.map(({ place, steps }) => [place, steps])).toEqual([
      [1, 200],
      [2, 200],
      [3, 100],
    ]);
    expect(new Set(trained.map(({ rank }) => rank))).toEqual(new Set([1, 2, 3]));
    expect(trained[0].architecture).toBe(candidates[trained[0].rank - 1].architecture);
    expect(trained[0].loss).toBeLessThan(Math.log(10));
    const { kind, ...pick } = trained[0];
    expect(selection.byTraining).toMatchObject({ winner: pick, control: { place: 1, steps: 200 } });
    expect(candidates.map(({ rank }) => rank)).toEqual(candidates.map((_, i) => i + 1));
    expect(Object.keys(candidates[0].scores)).toEqual(["synflow"]);
    const { architecture, benchmark } = candidates[0];
    const named = {
      kind: "selection",
      method: "balenas",
      rankBy: ["synflow"],
      seed: 3,
      channels: 2,
      cells: 1,
      image: 8,
    };
    expect(selection).toMatchObject({ ...named, architecture, benchmark });
    expect(selection.oracle.cifar10.test).toBeGreaterThanOrEqual(benchmark.cifar10.test);
    expect(selection.curve.at(-1)).toMatchObject({ samples: 20, architecture });
    expect(selection.control.benchmark.cifar10.test).toBeGreaterThan(10);

    const other = await nas(...command, "--seed", "4");
    expect(other).toMatchObject({ status: 2, stdout: "" });
    expect(other.stderr).toContain("is of another selection");
    // It learnt from the table.
    expect(await refused("select", "--run", run, "--rank", "one_shot", "--device", "wasm")).toContain(
      "asks the supernet that the run trained",
    );
  });
});

describe("nas inspect", { timeout: 20_000 }, () => {
  it("looks an architecture up", async () => {
    const found = JSON.parse((await nas("inspect", "--arch", ALL_3X3)).stdout);
    // Parameters and FLOPs as NAS-Bench-201's own table has them.
    expect(found).toMatchObject({ space: "nasbench201", architecture: ALL_3X3, parameters: 1531546 });
    expect(found.rank.cifar10).toBeGreaterThan(0);
    expect(found.benchmark.cifar10.test).toBeGreaterThan(90);
  });

  it("looks an architecture of the DARTS space up, by its genotype or its name", async () => {
    const named = JSON.parse((await nas("inspect", "--space", "darts", "--arch", "DARTS_V2")).stdout);
    // The paper's 3.3 M parameters, as its code prints them.
    expect(named).toMatchObject({ space: "darts", parameters: 3349342, benchmark: null, rank: null });
    const small = ["--channels", "16", "--cells", "2"];
    const written = JSON.parse(
      (await nas("inspect", "--space", "darts", "--arch", named.architecture, ...small)).stdout,
    );
    expect(written.notations).toEqual({ darts: named.architecture });
    expect(written.parameters).toBeLessThan(named.parameters / 4);
  });

  it("looks a cell of NAS-Bench-1Shot1 up: what NAS-Bench-101 is asked with, its figure or an estimate, and the optimum", async () => {
    const look = async (arch: string) =>
      JSON.parse((await nas("inspect", "--space", "1shot1-s1", "--arch", arch)).stdout);
    const start = "maxpool3x3(0)|conv3x3-bn-relu(0,1)|maxpool3x3(0,2)|";
    const found = await look(`${start}conv3x3-bn-relu(1,3)|output(0,4)`);
    expect(found).toMatchObject({ benchmark: null, rank: null, optimum: { validError: 4.9279, testError: 5.4487 } });
    const { matrix, operations, validAccuracy, exact, estimate } = found.nasbench101;
    expect([matrix[0], exact, estimate]).toEqual([[0, 1, 1, 1, 0, 0, 1], true, undefined]);
    expect(operations.join(" ")).toBe(
      "input maxpool3x3 conv3x3-bn-relu maxpool3x3 conv3x3-bn-relu conv1x1-bn-relu output",
    );
    // A whole number of 9984 images.
    expect((validAccuracy * 9984) / 100).toBeCloseTo(9433, 6);
    const guessed = await look(`${start}conv1x1-bn-relu(1,3)|output(0,4)`);
    expect(guessed.nasbench101).toMatchObject({
      exact: false,
      estimate: { spearman: 0.976, meanAbsoluteError: 0.4612 },
    });
  });

  it("counts the supernet", async () => {
    const supernet = JSON.parse((await nas("inspect", "--supernet")).stdout);
    expect(supernet).toMatchObject({ architecture: null, benchmark: null, rank: null });
    // The all-3x3 network, with a 1x1 convolution beside each 3x3 and without the cells' affine norms.
    const cells = (kernel: number) => 5 * 6 * kernel * (16 ** 2 + 32 ** 2 + 64 ** 2);
    const norms = 5 * 6 * 2 * (16 + 32 + 64);
    expect(supernet.parameters).toBe(1531546 - norms + cells(1));
  });
});

describe("nas train", { timeout: 40_000 }, () => {
  it("prints a line an epoch, then what the architecture is worth", async () => {
    const data = mkdtempSync(join(folder, "idx-"));
    for (const [path, bytes] of idxFolder({})) writeFileSync(join(data, path.replace("folder/", "")), bytes);
    const sizes = "--channels 2 --image 8 --batch 4 --epochs 2 --device wasm".split(" ");
    const { status, stdout, stderr } = await nas("train", "--arch", ALL_3X3, "--data", data, ...sizes);
    expect(status, stderr).toBe(0);
    const [first, second, result] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    const { testLoss, testAccuracy } = second;
    expect(result).toMatchObject({ architecture: ALL_3X3, data, testImages: 20, testLoss, testAccuracy, seed: 1 });
    expect(result.settings).toEqual({ channels: 2, cells: 1, image: 8, batch: 4, epochs: 2, images: null, rate: 0.1 });
    expect(result.interval[0]).toBeLessThan(result.interval[1]);
    expect(result.confusion.flat().reduce((sum: number, n: number) => sum + n, 0)).toBe(20);
  });

  it("refuses what it cannot train, or how", async () => {
    expect(await refused("train", "--arch", ALL_3X3, "--epochs", "0")).toMatch(
      /--epochs is "0", expected a whole number from 1 to 1000; the nearest valid value is 1/,
    );
    await expect(train(["--epochs", "2"])).rejects.toThrow(/expected --arch STRING/);
    await expect(train(["--arch", "nor_conv_3x3"])).rejects.toThrow(InputError);
    await expect(train(["--arch", ALL_3X3, "--steps", "2"])).rejects.toThrow(/unknown option --steps/);
    await expect(train(["--arch", ALL_3X3, "--rate", "2"])).rejects.toThrow(
      /--rate is "2", expected a number from 0.00001 to 1; the nearest valid value is 1/,
    );
  });
});

describe("bad input", { timeout: 40_000 }, () => {
  it("is refused in one line that says what to do", async () => {
    expect(await refused("search", "--chanels", "4")).toMatch(/unknown option --chanels.*nearest is --channels/);
    expect(await refused("search", "--channels", "99")).toMatch(
      /--channels is "99", expected a whole number from 1 to 64; the nearest valid value is 64/,
    );
    expect(await refused("search", "--set", "archrate=1")).toMatch(/the nearest is archRate/);
    expect(await refused("search", "--device", "cpu", "--engine", "compiled")).toContain("it has no compiled engine");
    expect(await refused("search", "--engine", "compild")).toMatch(/nearest.* compiled/);
    expect(await refused("inspect", "--arch", ALL_3X3.replace("nor_conv_3x3~2", "nor_conv_5x5~2"))).toMatch(
      /unknown operation "nor_conv_5x5".*nearest is nor_conv_1x1/,
    );
    expect(await refused("inspect", "--space", "darts", "--arch", "DARTS_V3")).toMatch(
      /--arch is "DARTS_V3", expected Genotype.*; the nearest valid value is DARTS_V1/,
    );
    expect(await refused("search", "--space", "darts", "--set", "objective=instant")).toMatch(
      /objective instant needs a table of every cell's accuracy, DARTS has none; the nearest valid value is supernet/,
    );
    expect(await refused("serch")).toContain("the nearest is search");
  });

  it("names a file of data that is missing or cut short", async () => {
    const missing = join(folder, "nowhere");
    expect(await refused("search", "--data", missing)).toContain(`${missing}/train-images-idx3-ubyte`);
    for (const [path, bytes] of idxFolder({})) {
      const name = path.replace("folder/", "");
      writeFileSync(join(folder, name), name.startsWith("t10k-images") ? bytes.subarray(0, 100) : bytes);
    }
    expect(await refused("search", "--data", folder)).toMatch(
      /t10k-images-idx3-ubyte is cut short: expected 336 bytes/,
    );
  });
});

describe("nas bench", () => {
  it("prints a line an engine, with the work of a step", async () => {
    const { status, stdout } = await nas(
      ..."bench --device wasm --channels 2 --image 8 --batch 4 --steps 2".split(" "),
    );
    expect(status).toBe(0);
    const [compiled, reference] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([compiled.engine, compiled.device]).toEqual(["compiled", "wasm"]);
    // TensorFlow.js cannot train on its WebAssembly.
    expect([reference.engine, reference.device]).toEqual(["reference", "cpu"]);
    for (const line of [compiled, reference]) {
      expect(line).toMatchObject({ space: "nasbench201", channels: 2, cells: 1, image: 8, batch: 4, dispatches: null });
      expect(line.gflops).toBeCloseTo((1000 * line.gflopPerStep) / line.msPerStep, 6);
    }
    expect(compiled.gflopPerStep).toBe(reference.gflopPerStep);
    expect(compiled.jsMsPerStep).toBeLessThan(compiled.msPerStep);
    expect(compiled.peakGflops).toBeGreaterThan(0);
    expect(compiled.arenaBytes).toBeGreaterThan(4 * compiled.parameters);
  });

  it("refuses what it cannot time", async () => {
    const { status, stderr } = await nas("bench", "--device", "wasm", "--engines", "compield");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /--engines is "compield", expected compiled or reference; the nearest valid value is compiled/,
    );
  });
});
