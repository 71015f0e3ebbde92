import type { DeviceId } from "../../worker/protocol";
import { useApp } from "../store";
import { Popover } from "./Popover";

const NAMES: Readonly<Record<DeviceId, string>> = { webgpu: "WebGPU", webgl: "WebGL", wasm: "WebAssembly", cpu: "CPU" };

/** Where the bar is narrow; the colour still says that it is a fallback. */
const SHORT: Readonly<Record<DeviceId, string>> = { ...NAMES, wasm: "Wasm" };

const duration = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const error = (relative: number) => (relative === 0 ? "0" : relative.toExponential(0).replace("e-", "e−"));

/** The device in use, what its self-test found, and why better ones were passed over. */
export function Device() {
  const device = useApp((state) => state.device);
  const failed = useApp((state) => state.phase === "failed" && state.device === null);
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
