import type { DeviceId } from "../../worker/protocol";
import { objectiveOf, useApp } from "../store";
import { Popover } from "./Popover";

/** Devices by the names that people know. */
export const NAMES: Readonly<Record<DeviceId, string>> = {
  webgpu: "WebGPU",
  webgl: "WebGL",
  wasm: "WebAssembly",
  cpu: "CPU",
};

/** Where the bar is narrow; the colour still says that it is a fallback. */
const SHORT: Readonly<Record<DeviceId, string>> = { ...NAMES, wasm: "Wasm" };

const duration = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const error = (relative: number) => (relative === 0 ? "0" : relative.toExponential(0).replace("e-", "e−"));

/** The device in use, what its self-test found, and why better ones were passed over. */
export function Device() {
  const device = useApp((state) => state.device);
  const failed = useApp((state) => state.phase === "failed" && state.device === null);
  const instant = useApp((state) => objectiveOf(state) === "instant");
  if (instant) return <Instant />;
  if (!device) return <span className="device muted small">{failed ? "No device" : "Testing devices…"}</span>;
  const name = NAMES[device.device];
  const wanted = device.passedOver[0];
  const { selfTest } = device;
  return (
    <Popover
      align="end"
      className={`button plain device ${wanted ? "fallback" : ""}`}
      label={`Device: ${name}${wanted ? `, in place of ${NAMES[wanted.device]}` : ""}`}
      button={
        <>
          <span className="dot" aria-hidden="true" />
          {wanted ? (
            <>
              <span className="in-full">
                {name}, not {NAMES[wanted.device]}
              </span>
              <span className="in-short" aria-hidden="true">
                {SHORT[device.device]}
              </span>
            </>
          ) : (
            name
          )}
        </>
      }
    >
      {() => (
        <div className="device-panel">
          <h2>{name}</h2>
          <p>{device.description}</p>
          <p>
            Self-test {selfTest.passed ? "passed" : "failed"} in {duration(selfTest.milliseconds)}: a small network's
            loss is within {error(selfTest.forwardError)}, its gradients within {error(selfTest.gradientError)} of the
            reference.
          </p>
          {device.passedOver.map((other) => (
            <p key={other.device} className="notice warn">
              <strong>{NAMES[other.device]} is not in use.</strong> {other.reason}
            </p>
          ))}
          <p className="muted">Everything runs on this machine; no image and no result leaves it.</p>
        </div>
      )}
    </Popover>
  );
}

/** In the device's place where none is needed: what the search learns from instead. */
function Instant() {
  const device = useApp((state) => state.device);
  return (
    <Popover
      align="end"
      className="button plain device instant"
      label="Instant objective: it sees the benchmark's answers; a supernet does not"
      button={
        <>
          <span className="dot" aria-hidden="true" />
          <span className="in-full">Instant objective</span>
          <span className="in-short" aria-hidden="true">
            Instant
          </span>
        </>
      }
    >
      {() => (
        <div className="device-panel">
          <h2>Instant objective</h2>
          <p>
            It sees the benchmark's answers; a supernet does not. The loss is the expected error of all 15,625 cells,
            each trained in full beforehand, under the mixing weights. No image, no weight and no GPU takes part.
          </p>
          <p>
            It shows how a method moves its posterior, not how well it would find a cell: a real search trains a
            supernet and never sees these figures.
          </p>
          {device && <p className="muted">A supernet would run here on {NAMES[device.device]}.</p>}
        </div>
      )}
    </Popover>
  );
}
