import { existsSync } from "node:fs";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of the browser that the tests drive: the system's own, or the one that CHROMIUM names. */
export const CHROMIUM = process.env.CHROMIUM ?? CANDIDATES.find(existsSync) ?? CANDIDATES[0];

/** Flags for a quiet headless browser without a GPU; it has no WebGPU adapter. */
export const PLAIN_FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The same with WebGPU on SwiftShader, a software adapter. */
export const WEBGPU_FLAGS = [
  ...PLAIN_FLAGS,
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-unsafe-swiftshader",
];
