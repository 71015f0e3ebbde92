import { InputError, messageOf } from "../core/errors";
import type { OpenDevice, Progress } from "./device";
import type { DeviceChoice, DeviceId, DeviceReport, EngineId, PassedOver, SelfTest } from "./engine";
import { selfTest } from "./selftest";

/** A device with an engine that runs on it. */
interface Candidate {
  readonly device: DeviceId;
  readonly engine: EngineId;
  open(): Promise<OpenDevice>;
}

/** Most wanted first. Each is loaded when its turn comes. */
const CANDIDATES: readonly Candidate[] = [
  { device: "webgpu", engine: "compiled", open: async () => (await import("./webgpu/open")).open() },
  { device: "webgpu", engine: "reference", open: async () => (await import("./reference/webgpu")).open() },
  { device: "wasm", engine: "compiled", open: async () => (await import("./wasm/open")).open() },
  { device: "webgl", engine: "reference", open: async () => (await import("./reference/webgl")).open() },
  { device: "cpu", engine: "reference", open: async () => (await import("./reference/cpu")).open() },
];

/** An open device that has passed its self-test, and how it came to be chosen. */
export interface ReadyDevice extends OpenDevice {
  readonly choice: DeviceChoice;
}

/**
 * Opens the first device that is there and passes its self-test: WebGPU, WebAssembly, WebGL, the CPU.
 * @param options.device takes this one or none
 * @param options.engine takes this engine or none
 * @param options.onProgress hears of kernels compiled for a self-test
 * @throws {InputError} if the device asked for cannot be had, with the reason and those that can
 */
export async function chooseDevice(
  options: { readonly device?: DeviceId; readonly engine?: EngineId; readonly onProgress?: Progress } = {},
): Promise<ReadyDevice> {
  const passedOver: PassedOver[] = [];
  for (const candidate of CANDIDATES) {
    if (options.device !== undefined && options.device !== candidate.device) continue;
    if (options.engine !== undefined && options.engine !== candidate.engine) continue;
    const tried = await attempt(candidate, options.onProgress);
    if (!("reason" in tried)) return { ...tried.open, choice: { ...tried.report, passedOver } };
    if (!known(passedOver, tried)) passedOver.push(tried);
  }
  if (options.device === undefined) {
    throw new Error(`no device can run a search: ${passedOver.map(({ reason }) => reason).join("; ")}`);
  }
  const reason = passedOver[0]?.reason ?? `it has no ${options.engine} engine`;
  const reports = (await listDevices()).filter((entry) => !("reason" in entry));
  const available = reports.map(({ device }) => device).join(", ");
  throw new InputError(`the device ${options.device} is not available: ${reason}; available: ${available || "none"}`);
}

/**
 * Every device in order of preference: with its self-test, or why it cannot be used. Opens and closes each in turn, so no engine may
 * be in use meanwhile.
 */
export async function listDevices(): Promise<(DeviceReport | PassedOver)[]> {
  const entries: (DeviceReport | PassedOver)[] = [];
  for (const candidate of CANDIDATES) {
    const tried = await attempt(candidate);
    if ("open" in tried) tried.open.close();
    if ("open" in tried) entries.push(tried.report);
    else if (!known(entries, tried)) entries.push(tried);
  }
  return entries;
}

/** Has this been said already? Both engines of a device that is not there give the same reason. */
function known(entries: readonly (DeviceReport | PassedOver)[], { device, reason }: PassedOver): boolean {
  return entries.some((entry) => "reason" in entry && entry.device === device && entry.reason === reason);
}

async function attempt(
  { device, engine, open }: Candidate,
  onProgress?: Progress,
): Promise<{ open: OpenDevice; report: DeviceReport } | PassedOver> {
  let opened: OpenDevice | null = null;
  try {
    opened = await open();
    const tested = await selfTest(opened, onProgress);
    const { description } = opened;
    if (tested.passed) return { open: opened, report: { device, engine, description, selfTest: tested } };
    opened.close();
    return { device, reason: `the self-test failed: ${failure(tested)}` };
  } catch (error) {
    opened?.close();
    return { device, reason: messageOf(error) };
  }
}

function failure({ forwardError, gradientError }: SelfTest): string {
  const share = (error: number) => (Number.isFinite(error) ? `${(100 * error).toPrecision(2)} %` : "not a number");
  return `against float64 the loss is off by ${share(forwardError)}, gradients by ${share(gradientError)}`;
}
