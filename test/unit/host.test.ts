import { afterEach, describe, expect, test } from "vitest";
import { History } from "../../src/app/history";
import { Recording } from "../../src/app/recording";
import type { Settings } from "../../src/core/controls";
import { readLink, toLink } from "../../src/core/link";
import { createMethod } from "../../src/core/methods";
import { withDefaults } from "../../src/core/settings";
import { SPACES } from "../../src/core/spaces";
import type { ReadyDevice } from "../../src/engine/devices";
import type { Engine } from "../../src/engine/engine";
import type { RunRecord } from "../../src/search/records";
import { parseRunFile } from "../../src/search/runfile";
import { LossGuard } from "../../src/worker/guard";
import type { SearchHost } from "../../src/worker/host";
import type { Frame, WorkerMessage } from "../../src/worker/protocol";
import { closePort, hosted } from "../support/host";
import { standIn } from "../support/stand-in";

const SMALL = { images: 1250, image: 8, channels: 1, batch: 4, evaluateImages: 4, evaluateEvery: 1000 } as const;

/** A device whose one weight counts the weight steps, and whose loss is what a script says of it. */
function scripted(lossOf: (weights: number, rate: number) => number) {
  let lost = (_: string) => {};
  const device: ReadyDevice = {
    description: "a script",
    choice: {
      device: "cpu",
      engine: "reference",
      description: "a script",
      selfTest: { passed: true, forwardError: 0, gradientError: 0, milliseconds: 0 },
      passedOver: [],
    },
    createEngine: async (spec): Promise<Engine> => {
      let counter = 0;
      return standIn({
        spec,
        weightStep: async (_mixing, _batch, { rate }) => ({ loss: lossOf(counter++, rate), accuracy: 0 }),
        architectureGradient: async (mixing) => ({
          loss: 1,
          accuracy: 0,
          gradient: Float64Array.from(mixing, (p, i) => Math.sin(i + counter) * p),
        }),
        weightGradient: async () => ({ loss: 1, accuracy: 0, gradient: new Float32Array(0) }),
        evaluate: async () => ({ loss: 1, accuracy: 0 }),
        exportState: async () => Float32Array.of(counter),
        importState: ([value]) => {
          counter = value;
        },
      });
    },
    onLost: (callback) => {
      lost = callback;
    },
    close: () => {},
  };
  return { device, lose: (reason: string) => lost(reason) };
}

afterEach(closePort);

const recordsOf = async (host: SearchHost) => parseRunFile(await host.runFile());
const stepsOf = (records: readonly RunRecord[]) => records.flatMap((r) => (r.kind === "step" ? [r] : []));

/** What a page keeps of the stream. */
function recorded(settings: Settings, messages: readonly WorkerMessage[]): Recording {
  const { mean, scale } = createMethod(settings, SPACES[settings.space]);
  const history = new History();
  const recording = new Recording(settings, Float64Array.from(mean), scale && Float64Array.from(scale));
  history.show(recording);
  for (const message of messages) {
    if (message.kind === "frame") history.append(recording, message);
    if (message.kind === "rewound") history.rewind(recording, message.step);
  }
  return recording;
}

describe("a run that diverges", () => {
  const settings = withDefaults({ ...SMALL, steps: 40 });
  /** No number from its 20th weight step on, unless the rate was halved. */
  const atTwenty = (weights: number, rate: number) => (weights >= 19 && rate > 0.026 ? Number.NaN : 1);

  test("stands still, goes back with half the rate, and its file, its link and the page say so", async () => {
    const { host, messages, seen, phase } = await hosted(async () => scripted(atTwenty).device);
    await host.prepare(settings, [{ step: 3, settings: { archRate: 0.01 } }]);
    await host.run();
    await phase("diverged");
    const offer = await seen("divergence");
    expect(offer).toMatchObject({ back: 0, settings: { weightRate: 0.025 } });
    expect(offer.message).toMatch(/no longer a number at step 20/);
    expect(stepsOf(await recordsOf(host))).toHaveLength(19);
    // Nothing but going back or a reset gets it on.
    await host.run();
    await host.step("both");
    expect(stepsOf(await recordsOf(host))).toHaveLength(19);

    await host.recover();
    await phase("paused");
    await host.run();
    await phase("finished");
    const records = await recordsOf(host);
    expect(stepsOf(records).map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const changes = records.filter(({ kind }) => kind === "change");
    expect(changes).toEqual([{ kind: "change", step: 1, settings: { weightRate: 0.025 }, recovered: true }]);

    // The last frame may come after the word that the run is over.
    await expect.poll(() => recorded(settings, messages).steps).toBe(40);
    const recording = recorded(settings, messages);
    expect(recording.changes).toEqual(changes);
    expect([...recording.mean(40)]).toEqual(stepsOf(records)[39].mean);

    // The link has the recovery as an edit: the run that it describes never diverges and ends alike.
    const linked = readLink(toLink({ settings: recording.settings, edits: recording.changes }));
    expect(linked?.edits).toEqual([{ step: 1, settings: { weightRate: 0.025 } }]);
    const again = await hosted(async () => scripted(atTwenty).device);
    await again.host.prepare(linked?.settings as Settings, linked?.edits);
    await again.host.run();
    await again.phase("finished");
    expect(stepsOf(await recordsOf(again.host))).toEqual(stepsOf(records));
  });

  test("without a divergence there is nothing to go back from", async () => {
    const { host } = await hosted(async () => scripted(() => 1).device);
    await host.prepare(settings);
    await expect(host.recover()).rejects.toThrow(/has not diverged/);
  });
});

describe("a loss that stays finite", () => {
  const feed = (guard: LossGuard, losses: readonly number[]) =>
    losses.forEach((trainLoss, i) => {
      guard.observe({ step: i + 1, trainLoss });
    });
  const level = (loss: number, count: number) => Array<number>(count).fill(loss);

  test("is a divergence once nine tenths of what was learned are lost on the mean of fifty steps, or when it explodes", () => {
    const guard = new LossGuard(10);
    // From 1.5 nats nine tenths of the way to ln 10 = 2.303 are 2.222: with losses of 2.25 in place of 1.5, 49 of 50 steps.
    feed(guard, [...level(2.5, 100), ...level(1.5, 100), ...level(2.25, 48)]);
    expect(() => feed(guard, level(2.25, 1))).toThrow(
      /lost what it had learned by step 1: .* 2.2\d nats, guessing has 2.30/,
    );
    guard.silence();
    feed(guard, level(9, 100));
    expect(() => feed(new LossGuard(10), level(4.7, 49))).not.toThrow();
    expect(() => feed(new LossGuard(10), level(4.7, 50))).toThrow(/exploded by step 50/);
  });

  test("is none while a supernet has hardly learned yet, or keeps a good part of what it learned", () => {
    feed(new LossGuard(10), [...level(2.6, 300), ...level(2, 100), ...level(2.5, 300)]);
    feed(new LossGuard(10), [...level(1.5, 100), ...level(2.1, 1000)]);
  });

  test("lets its run go on where the reader wants it to", async () => {
    const settings = withDefaults({ ...SMALL, steps: 120 });
    const { host, messages, seen, phase } = await hosted(async () => scripted((n) => (n < 55 ? 1 : 2.3)).device);
    await host.prepare(settings);
    await host.run();
    await phase("diverged");
    expect(await seen("divergence")).toMatchObject({ finite: true });
    await host.run();
    await phase("finished");
    expect(stepsOf(await recordsOf(host))).toHaveLength(120);
    expect(messages.filter(({ kind }) => kind === "divergence" || kind === "rewound")).toHaveLength(1);
  });
});

describe("a lost device", () => {
  const settings = withDefaults({ ...SMALL, steps: 30 });

  test("gives way to another one, and the run goes on as if nothing had been", async () => {
    const [first, second] = [scripted(() => 1), scripted(() => 1)];
    const devices = [first.device, second.device];
    const { host, messages, seen, phase } = await hosted(async () => devices.shift() as ReadyDevice);
    await host.setSpeed(50);
    await host.prepare(settings);
    await host.run();
    await seen("frame", 3);
    first.lose("the GPU was lost (pulled)");
    await seen("rewound");
    await host.setSpeed(null);
    await phase("finished");
    const records = await recordsOf(host);
    expect(messages.filter(({ kind }) => kind === "device")).toHaveLength(2);
    expect(records.filter(({ kind }) => kind === "change")).toEqual([
      { kind: "change", step: 1, settings: {}, recovered: true },
    ]);
    const undisturbed = await hosted(async () => scripted(() => 1).device);
    await undisturbed.host.prepare(settings);
    await undisturbed.host.run();
    await undisturbed.phase("finished");
    expect(stepsOf(records)).toEqual(stepsOf(await recordsOf(undisturbed.host)));
    expect(readLink(toLink({ settings, edits: recorded(settings, messages).changes }))?.notes).toEqual([]);
  });

  test("says so where there is no other", async () => {
    const first = scripted(() => 1);
    let asked = 0;
    const { host, seen } = await hosted(async () => {
      if (asked++ > 0) throw new Error("no device can run a search");
      return first.device;
    });
    await host.prepare(settings);
    first.lose("the GPU was lost (pulled)");
    const failure = await seen("failure");
    expect(failure.message).toBe(
      "The GPU was lost (pulled). The run could not go on elsewhere: no device can run a search.",
    );
  });

  test("does not concern an instant run", async () => {
    const first = scripted(() => 1);
    const { host, messages, phase } = await hosted(async () => first.device);
    await host.chooseDevice();
    await host.prepare(withDefaults({ objective: "instant", steps: 50 }));
    first.lose("the GPU was lost (pulled)");
    await host.run();
    await phase("finished");
    expect(messages.filter(({ kind }) => kind === "failure" || kind === "rewound")).toEqual([]);
  });
});

const NO_DEVICE = async (): Promise<ReadyDevice> => {
  throw new Error("no device was to be asked for");
};

describe("an instant run", () => {
  const instant = (chosen: Partial<Settings>) => withDefaults({ objective: "instant", objectiveNoise: 8, ...chosen });

  test("needs no device, and takes as few steps a second as it is told", async () => {
    const { host, phase } = await hosted(NO_DEVICE);
    await host.prepare(instant({ steps: 5000 }));
    await host.setSpeed(20);
    await host.run();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await host.pause();
    const { length } = stepsOf(await recordsOf(host));
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(30);
    await host.setSpeed(null);
    await host.run();
    await phase("finished");
    expect(stepsOf(await recordsOf(host))).toHaveLength(5000);
  });

  test("leaves at most fifteen frames a second, and none of its steps out", async () => {
    const { host, messages, phase } = await hosted(NO_DEVICE);
    const begun = performance.now();
    await host.prepare(instant({ steps: 3000 }));
    await host.run();
    await phase("finished");
    const frames = () => messages.filter((message): message is Frame => message.kind === "frame");
    await expect.poll(() => frames().reduce((sum, { count }) => sum + count, 0)).toBe(3000);
    expect(frames().length).toBeLessThanOrEqual(1 + Math.ceil(((performance.now() - begun) / 1000) * 15));
  });

  test("takes edits at the steps that a link names, tells the page, and repeats them", async () => {
    const edits = [
      { step: 5, settings: { archRate: 0.05 } },
      { step: 9, settings: { objectiveNoise: 0 } },
    ];
    const { host, messages, phase } = await hosted(NO_DEVICE);
    await host.prepare(instant({ steps: 20 }), edits);
    await host.run();
    await phase("finished");
    const changes = (await recordsOf(host)).filter(({ kind }) => kind === "change");
    expect(changes).toEqual(edits.map((edit) => ({ kind: "change", ...edit })));
    expect(messages.flatMap((message) => (message.kind === "turned" ? [message.settings] : []))).toEqual(
      edits.map((edit) => edit.settings),
    );
  });

  test("ends when the cell has settled for as long as the stop rule says, also turned on during the run", async () => {
    const { host, phase } = await hosted(NO_DEVICE);
    await host.prepare(instant({ steps: 5000, archRate: 0.01, patience: 200 }));
    await host.run();
    await phase("finished");
    const records = await recordsOf(host);
    const steps = stepsOf(records);
    const result = records.at(-1);
    expect(steps.length).toBeLessThan(5000);
    expect(result).toMatchObject({ kind: "result", steps: steps.length });
    const { space } = withDefaults({});
    const cells = steps.map(({ mean }) => SPACES[space].format(SPACES[space].discretise(mean)));
    // The last change of cell came before the last 200 steps, and no 200 before the end were alike.
    expect(new Set(cells.slice(-201)).size).toBe(1);
    for (let end = 201; end < cells.length; end++) expect(new Set(cells.slice(end - 201, end)).size).toBeGreaterThan(1);
    expect(records.at(-2)).toMatchObject({ kind: "evaluation", step: steps.length });

    const late = await hosted(NO_DEVICE);
    await late.host.prepare(instant({ steps: 100_000, archRate: 0.01 }));
    await late.host.run();
    await late.seen("frame", 2);
    await late.host.change({ patience: 50 });
    await late.phase("finished");
    expect((await recordsOf(late.host)).at(-1)).toMatchObject({ kind: "result" });
  });

  test("ends when its time is up", async () => {
    const { host, phase } = await hosted(NO_DEVICE);
    await host.prepare(instant({ steps: 100_000, minutes: 0.002 }));
    await host.run();
    await phase("finished");
    const records = await recordsOf(host);
    expect(stepsOf(records).length).toBeLessThan(100_000);
    expect(records.at(-1)).toMatchObject({ kind: "result", steps: stepsOf(records).length });
  });
});
